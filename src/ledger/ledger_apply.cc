// ledger_apply: what a record does to the books; the only code that changes them, live and in recovery.
#include <algorithm>

#include "ledger/ledger.h"

namespace bandstand::ledger {

using base::Nanos;

void Ledger::move(CampaignBook& book, Account from, Account to, Nanos amount) {
  book.balance[static_cast<std::size_t>(from)] -= amount;
  book.balance[static_cast<std::size_t>(to)] += amount;
}

CampaignBook& Ledger::book_of(std::uint32_t campaign) {
  const std::uint32_t* index = campaign_index_.find({campaign});
  if (index != nullptr) return campaigns_[*index];
  campaign_index_[{campaign}] = static_cast<std::uint32_t>(campaigns_.size());
  campaigns_.emplace_back();
  campaigns_.back().id = {campaign};
  return campaigns_.back();
}

DayBook& Ledger::day_of(CampaignBook& book, BudgetDay day) {
  auto at = book.days.end();
  while (at != book.days.begin() && day < std::prev(at)->day) --at;
  if (at != book.days.begin() && std::prev(at)->day == day) return *std::prev(at);
  return *book.days.insert(at, DayBook{day, {}, {}, {}});
}

Bid Ledger::bid_of(const Record& record, std::uint32_t period) {
  Bid bid;
  bid.period = period;
  bid.campaign = {record.campaign};
  bid.day = {record.day};
  bid.lease = {record.lease};
  return bid;
}

void Ledger::owe(CampaignBook& book, ExchangeId exchange, Account reason, Nanos price) {
  move(book, Account::exchange_payable, reason, price);
  const auto at = std::lower_bound(payables_.begin(), payables_.end(), exchange,
                                   [](const auto& p, ExchangeId e) { return p.first < e; });
  if (at != payables_.end() && at->first == exchange) {
    at->second += price;
  } else {
    payables_.insert(at, {exchange, price});
  }
}

void Ledger::drop_if_closed(base::LeaseId id) {
  const Lease* lease = leases_.find(id);
  if (lease != nullptr && lease->held.is_zero() && (lease->reclaimed || lease->free().is_zero()))
    leases_.erase(id);
}

/// What apply() takes for granted of a record that this ledger decided itself; asked of stored ones.
bool Ledger::fits(const Record& record) const {
  if (record.kind == RecordKind::begin) return record.epoch > epoch();
  if (record.kind == RecordKind::retire) return true;
  if (record.campaign == 0) return false;
  const Lease* lease = leases_.find({record.lease});
  const Nanos amount{record.amount};
  switch (record.kind) {
    case RecordKind::grant:
      return !epochs_.empty() && record.lease != 0 && lease == nullptr;
    case RecordKind::give_back:
      return lease != nullptr && lease->free() >= amount;
    case RecordKind::reclaim:
      return lease != nullptr && lease->free() == amount;
    case RecordKind::win:
      return amount.is_zero() || (lease != nullptr && lease->free() >= amount);
    case RecordKind::settle: {
      const base::BidId id{record.id_hi, record.id_lo};
      const Bid bid = bids_.find(id, period_of({record.bid_time_ns}));
      const Nanos held = bid.state == BidState::won ? bid.amount : Nanos{};
      const auto paid_from = static_cast<PaidFrom>(record.detail);
      if (paid_from == PaidFrom::lease) return lease != nullptr && lease->free() + held >= amount;
      const CampaignBook* book = find_campaign({record.campaign});
      const Nanos freed = lease != nullptr && lease->reclaimed ? held : Nanos{};
      return paid_from != PaidFrom::late ||
             (book != nullptr && book->of(Account::available) + freed >= amount);
    }
    default:
      return true;
  }
}

void Ledger::apply(const Record& record) {
  sequence_ = record.seq;
  switch (record.kind) {
    case RecordKind::begin:
      epochs_.push_back({record.epoch, 0});
      return;
    case RecordKind::retire:
      apply_retire(record);
      return;
    default:
      break;
  }
  CampaignBook& book = book_of(record.campaign);
  const base::BidId id{record.id_hi, record.id_lo};
  switch (record.kind) {
    case RecordKind::fund:
      move(book, Account::funding, Account::available, {record.amount});
      book.lifetime = std::max(book.lifetime + Nanos{record.amount}, Nanos{});
      keys_[{record.id_hi, record.id_lo}] = record.request;
      break;
    case RecordKind::budget:
      apply_budget(book, record);
      break;
    case RecordKind::pause:
      book.paused = record.detail != 0;
      break;
    case RecordKind::fee:
      move(book, Account::available, Account::fees, {record.amount});
      keys_[{record.id_hi, record.id_lo}] = record.request;
      break;
    case RecordKind::grant:
      apply_grant(book, record);
      break;
    case RecordKind::give_back:
      apply_give_back(book, record);
      break;
    case RecordKind::win:
      apply_win(book, record);
      break;
    case RecordKind::settle:
      apply_settle(book, record);
      break;
    case RecordKind::loss: {
      Bid bid = bid_of(record, period_of({record.bid_time_ns}));
      bid.state = BidState::lost;
      bids_.put(id, bid);
      ++book.counts.losses;
      break;
    }
    case RecordKind::reclaim:
      apply_reclaim(book, record);
      break;
    case RecordKind::hold_end: {
      Bid bid = bids_.find(id, static_cast<std::uint32_t>(record.request));
      release_hold(book, leases_.find({record.lease}), {record.amount});
      bid.amount = {};
      bids_.put(id, bid);
      drop_if_closed({record.lease});
      break;
    }
    case RecordKind::refund:
      apply_refund(book, record);
      break;
    case RecordKind::conflict:
      apply_conflict(book, record);
      break;
    default:
      BANDSTAND_CHECK(false);
  }
}

void Ledger::apply_budget(CampaignBook& book, const Record& record) {
  const Nanos lifetime{record.amount};
  const Nanos change = lifetime - book.funded();
  // More: paid in. Less: what is free is paid back; the rest stays out of reach through `lifetime`.
  const Nanos paid = std::max(change, Nanos{} - book.of(Account::available));
  move(book, Account::funding, Account::available, paid);
  book.lifetime = lifetime;
  book.daily = {record.amount_2};
  keys_[{record.id_hi, record.id_lo}] = record.request;
}

void Ledger::apply_grant(CampaignBook& book, const Record& record) {
  Lease lease;
  lease.id = {record.lease};
  lease.campaign = book.id;
  lease.node = {record.node};
  lease.day = {record.day};
  lease.amount = {record.amount};
  lease.duration = base::Duration{record.bid_time_ns};
  lease.request = record.request;
  leases_[lease.id] = lease;
  ++epochs_.back().granted;
  move(book, Account::available, Account::lease, lease.amount);
  day_of(book, lease.day).leased += lease.amount;

  const bool early = options_.planted_bug == PlantedBug::early_reclaim;
  const base::Duration term = early ? lease.duration / 2 : lease.duration + options_.reclaim_after_lease;
  deadlines_.push_back({(now_.mono + term).ns, lease.id});
  std::push_heap(deadlines_.begin(), deadlines_.end(), [](const Deadline& a, const Deadline& b) {
    return a.mono_ns != b.mono_ns ? a.mono_ns > b.mono_ns : a.lease > b.lease;
  });
}

void Ledger::apply_give_back(CampaignBook& book, const Record& record) {
  Lease* lease = leases_.find({record.lease});
  BANDSTAND_CHECK(lease != nullptr && lease->free().value >= record.amount);
  lease->returned += Nanos{record.amount};
  lease->returned_by_node = {record.amount_2};
  move(book, Account::lease, Account::available, {record.amount});
  day_of(book, lease->day).leased -= Nanos{record.amount};
  drop_if_closed({record.lease});
}

void Ledger::apply_win(CampaignBook& book, const Record& record) {
  Bid bid = bid_of(record, period_of({record.bid_time_ns}));
  bid.state = BidState::won;
  bid.amount = {record.amount};
  const base::BidId id{record.id_hi, record.id_lo};
  bids_.put(id, bid);
  if (record.amount > 0) {
    Lease* lease = leases_.find(bid.lease);
    BANDSTAND_CHECK(lease != nullptr && lease->free() >= bid.amount);
    lease->held += bid.amount;
    holds_.push_back({(now_.mono + options_.hold_won).ns, id, bid.period});
  }
  ++book.counts.wins;
  if ((record.flags & Record::kAfterLoss) != 0) ++book.counts.after_loss;
  if ((record.flags & Record::kClamped) != 0) ++book.counts.clamped;
}

void Ledger::apply_settle(CampaignBook& book, const Record& record) {
  const Nanos price{record.amount};
  const auto paid_from = static_cast<PaidFrom>(record.detail);
  const base::BidId id{record.id_hi, record.id_lo};
  const std::uint32_t period = period_of({record.bid_time_ns});
  const Bid before = bids_.find(id, period);
  Lease* lease = leases_.find({record.lease});
  if (before.state == BidState::won && lease != nullptr) lease->held -= before.amount;
  if (paid_from == PaidFrom::lease) {
    BANDSTAND_CHECK(lease != nullptr && lease->free() >= price);
    lease->settled += price;
    move(book, Account::lease, Account::spent, price);
    day_of(book, lease->day).leased -= price;
    day_of(book, {record.day}).charged += price;
  }
  if (lease != nullptr && lease->reclaimed) {  // what the hold had too much
    const Nanos rest = lease->free();
    lease->returned += rest;
    move(book, Account::lease, Account::available, rest);
    day_of(book, lease->day).leased -= rest;
  }
  if (paid_from == PaidFrom::late) {
    BANDSTAND_CHECK(book.of(Account::available) >= price);
    move(book, Account::available, Account::late, price);
    day_of(book, {record.day}).charged += price;
    day_of(book, {record.day}).late += price;
    ++book.counts.late;
  } else if (paid_from == PaidFrom::house) {
    day_of(book, {record.day}).late += price;
    ++book.counts.house;
  }
  owe(book, {record.exchange}, paid_from == PaidFrom::house ? Account::house_loss : Account::media_cost,
      price);

  Bid bid = bid_of(record, period);
  bid.state = BidState::settled;
  bid.paid_from = paid_from;
  bid.media_recorded = true;
  bid.conflicted = before.conflicted;
  bid.amount = price;
  bids_.put(id, bid);
  ++book.counts.settled;
  if ((record.flags & Record::kAfterLoss) != 0) ++book.counts.after_loss;
  if ((record.flags & Record::kClamped) != 0) ++book.counts.clamped;
  drop_if_closed({record.lease});
}

void Ledger::apply_reclaim(CampaignBook& book, const Record& record) {
  Lease* lease = leases_.find({record.lease});
  BANDSTAND_CHECK(lease != nullptr && lease->free().value == record.amount);
  lease->returned += Nanos{record.amount};
  lease->reclaimed = true;
  move(book, Account::lease, Account::available, {record.amount});
  day_of(book, lease->day).leased -= Nanos{record.amount};
  drop_if_closed({record.lease});
}

void Ledger::release_hold(CampaignBook& book, Lease* lease, Nanos held) {
  if (lease == nullptr || held.is_zero()) return;
  lease->held -= held;
  if (!lease->reclaimed) return;
  lease->returned += held;
  move(book, Account::lease, Account::available, held);
  day_of(book, lease->day).leased -= held;
}

void Ledger::apply_refund(CampaignBook& book, const Record& record) {
  const base::BidId id{record.id_hi, record.id_lo};
  Bid bid = bids_.find_anywhere(id);
  const Nanos amount{record.amount};
  if (bid.state == BidState::won) {
    release_hold(book, leases_.find({record.lease}), amount);
    bid.amount = {};
  } else if (bid.paid_from == PaidFrom::lease || bid.paid_from == PaidFrom::late) {
    move(book, bid.paid_from == PaidFrom::lease ? Account::spent : Account::late, Account::refund, amount);
    move(book, Account::media_cost, Account::house_loss, amount);
  }
  bid.state = BidState::voided;
  bids_.put(id, bid);
  keys_[{static_cast<std::uint64_t>(record.bid_time_ns), static_cast<std::uint64_t>(record.amount_2)}] =
      record.request;
  ++book.counts.refunds;
  drop_if_closed({record.lease});
}

void Ledger::apply_conflict(CampaignBook& book, const Record& record) {
  const base::BidId id{record.id_hi, record.id_lo};
  Bid bid = bids_.find(id, period_of({record.bid_time_ns}));
  bid.conflicted = true;
  if (record.amount > 0) {
    owe(book, {record.exchange}, Account::house_loss, {record.amount});
    bid.media_recorded = true;
    bid.paid_from = PaidFrom::house;
    bid.amount = {record.amount};
  }
  bids_.put(id, bid);
  ++book.counts.conflicts;
}

void Ledger::apply_retire(const Record& record) {
  bids_.retire(static_cast<std::uint32_t>(record.request >> 32), static_cast<std::uint32_t>(record.request));
  // Days whose bids are forgotten, with two days of slack for time zones.
  const auto forgotten_ns = static_cast<__int128>(bids_.remembered_from()) * options_.bid_period.count();
  const auto forgotten_day = static_cast<std::int64_t>(forgotten_ns / 86'400'000'000'000) - 2;
  for (CampaignBook& book : campaigns_) {
    std::erase_if(book.days, [&](const DayBook& day) {
      return day.leased.is_zero() && static_cast<std::int64_t>(day.day.value) < forgotten_day;
    });
  }
}

}  // namespace bandstand::ledger
