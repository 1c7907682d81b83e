// ledger: decides what each command may do; the doing is in ledger_apply.cc.
#include "ledger/ledger.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/hash.h"
#include "base/rng.h"

namespace bandstand::ledger {
namespace {

using base::Nanos;

constexpr int kLeaseCounterBits = 40;

/// What an idempotency key stands for.
std::uint64_t digest_of(const Command& command) {
  const std::array<std::uint64_t, 6> parts = {static_cast<std::uint64_t>(command.kind),
                                              command.campaign.value,
                                              static_cast<std::uint64_t>(command.amount.value),
                                              static_cast<std::uint64_t>(command.price_max.value),
                                              command.bid.hi,
                                              command.bid.lo};
  return base::hash64({reinterpret_cast<const char*>(parts.data()), sizeof parts});
}

bool later(const auto& a, const auto& b) {
  return a.mono_ns != b.mono_ns ? a.mono_ns > b.mono_ns : a.lease > b.lease;
}

}  // namespace

const char* name_of(Outcome outcome) noexcept {
  static constexpr const char* kNames[] = {
      "done",   "granted",  "won",       "settled",          "lost",          "refunded", "duplicate",
      "order",  "ignored",  "conflict",  "unknown_campaign", "unknown_lease", "expired",  "no_funds",
      "paused", "late_cap", "not_found", "rejected",         "key_conflict",  "invalid"};
  return kNames[static_cast<std::size_t>(outcome)];
}

const char* name_of(CommandKind kind) noexcept {
  static constexpr const char* kNames[] = {"fund", "set_budget",  "pause",        "resume",
                                           "fee",  "grant_lease", "return_lease", "win",
                                           "bill", "loss",        "refund"};
  return kNames[static_cast<std::size_t>(kind)];
}

const char* name_of(Account account) noexcept {
  static constexpr const char* kNames[] = {"funding",    "available",       "lease", "spent",
                                           "late",       "refund",          "fees",  "media_cost",
                                           "house_loss", "exchange_payable"};
  return kNames[static_cast<std::size_t>(account)];
}

DayBook CampaignBook::on(BudgetDay day) const {
  for (const DayBook& book : days) {
    if (book.day == day) return book;
  }
  return {day, {}, {}, {}};
}

Ledger::Ledger(const LedgerOptions& options) : options_(options) {
  BANDSTAND_CHECK(options.lease_duration.count() > 0 && options.reclaim_after_lease.count() >= 0);
  BANDSTAND_CHECK(options.bid_period.count() > 0 && options.nodes > 0 && options.lease_jitter_percent < 100);
  BANDSTAND_CHECK(options.remember >= options.keep_recent);
}

void Ledger::begin(std::uint32_t epoch, const Now& now) {
  BANDSTAND_CHECK(epoch > this->epoch() && epoch < (1u << 24));
  now_ = now;
  Record record;
  record.kind = RecordKind::begin;
  record.epoch = epoch;
  commit(record);
}

Answer Ledger::execute(const Command& command, const Now& now) {
  now_ = now;
  Answer answer;
  answer.kind = command.kind;
  answer.node = command.node;
  answer.campaign = command.campaign;
  answer.day = command.day;
  answer.lease = command.lease;
  answer.bid = command.bid;
  answer.price_max = command.price_max;
  answer.request = command.request;
  answer.tag = command.tag;
  switch (command.kind) {
    case CommandKind::fund:
      fund(command, answer);
      break;
    case CommandKind::set_budget:
      set_budget(command, answer);
      break;
    case CommandKind::pause:
      set_paused(command, true, answer);
      break;
    case CommandKind::resume:
      set_paused(command, false, answer);
      break;
    case CommandKind::fee:
      fee(command, answer);
      break;
    case CommandKind::grant_lease:
      grant(command, answer);
      break;
    case CommandKind::return_lease:
      give_back(command, answer);
      break;
    case CommandKind::win:
      win(command, answer);
      break;
    case CommandKind::bill:
      bill(command, answer);
      break;
    case CommandKind::loss:
      loss(command, answer);
      break;
    case CommandKind::refund:
      refund(command, answer);
      break;
  }
  return answer;
}

// --- operators ---

bool Ledger::known_key(const Command& command, Answer& answer) const {
  if (command.key == IdempotencyKey{}) {
    answer.outcome = Outcome::invalid;
    return true;
  }
  const std::uint64_t* digest = keys_.find(command.key);
  if (digest == nullptr) return false;
  answer.outcome = *digest == digest_of(command) ? Outcome::duplicate : Outcome::key_conflict;
  return true;
}

void Ledger::fund(const Command& command, Answer& answer) {
  if (known_key(command, answer)) return;
  const CampaignBook* book = find_campaign(command.campaign);
  const Nanos available = book == nullptr ? Nanos{} : book->of(Account::available);
  const Nanos lifetime = book == nullptr ? Nanos{} : book->lifetime;
  Nanos sum;
  if (command.campaign.is_none() || command.amount.is_zero() ||
      __builtin_add_overflow(lifetime.value, command.amount.value, &sum.value) ||
      (book != nullptr && __builtin_add_overflow(book->funded().value, command.amount.value, &sum.value))) {
    answer.outcome = Outcome::invalid;
    return;
  }
  if (command.amount.value < 0 && available + command.amount < Nanos{}) {
    answer.outcome = Outcome::no_funds;
    return;
  }
  Record record = record_of(RecordKind::fund, command);
  record.request = digest_of(command);
  commit(record);
  answer.amount = command.amount;
}

void Ledger::set_budget(const Command& command, Answer& answer) {
  if (known_key(command, answer)) return;
  if (command.campaign.is_none() || command.amount.value < 0 || command.price_max.value < 0) {
    answer.outcome = Outcome::invalid;
    return;
  }
  Record record = record_of(RecordKind::budget, command);
  record.request = digest_of(command);
  commit(record);
}

void Ledger::set_paused(const Command& command, bool paused, Answer& answer) {
  const CampaignBook* book = find_campaign(command.campaign);
  if (book == nullptr) {
    answer.outcome = Outcome::unknown_campaign;
  } else if (book->paused == paused) {
    answer.outcome = Outcome::duplicate;
  } else {
    Record record = record_of(RecordKind::pause, command);
    record.detail = paused ? 1 : 0;
    commit(record);
  }
}

void Ledger::fee(const Command& command, Answer& answer) {
  if (known_key(command, answer)) return;
  const CampaignBook* book = find_campaign(command.campaign);
  if (book == nullptr) {
    answer.outcome = Outcome::unknown_campaign;
  } else if (command.amount.value <= 0) {
    answer.outcome = Outcome::invalid;
  } else if (book->of(Account::available) < command.amount) {
    answer.outcome = Outcome::no_funds;
  } else {
    Record record = record_of(RecordKind::fee, command);
    record.request = digest_of(command);
    commit(record);
    answer.amount = command.amount;
  }
}

// --- leases ---

Nanos Ledger::room(const CampaignBook& book, BudgetDay day) const {
  const Nanos committed =
      book.of(Account::lease) + book.charged() + book.of(Account::refund) + book.of(Account::fees);
  Nanos room = std::min(book.of(Account::available), book.lifetime - committed);
  if (!book.daily.is_zero()) {
    const DayBook today = book.on(day);
    room = std::min(room, book.daily - today.charged - today.leased);
  }
  return std::max(room, Nanos{});
}

void Ledger::grant(const Command& command, Answer& answer) {
  const CampaignBook* book = find_campaign(command.campaign);
  if (book == nullptr) {
    answer.outcome = Outcome::unknown_campaign;
    return;
  }
  if (command.amount.value <= 0 || command.price_max.value <= 0 || command.day.is_none()) {
    answer.outcome = Outcome::invalid;
    return;
  }
  const std::uint64_t asker = std::uint64_t{command.campaign.value} << 16 | command.node.value;
  if (const Grantee* last = last_grant_.find(asker); last != nullptr && last->request == command.request) {
    if (const Lease* lease = leases_.find(last->lease); lease != nullptr && !lease->reclaimed) {
      answer.outcome = Outcome::granted;  // the first answer may be lost, and the holder takes one of the two
      answer.lease = lease->id;
      answer.day = lease->day;
      answer.amount = lease->amount;
      answer.duration = lease->duration;
      return;
    }
  }
  if (book->paused) {
    answer.outcome = Outcome::paused;
    return;
  }
  const Nanos limit = book->daily.is_zero() ? book->lifetime : book->daily;
  if (static_cast<__int128>(book->on(command.day).late.value) * 1000 >
      static_cast<__int128>(limit.value) * options_.late_cap_permille) {
    answer.outcome = Outcome::late_cap;
    return;
  }
  const Nanos room = this->room(*book, command.day);
  if (room < command.price_max) {
    answer.outcome = Outcome::no_funds;
    return;
  }
  // 3.7: clamp(wanted, what is useful, available / (2 N)), so that the last money is not all in one hand.
  const Nanos share =
      std::max(Nanos{room.value / (2 * static_cast<std::int64_t>(options_.nodes))}, command.price_max);
  const Nanos amount = std::min(std::max(command.amount, command.price_max), share);

  Record record = record_of(RecordKind::grant, command);
  const bool reuse = options_.planted_bug == PlantedBug::lease_id_reuse;
  record.lease = std::uint64_t{reuse ? 1 : epoch()} << kLeaseCounterBits | (epochs_.back().granted + 1);
  const auto spread = static_cast<std::int64_t>(options_.lease_jitter_percent);
  const std::int64_t percent =
      100 - spread +
      static_cast<std::int64_t>(base::mix64(record.lease) % static_cast<std::uint64_t>(2 * spread + 1));
  record.bid_time_ns = options_.lease_duration.count() / 100 * percent;
  record.amount = amount.value;
  commit(record);
  answer.outcome = Outcome::granted;
  answer.lease = {record.lease};
  answer.amount = amount;
  answer.duration = base::Duration{record.bid_time_ns};
  last_grant_[asker] = {command.request, answer.lease};
}

bool Ledger::was_granted(base::LeaseId lease) const {
  const std::uint64_t epoch = lease.value >> kLeaseCounterBits;
  const std::uint64_t count = lease.value & ((std::uint64_t{1} << kLeaseCounterBits) - 1);
  for (auto it = epochs_.rbegin(); it != epochs_.rend(); ++it) {
    if (it->epoch == epoch) return count >= 1 && count <= it->granted;
  }
  return options_.planted_bug == PlantedBug::lease_id_reuse;
}

void Ledger::give_back(const Command& command, Answer& answer) {
  const Lease* lease = leases_.find(command.lease);
  if (command.amount.value < 0) {
    answer.outcome = Outcome::invalid;
  } else if (lease == nullptr) {
    answer.outcome = was_granted(command.lease) ? Outcome::duplicate : Outcome::unknown_lease;
  } else {
    const bool adds_up = options_.planted_bug == PlantedBug::return_not_cumulative;
    const Nanos more = adds_up ? command.amount : command.amount - lease->returned_by_node;
    if (lease->reclaimed || more.value <= 0) {
      answer.outcome = Outcome::duplicate;
      return;
    }
    Record record = record_of(RecordKind::give_back, command);
    record.campaign = lease->campaign.value;
    record.day = lease->day.value;
    record.amount = std::min(more, lease->free()).value;
    record.amount_2 = command.amount.value;
    commit(record);
    answer.amount = {record.amount};
  }
}

// --- notices: the table of 3.3 ---

std::uint32_t Ledger::period_of(base::WallTime time) const {
  return time.ns <= 0 ? 0 : static_cast<std::uint32_t>(time.ns / options_.bid_period.count());
}

bool Ledger::admit_notice(const Command& command, Answer& answer, Bid& bid) {
  if (command.test_traffic) {
    answer.outcome = Outcome::ignored;
    return false;
  }
  if (command.price.value < 0 || command.price_max.value < 0 || command.bid == base::BidId{} ||
      command.bid_time.ns <= 0) {
    answer.outcome = Outcome::invalid;
    return false;
  }
  if (find_campaign(command.campaign) == nullptr) {
    answer.outcome = Outcome::unknown_campaign;
    return false;
  }
  if (!was_granted(command.lease)) {
    answer.outcome = Outcome::unknown_lease;
    return false;
  }
  const std::uint32_t period = period_of(command.bid_time);
  if (period < bids_.remembered_from()) {
    answer.outcome = Outcome::expired;
    return false;
  }
  bid = bids_.find(command.bid, period);
  const bool other_lease = !bid.lease.is_none() && bid.lease != command.lease;
  if (bid.state != BidState::none && (bid.campaign != command.campaign || other_lease)) {
    answer.outcome = Outcome::invalid;  // we never sign two tokens of one bid that differ in this
    return false;
  }
  return true;
}

PaidFrom Ledger::payer(const CampaignBook& book, const Lease* lease, BudgetDay day, Nanos held,
                       Nanos price) const {
  if (lease != nullptr && lease->free() + held >= price) return PaidFrom::lease;
  // A hold in a closed lease is free again before the bid is paid in another way.
  const bool freed = lease != nullptr && lease->reclaimed;
  return room(book, day) + (freed ? held : Nanos{}) >= price ? PaidFrom::late : PaidFrom::house;
}

void Ledger::record_conflict(const Command& command, const Bid& bid, Answer& answer) {
  answer.outcome = Outcome::conflict;
  const bool media =
      command.kind == CommandKind::bill && bid.state == BidState::voided && !bid.media_recorded;
  if (bid.conflicted && !media) return;  // one record a bid, so that a stranger cannot fill the disk
  Record record = record_of(RecordKind::conflict, command);
  record.amount = media ? std::min(command.price, command.price_max).value : 0;
  record.amount_2 = command.price.value;
  record.detail = static_cast<std::uint8_t>(command.kind);
  commit(record);
}

void Ledger::win(const Command& command, Answer& answer) {
  Bid bid;
  if (!admit_notice(command, answer, bid)) return;
  if (bid.state == BidState::won) {
    answer.outcome = Outcome::duplicate;
  } else if (bid.state == BidState::settled) {
    answer.outcome = Outcome::order;
  } else if (bid.state == BidState::voided) {
    record_conflict(command, bid, answer);
  } else {
    const Nanos price = std::min(command.price, command.price_max);
    const Lease* lease = leases_.find(command.lease);
    Record record = record_of(RecordKind::win, command);
    record.amount = lease != nullptr && !lease->reclaimed && lease->free() >= price ? price.value : 0;
    record.amount_2 = command.price_max.value;
    answer.clamped = command.price > command.price_max;
    answer.after_loss = bid.state == BidState::lost;
    record.flags = static_cast<std::uint8_t>((answer.clamped ? Record::kClamped : 0) |
                                             (answer.after_loss ? Record::kAfterLoss : 0));
    commit(record);
    answer.outcome = Outcome::won;
    answer.amount = {record.amount};
  }
}

void Ledger::bill(const Command& command, Answer& answer) {
  Bid bid;
  if (!admit_notice(command, answer, bid)) return;
  const PlantedBug bug = options_.planted_bug;
  if (bug == PlantedBug::dedupe_off && bid.state == BidState::settled) bid = {};
  answer.clamped = command.price > command.price_max;
  const Nanos price =
      bug == PlantedBug::no_price_cap ? command.price : std::min(command.price, command.price_max);
  answer.amount = price;
  if (bid.state == BidState::voided) {
    record_conflict(command, bid, answer);
    return;
  }
  if (bid.state == BidState::settled) {
    answer.amount = bid.amount;
    answer.paid_from = bid.paid_from;
    if (bid.amount == price) {
      answer.outcome = Outcome::duplicate;
      return;
    }
    if (bug != PlantedBug::last_price_wins) {
      record_conflict(command, bid, answer);
      return;
    }
  }
  const Nanos held = bid.state == BidState::won ? bid.amount : Nanos{};
  const CampaignBook& book = *find_campaign(command.campaign);
  Record record = record_of(RecordKind::settle, command);
  if (bug == PlantedBug::charge_day_of_arrival && !book.days.empty()) record.day = book.days.back().day.value;
  answer.paid_from = payer(book, leases_.find(command.lease), {record.day}, held, price);
  answer.after_loss = bid.state == BidState::lost;
  record.amount = price.value;
  record.amount_2 = command.price_max.value;
  record.detail = static_cast<std::uint8_t>(answer.paid_from);
  record.flags = static_cast<std::uint8_t>((answer.clamped ? Record::kClamped : 0) |
                                           (answer.after_loss ? Record::kAfterLoss : 0));
  commit(record);
  answer.outcome = Outcome::settled;
}

void Ledger::loss(const Command& command, Answer& answer) {
  Bid bid;
  if (!admit_notice(command, answer, bid)) return;
  switch (bid.state) {
    case BidState::none:
      commit(record_of(RecordKind::loss, command));
      answer.outcome = Outcome::lost;
      break;
    case BidState::won:
    case BidState::settled:
      record_conflict(command, bid, answer);
      break;
    case BidState::lost:
      answer.outcome = Outcome::duplicate;
      break;
    case BidState::voided:
      answer.outcome = Outcome::ignored;
      break;
  }
}

void Ledger::refund(const Command& command, Answer& answer) {
  if (known_key(command, answer)) return;
  const Bid bid = bids_.find_anywhere(command.bid);
  switch (bid.state) {
    case BidState::none:
      answer.outcome = Outcome::not_found;
      return;
    case BidState::lost:
      answer.outcome = Outcome::rejected;
      return;
    case BidState::voided:
      answer.outcome = Outcome::duplicate;
      return;
    case BidState::won:
    case BidState::settled:
      break;
  }
  Record record = record_of(RecordKind::refund, command);
  record.id_hi = command.bid.hi;
  record.id_lo = command.bid.lo;
  record.campaign = bid.campaign.value;
  record.day = bid.day.value;
  record.lease = bid.lease.value;
  record.amount = bid.amount.value;
  record.detail = static_cast<std::uint8_t>(bid.paid_from);
  // The key travels where the numbers of a lease otherwise do; a refund needs neither.
  record.request = digest_of(command);
  record.bid_time_ns = static_cast<std::int64_t>(command.key.hi);
  record.amount_2 = static_cast<std::int64_t>(command.key.lo);
  commit(record);
  answer.outcome = Outcome::refunded;
  answer.campaign = bid.campaign;
  answer.amount = bid.amount;
}

// --- time ---

void Ledger::tick(const Now& now) {
  now_ = now;
  while (!deadlines_.empty() && deadlines_.front().mono_ns <= now.mono.ns) {
    const base::LeaseId id = deadlines_.front().lease;
    std::pop_heap(deadlines_.begin(), deadlines_.end(),
                  [](const auto& a, const auto& b) { return later(a, b); });
    deadlines_.pop_back();
    const Lease* lease = leases_.find(id);
    if (lease == nullptr || lease->reclaimed) continue;
    Record record;
    record.kind = RecordKind::reclaim;
    record.campaign = lease->campaign.value;
    record.day = lease->day.value;
    record.node = lease->node.value;
    record.lease = id.value;
    record.amount = lease->free().value;
    commit(record);
  }
  while (!holds_.empty() && holds_.front().mono_ns <= now.mono.ns) {
    const HoldDeadline hold = holds_.front();
    holds_.pop_front();
    const Bid bid = bids_.find(hold.bid, hold.period);
    if (bid.state != BidState::won || bid.amount.is_zero()) continue;
    Record record;
    record.kind = RecordKind::hold_end;
    record.campaign = bid.campaign.value;
    record.day = bid.day.value;
    record.lease = bid.lease.value;
    record.id_hi = hold.bid.hi;
    record.id_lo = hold.bid.lo;
    record.amount = bid.amount.value;
    record.request = hold.period;
    commit(record);
  }
  if (now.mono.ns - last_retire_ns_ < options_.bid_period.count()) return;
  last_retire_ns_ = now.mono.ns;
  // At most two periods at a time, so that a wall clock which jumps ahead does not make the ledger forget.
  const auto step = [](std::uint32_t from, std::uint32_t target) {
    return from == 0 ? target : std::max(from, std::min(target, from + 2));
  };
  const std::uint32_t through = step(bids_.compacted_through(), period_of(now.wall + -options_.keep_recent));
  const std::uint32_t from = step(bids_.remembered_from(), period_of(now.wall + -options_.remember));
  if (through == bids_.compacted_through() && from == bids_.remembered_from()) return;
  Record record;
  record.kind = RecordKind::retire;
  record.request = std::uint64_t{through} << 32 | from;
  commit(record);
}

// --- records ---

Record Ledger::record_of(RecordKind kind, const Command& command) const {
  Record record;
  record.kind = kind;
  record.node = command.node.value;
  record.campaign = command.campaign.value;
  record.day = command.day.value;
  record.lease = command.lease.value;
  const bool by_key = command.kind == CommandKind::fund || command.kind == CommandKind::set_budget ||
                      command.kind == CommandKind::fee;
  record.id_hi = by_key ? command.key.hi : command.bid.hi;
  record.id_lo = by_key ? command.key.lo : command.bid.lo;
  record.amount = command.amount.value;
  record.amount_2 = command.price_max.value;
  record.bid_time_ns = command.bid_time.ns;
  record.request = command.request;
  record.exchange = command.exchange.value;
  return record;
}

void Ledger::commit(Record record) {
  record.time_ns = now_.wall.ns;
  record.seq = sequence_ + 1;
  record.previous = link_;
  if (record.kind != RecordKind::begin) record.epoch = epoch();
  const std::uint64_t link = seal(record);
  apply(record);
  link_ = link;
  output_.append(reinterpret_cast<const char*>(&record), sizeof record);
}

base::Result<bool> Ledger::replay(const Record& record) {
  if (record.seq < sequence_) return false;
  if (record.seq == sequence_ && record.seq > 0) {
    if (link_of(record) != link_)
      return base::fail(base::Code::corrupt, "two ledger records with one number");
    return false;
  }
  if (record.seq != sequence_ + 1) return base::fail(base::Code::corrupt, "a gap in the ledger's records");
  if (record.previous != link_) {
    return base::fail(base::Code::corrupt, "the ledger's chain of records is broken");
  }
  if (!fits(record)) {
    return base::fail(base::Code::corrupt, "a ledger record that its books cannot bear");
  }
  apply(record);
  link_ = link_of(record);
  return true;
}

void Ledger::recovered(const Now& now) {
  now_ = now;
  output_.clear();
  last_grant_.clear();
  deadlines_.clear();
  holds_.clear();
  last_retire_ns_ = now.mono.ns;
  if (options_.planted_bug == PlantedBug::volatile_dedupe) bids_.clear();
  const bool grace = options_.planted_bug != PlantedBug::no_recovery_grace;
  leases_.for_each([&](base::LeaseId id, const Lease& lease) {
    if (lease.reclaimed) return;
    const base::Duration term = grace ? lease.duration + options_.reclaim_after_lease : base::Duration{};
    deadlines_.push_back({(now.mono + term).ns, id});
  });
  std::sort(deadlines_.begin(), deadlines_.end(), [](const auto& a, const auto& b) { return later(b, a); });
  for (const auto& [id, bid] : bids_.sorted()) {
    if (bid.state != BidState::won || bid.amount.is_zero()) continue;
    holds_.push_back({(now.mono + options_.hold_won).ns, id, bid.period});
  }
}

const CampaignBook* Ledger::find_campaign(base::CampaignId id) const {
  if (id.is_none()) return nullptr;
  const std::uint32_t* index = campaign_index_.find(id);
  return index == nullptr ? nullptr : &campaigns_[*index];
}

Nanos Ledger::payable(ExchangeId exchange) const {
  for (const auto& [id, owed] : payables_) {
    if (id == exchange) return owed;
  }
  return {};
}

}  // namespace bandstand::ledger
