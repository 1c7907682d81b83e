// wallet: reservations, lease ends and requests of one shard.
#include "ledger/wallet.h"

#include <algorithm>

namespace bandstand::ledger {
namespace {

using base::Duration;
using base::MonoTime;
using base::Nanos;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::size_t kWheelSeconds = 4096;  // a reservation is remembered for no longer
constexpr std::int64_t kModestPart = 16;  // of the largest bid: less than that is not worth a lease
constexpr Duration kRateWindow = std::chrono::milliseconds(500);
constexpr Duration kRateWindowStarved = std::chrono::milliseconds(15);

Nanos over_time(Nanos amount, Duration from, Duration to) {
  return {static_cast<std::int64_t>(static_cast<__int128>(amount.value) * to.count() / from.count())};
}

}  // namespace

Wallet::Wallet(const WalletOptions& options)
    : options_(options),
      entries_(options.reservations_max),
      entry_of_(options.reservations_max),
      wheel_(kWheelSeconds, kNone) {
  BANDSTAND_CHECK(options.drift_ppm < 250'000 && options.reservations_max > 0);
  for (std::uint32_t i = options.reservations_max; i > 0; --i) {
    entries_[i - 1].next = entry_free_;
    entry_free_ = i - 1;
  }
  next_request_ = std::uint64_t{options.incarnation} << 32;
}

std::uint32_t Wallet::enroll(base::CampaignId campaign, Nanos bid_max, BudgetDay today) {
  BANDSTAND_CHECK(bid_max.value > 0 && !today.is_none());
  std::uint32_t& index = slot_of_[campaign];
  if (index == 0) {
    slots_.emplace_back();
    index = static_cast<std::uint32_t>(slots_.size());
    slots_.back().campaign = campaign;
  }
  Slot& slot = slots_[index - 1];
  slot.enrolled = true;
  slot.bid_max = bid_max;
  if (slot.today == today) return index - 1;
  slot.today = today;
  slot.interest = true;
  for (const std::uint32_t held : slot.leases) {
    if (held != kNone && held_[held].day != today) end_lease(held);
  }
  return index - 1;
}

void Wallet::withdraw(base::CampaignId campaign) {
  const std::uint32_t* index = slot_of_.find(campaign);
  if (index == nullptr) return;
  Slot& slot = slots_[*index - 1];
  slot.enrolled = false;
  slot.request = 0;
  for (const std::uint32_t held : slot.leases) {
    if (held != kNone) end_lease(held);
  }
}

Nanos Wallet::available(base::CampaignId campaign) {
  const std::uint32_t* index = slot_of_.find(campaign);
  if (index == nullptr) return {};
  return available_at(*index - 1);
}

Nanos Wallet::available_at(std::uint32_t place) {
  Slot& slot = slots_[place];
  slot.interest = true;
  return slot.free;
}

WalletView Wallet::view(base::CampaignId campaign) const {
  WalletView view;
  const std::uint32_t* index = slot_of_.find(campaign);
  if (index == nullptr) return view;
  view.free = slots_[*index - 1].free;
  view.spent = slots_[*index - 1].spent;
  for (const Held& held : held_) {
    if (held.id.is_none() || held.slot != *index - 1) continue;
    view.reserved += held.reserved;
    if (!held.live) continue;
    ++view.leases;
    view.ends = std::max(view.ends, held.ends);
  }
  return view;
}

base::Result<Reservation> Wallet::reserve(base::CampaignId campaign, base::BidId bid, Nanos price_max,
                                          MonoTime now, MonoTime expires) {
  BANDSTAND_CHECK(price_max.value >= 0);
  if (wheel_at_s_ < 0) wheel_at_s_ = now.ns / kSecond;
  const std::uint32_t* index = slot_of_.find(campaign);
  if (index == nullptr) return base::fail(base::Code::not_found, "campaign without a wallet");
  Slot& slot = slots_[*index - 1];
  slot.interest = true;
  for (const std::uint32_t at : slot.leases) {
    if (at == kNone) continue;
    Held& held = held_[at];
    const bool over = now >= held.ends && options_.planted_bug != PlantedBug::lease_used_after_end;
    if (over || held.free < price_max) continue;
    if (!track(bid, price_max, at, expires))
      return base::fail(base::Code::conflict, "bid with a reservation already");
    held.free -= price_max;
    slot.free -= price_max;
    slot.reserved_since += price_max;
    return Reservation{held.id, held.day};
  }
  return base::fail(base::Code::exhausted, "no live lease holds enough");
}

// --- what comes back ---

Wallet::Entry* Wallet::find_entry(base::BidId bid) {
  const std::uint32_t* index = entry_of_.find(bid);
  return index == nullptr ? nullptr : &entries_[*index - 1];
}

bool Wallet::track(base::BidId bid, Nanos amount, std::uint32_t held, MonoTime expires) {
  std::uint32_t& index = entry_of_[bid];
  if (index != 0) return false;
  if (entry_free_ == kNone) {
    entry_of_.erase(bid);
    ++untracked_;
    return true;
  }
  index = entry_free_ + 1;
  Entry& entry = entries_[entry_free_];
  entry_free_ = entry.next;
  const std::int64_t second = std::clamp(expires.ns / kSecond + 1, wheel_at_s_ + 1,
                                         wheel_at_s_ + static_cast<std::int64_t>(kWheelSeconds) - 1);
  entry = {bid,
           amount,
           held,
           false,
           kNone,
           kNone,
           static_cast<std::uint32_t>(second % static_cast<std::int64_t>(kWheelSeconds))};
  entry.next = wheel_[entry.bucket];
  if (entry.next != kNone) entries_[entry.next].previous = index - 1;
  wheel_[entry.bucket] = index - 1;
  held_[held].reserved += amount;
  return true;
}

void Wallet::untrack(base::BidId bid) {
  const std::uint32_t at = *entry_of_.find(bid) - 1;
  Entry& entry = entries_[at];
  (entry.previous == kNone ? wheel_[entry.bucket] : entries_[entry.previous].next) = entry.next;
  if (entry.next != kNone) entries_[entry.next].previous = entry.previous;
  held_[entry.held].reserved -= entry.amount;
  drop_if_done(entry.held);
  entry.next = entry_free_;
  entry_free_ = at;
  entry_of_.erase(bid);
}

void Wallet::give(std::uint32_t index, Nanos amount) {
  if (amount.is_zero()) return;
  Held& held = held_[index];
  held.free += amount;
  if (held.live) {
    Slot& slot = slots_[held.slot];
    slot.free += amount;
    slot.reserved_since -= amount;
  } else {
    to_return_.push_back(held.id);
  }
}

bool Wallet::release(base::BidId bid) {
  const Entry* entry = find_entry(bid);
  if (entry == nullptr || entry->won)
    return false;  // a loss after a win is a conflict that only the ledger can settle
  give(entry->held, entry->amount);
  untrack(bid);
  return true;
}

void Wallet::won(base::BidId bid) {
  if (Entry* entry = find_entry(bid)) entry->won = true;
}

void Wallet::settle(base::BidId bid, Nanos price) {
  const Entry* entry = find_entry(bid);
  if (entry == nullptr) return;
  const Nanos paid = std::clamp(price, Nanos{}, entry->amount);
  slots_[held_[entry->held].slot].spent += paid;
  give(entry->held, entry->amount - paid);
  untrack(bid);
}

// --- time ---

void Wallet::expire(MonoTime now) {
  const std::int64_t second = now.ns / kSecond;
  if (wheel_at_s_ < 0) wheel_at_s_ = second;
  // After a long sleep every bucket is due once.
  wheel_at_s_ = std::max(wheel_at_s_, second - static_cast<std::int64_t>(kWheelSeconds));
  while (wheel_at_s_ < second) {
    ++wheel_at_s_;
    std::uint32_t& head =
        wheel_[static_cast<std::size_t>(wheel_at_s_ % static_cast<std::int64_t>(kWheelSeconds))];
    while (head != kNone) {
      const Entry entry = entries_[head];
      if (options_.reuse_after_expiry && !entry.won) give(entry.held, entry.amount);
      untrack(entry.bid);
    }
  }
}

/// Every half second; at once when money was used up in the meantime. Then what was seen is what there was to spend, not
/// what was wanted, so the next lease is at least twice the last: a burst has its money after a few round trips.
void Wallet::measure(Slot& slot, MonoTime now) {
  const Duration elapsed = now - slot.rate_from;
  const bool starved = slot.free < slot.bid_max && slot.reserved_since.value > 0;
  if (elapsed < (starved ? kRateWindowStarved : kRateWindow)) return;
  const Nanos observed = over_time(std::max(slot.reserved_since, Nanos{}), elapsed, std::chrono::seconds(1));
  const Nanos faded{(slot.rate_per_s.value / 4 * 3) + observed.value / 4};
  if (starved) {
    const Nanos twice = over_time(lease_size(slot) * 2, options_.covers, std::chrono::seconds(1));
    slot.rate_per_s = std::max(observed, std::min(twice, observed * 8));
  } else {
    slot.rate_per_s = std::max(observed, faded);
  }
  slot.reserved_since = {};
  slot.rate_from = now;
}

void Wallet::tick(MonoTime now) {
  expire(now);
  for (Slot& slot : slots_) {
    measure(slot, now);
    for (const std::uint32_t held : slot.leases) {
      if (held != kNone && now >= held_[held].ends &&
          options_.planted_bug != PlantedBug::lease_used_after_end)
        end_lease(held);
    }
  }
}

void Wallet::end_lease(std::uint32_t index) {
  Held& held = held_[index];
  Slot& slot = slots_[held.slot];
  held.live = false;
  slot.free -= held.free;
  std::replace(slot.leases.begin(), slot.leases.end(), index, kNone);
  if (held.free.value > 0) to_return_.push_back(held.id);
  drop_if_done(index);
}

void Wallet::drop_if_done(std::uint32_t index) {
  Held& held = held_[index];
  if (held.live || !held.free.is_zero() || !held.reserved.is_zero()) return;
  held_index_.erase(held.id);
  held = {};
  held_free_.push_back(index);
}

// --- talking to the ledger ---

Nanos Wallet::lease_size(const Slot& slot) const {
  const Nanos by_rate = over_time(slot.rate_per_s, std::chrono::seconds(1), options_.covers);
  return std::max(by_rate, slot.bid_max * options_.bids_min);
}

bool Wallet::should_ask(const Slot& slot, MonoTime now) const {
  if (!slot.enrolled || !slot.interest || now < slot.ask_after) return false;
  if (slot.request != 0 && now < slot.asked + options_.request_timeout) return false;
  MonoTime ends;
  for (const std::uint32_t held : slot.leases) {
    if (held != kNone && held_[held].free >= slot.bid_max) ends = std::max(ends, held_[held].ends);
  }
  return ends < now + options_.renew_ahead || slot.free.value < lease_size(slot).value / 2;
}

void Wallet::wants(MonoTime now, std::vector<Command>& out) {
  for (Slot& slot : slots_) {
    if (!should_ask(slot, now)) continue;
    slot.request = ++next_request_;
    slot.asked = now;
    slot.interest = false;
    Command command;
    command.kind = CommandKind::grant_lease;
    command.node = options_.node;
    command.campaign = slot.campaign;
    command.day = slot.today;
    command.amount = lease_size(slot);
    command.price_max = slot.modest ? std::max(Nanos{1}, Nanos{slot.bid_max.value / kModestPart}) : slot.bid_max;
    command.request = slot.request;
    out.push_back(command);
  }
}

void Wallet::returns(std::vector<Command>& out) {
  for (const base::LeaseId id : to_return_) {
    const std::uint32_t* index = held_index_.find(id);
    if (index == nullptr) continue;
    const std::uint32_t at = *index - 1;
    Held& held = held_[at];
    if (held.live || held.free.is_zero()) continue;
    held.returned += held.free;
    held.free = {};
    Command command;
    command.kind = CommandKind::return_lease;
    command.node = options_.node;
    command.campaign = slots_[held.slot].campaign;
    command.day = held.day;
    command.lease = id;
    command.amount = held.returned;
    out.push_back(command);
    drop_if_done(at);
  }
  to_return_.clear();
}

bool Wallet::accept(const Answer& answer, MonoTime now) {
  const std::uint32_t* index = slot_of_.find(answer.campaign);
  if (index == nullptr) return false;
  Slot& slot = slots_[*index - 1];
  const bool awaited = slot.request != 0 && answer.request == slot.request;
  if (!awaited && options_.planted_bug != PlantedBug::grant_twice) return false;
  if (answer.outcome != Outcome::granted) {
    slot.request = 0;
    slot.ask_after = now + options_.retry_after_refusal;
    slot.interest = true;
    slot.modest = answer.outcome == Outcome::no_funds;
    return false;
  }
  return take_grant(slot, *index - 1, answer, now);
}

bool Wallet::take_grant(Slot& slot, std::uint32_t slot_index, const Answer& answer, MonoTime now) {
  const auto margin = 2 * static_cast<std::int64_t>(options_.drift_ppm);
  const MonoTime ends = slot.asked + Duration{answer.duration.count() / 1'000'000 * (1'000'000 - margin)};
  slot.request = 0;
  if (now >= ends || answer.day != slot.today) return false;
  std::uint32_t& known = held_index_[answer.lease];
  if (known != 0) {
    if (options_.planted_bug != PlantedBug::grant_twice || !held_[known - 1].live) return false;
    held_[known - 1].free += answer.amount;
    slot.free += answer.amount;
    return true;
  }
  auto place = std::find(slot.leases.begin(), slot.leases.end(), kNone);
  if (place == slot.leases.end()) {
    place = std::min_element(slot.leases.begin(), slot.leases.end(),
                             [&](std::uint32_t a, std::uint32_t b) { return held_[a].free < held_[b].free; });
    const auto at = place;
    end_lease(*at);
  }
  if (held_free_.empty()) {
    held_free_.push_back(static_cast<std::uint32_t>(held_.size()));
    held_.emplace_back();
  }
  const std::uint32_t at = held_free_.back();
  held_free_.pop_back();
  held_[at] = Held{answer.lease, slot_index, answer.day, answer.amount, {}, {}, ends, true};
  held_index_[answer.lease] = at + 1;
  *place = at;
  slot.free += answer.amount;
  // The last money comes in ever smaller leases: no hurry for the next.
  if (slot.modest) slot.ask_after = now + options_.retry_after_refusal;
  slot.modest = slot.modest && answer.amount < slot.bid_max;
  return true;
}

}  // namespace bandstand::ledger
