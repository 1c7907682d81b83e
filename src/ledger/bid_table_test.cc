// bid_table_test: what was put is found, compacted or not, and forgotten only by period.
#include "ledger/bid_table.h"

#include <gtest/gtest.h>

#include <map>

#include "base/rng.h"

namespace bandstand::ledger {
namespace {

Bid make_bid(base::Rng& rng, std::uint32_t period) {
  Bid bid;
  bid.state = static_cast<BidState>(1 + rng.below(4));
  bid.paid_from = static_cast<PaidFrom>(rng.below(4));
  bid.media_recorded = rng.chance(0.5);
  bid.conflicted = rng.chance(0.5);
  bid.period = period;
  bid.campaign = {static_cast<std::uint32_t>(1 + rng.below(9))};
  bid.day = {static_cast<std::uint32_t>(19000 + rng.below(9))};
  bid.lease = {1 + rng.below(99)};
  bid.amount = {bid.state == BidState::won ? 0 : static_cast<std::int64_t>(rng.below(10'000'000'000))};
  return bid;
}

TEST(BidTable, KeepsEveryFieldButTheLeaseThroughCompaction) {
  base::Rng rng(3);
  BidTable table;
  std::map<base::BidId, Bid> truth;
  for (std::uint32_t period = 100; period < 140; ++period) {
    for (int i = 0; i < 200; ++i) {
      const base::BidId id{rng.next(), rng.next()};
      table.put(id, truth[id] = make_bid(rng, period));
    }
    table.retire(period - 10, period - 30);
    std::erase_if(truth, [&](const auto& entry) { return entry.second.period < period - 30; });
    // A compacted bid is still written to, and a late one joins its period.
    if (!truth.empty()) {
      auto& [id, bid] = *truth.begin();
      bid.conflicted = !bid.conflicted;
      Bid changed = bid;
      if (changed.period <= period - 10) changed.lease = {};
      table.put(id, changed);
    }
    const base::BidId late{rng.next(), rng.next()};
    table.put(late, truth[late] = make_bid(rng, period - 12));
    for (const auto& [id, bid] : truth) {
      Bid found = table.find(id, bid.period);
      EXPECT_EQ(table.find_anywhere(id), found);
      Bid expected = bid;
      if (found.lease.is_none()) expected.lease = {};
      ASSERT_EQ(found, expected);
    }
    ASSERT_EQ(table.size(), truth.size());
  }
  EXPECT_LT(table.recent(), 3000u);
  EXPECT_EQ(table.compacted_through(), 129u);
  EXPECT_EQ(table.remembered_from(), 109u);
  EXPECT_EQ(table.find({1, 1}, 110), Bid{});
  EXPECT_EQ(table.find_anywhere({1, 1}), Bid{});
  const auto all = table.sorted();
  EXPECT_EQ(all.size(), truth.size());
  EXPECT_TRUE(
      std::is_sorted(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; }));

  BidTable restored;
  for (const auto& [id, bid] : all) restored.put(id, bid);
  restored.restore_periods(table.compacted_through(), table.remembered_from());
  EXPECT_EQ(restored.sorted(), all);
  EXPECT_EQ(restored.recent(), table.recent());
}

TEST(BidTable, KeepsABidThatHoldsMoneyOutOfTheRuns) {
  BidTable table;
  Bid bid;
  bid.state = BidState::won;
  bid.period = 5;
  bid.lease = {7};
  bid.amount = {100};
  table.put({1, 1}, bid);
  table.retire(10, 0);
  EXPECT_EQ(table.find({1, 1}, 5).lease, base::LeaseId{7});
  bid.amount = {};
  table.put({1, 1}, bid);
  table.retire(11, 0);
  EXPECT_TRUE(table.find({1, 1}, 5).lease.is_none());
  table.clear();
  EXPECT_EQ(table.size(), 0u);
  EXPECT_STREQ(name_of(BidState::voided), "voided");
}

}  // namespace
}  // namespace bandstand::ledger
