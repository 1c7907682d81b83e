// bid_table: lookup, compaction and forgetting.
#include "ledger/bid_table.h"

#include <algorithm>

namespace bandstand::ledger {

const char* name_of(BidState state) noexcept {
  static constexpr const char* kNames[] = {"none", "won", "settled", "lost", "voided"};
  return kNames[static_cast<std::size_t>(state)];
}

BidTable::Compact BidTable::pack(base::BidId id, const Bid& bid) {
  const std::int64_t packed = bid.amount.value * 256;
  BANDSTAND_CHECK(packed / 256 == bid.amount.value);
  const int state = static_cast<int>(bid.state) | static_cast<int>(bid.paid_from) << 4 |
                    (bid.conflicted ? 64 : 0) | (bid.media_recorded ? 128 : 0);
  return {id, packed | state, bid.campaign.value, bid.day.value};
}

Bid BidTable::unpack(const Compact& compact, std::uint32_t period) {
  Bid bid;
  bid.state = static_cast<BidState>(compact.amount_and_state & 15);
  bid.paid_from = static_cast<PaidFrom>(compact.amount_and_state >> 4 & 3);
  bid.media_recorded = (compact.amount_and_state & 128) != 0;
  bid.conflicted = (compact.amount_and_state & 64) != 0;
  bid.period = period;
  bid.campaign = {compact.campaign};
  bid.day = {compact.day};
  bid.amount = {compact.amount_and_state >> 8};
  return bid;
}

const BidTable::Compact* BidTable::find_in(const Run& run, base::BidId id) {
  const auto at =
      std::lower_bound(run.begin(), run.end(), id, [](const Compact& c, base::BidId i) { return c.id < i; });
  return at != run.end() && at->id == id ? &*at : nullptr;
}

Bid BidTable::find(base::BidId id, std::uint32_t period) const {
  if (const Bid* bid = recent_.find(id)) return *bid;
  if (period > compacted_through_) return {};
  const auto run = runs_.find(period);
  if (run == runs_.end()) return {};
  const Compact* compact = find_in(run->second, id);
  return compact == nullptr ? Bid{} : unpack(*compact, period);
}

Bid BidTable::find_anywhere(base::BidId id) const {
  if (const Bid* bid = recent_.find(id)) return *bid;
  for (const auto& [period, run] : runs_) {
    if (const Compact* compact = find_in(run, id)) return unpack(*compact, period);
  }
  return {};
}

void BidTable::put(base::BidId id, const Bid& bid) {
  if (bid.period <= compacted_through_) {
    const auto run = runs_.find(bid.period);
    if (run != runs_.end()) {
      if (const Compact* compact = find_in(run->second, id)) {
        run->second[static_cast<std::size_t>(compact - run->second.data())] = pack(id, bid);
        return;
      }
    }
  }
  recent_[id] = bid;
}

void BidTable::retire(std::uint32_t through, std::uint32_t from) {
  compacted_through_ = std::max(compacted_through_, through);
  remembered_from_ = std::max(remembered_from_, from);
  compact([&](const Bid& bid) {
    const bool holds_money = bid.state == BidState::won && !bid.amount.is_zero();
    return bid.period <= compacted_through_ && !holds_money;
  });
}

void BidTable::restore_periods(std::uint32_t through, std::uint32_t from) {
  compacted_through_ = through;
  remembered_from_ = from;
  compact([](const Bid& bid) { return bid.lease.is_none(); });
}

template <class Old>
void BidTable::compact(Old&& is_old) {
  std::map<std::uint32_t, Run> fresh;
  recent_.for_each([&](base::BidId id, const Bid& bid) {
    if (bid.period >= remembered_from_ && is_old(bid)) fresh[bid.period].push_back(pack(id, bid));
  });
  recent_.filter([&](base::BidId, const Bid& bid) { return !is_old(bid); });
  runs_.erase(runs_.begin(), runs_.lower_bound(remembered_from_));
  const auto by_id = [](const Compact& a, const Compact& b) { return a.id < b.id; };
  for (auto& [period, added] : fresh) {
    std::sort(added.begin(), added.end(), by_id);
    Run& run = runs_[period];
    Run merged;
    merged.reserve(run.size() + added.size());
    std::merge(run.begin(), run.end(), added.begin(), added.end(), std::back_inserter(merged), by_id);
    run = std::move(merged);
  }
  compacted_ = 0;
  for (const auto& [period, run] : runs_) compacted_ += run.size();
}

std::vector<std::pair<base::BidId, Bid>> BidTable::sorted() const {
  std::vector<std::pair<base::BidId, Bid>> all;
  all.reserve(size());
  recent_.for_each([&](base::BidId id, const Bid& bid) { all.emplace_back(id, bid); });
  for (const auto& [period, run] : runs_) {
    for (const Compact& compact : run) all.emplace_back(compact.id, unpack(compact, period));
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return all;
}

}  // namespace bandstand::ledger
