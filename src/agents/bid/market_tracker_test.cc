// market_tracker_test: what is learned from each kind of notice, how markets lean on each other, and what survives bytes.
#include "agents/bid/market_tracker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/rng.h"

namespace bandstand::agents::bid {
namespace {

using domain::Outcome;

enum class End { won, lost, silent };

constexpr std::int64_t kCpm = 1'000'000;  // nanos per impression of a CPM of 1

Outcome outcome_of(End end, std::int64_t bid, std::uint8_t auction_type = 1) {
  Outcome outcome;
  outcome.won = end == End::won;
  outcome.lost = end == End::lost;
  outcome.facts.price = {bid};
  outcome.facts.value = static_cast<double>(bid) * 2;
  outcome.facts.at = auction_type;
  outcome.facts.exchange = 1;
  outcome.facts.size = {300, 250};
  return outcome;
}

/// P(price to beat <= bid) after `count` equal observations, in their own market.
double learned(const Outcome& outcome, std::int64_t bid, int count = 2000) {
  MarketTracker tracker({});
  for (int i = 0; i < count; ++i) tracker.observe(outcome);
  const MarketSnapshotPtr snapshot = tracker.publish();
  return snapshot->law_of(market_of(outcome.facts)).landscape->win_probability(bid);
}

TEST(MarketTracker, ASecondPriceWinRevealsThePrice) {
  Outcome win = outcome_of(End::won, 5 * kCpm, 2);
  win.clearing_price = {2 * kCpm};
  EXPECT_LT(learned(win, 19 * kCpm / 10), 0.05);
  EXPECT_GT(learned(win, 21 * kCpm / 10), 0.95);
}

TEST(MarketTracker, ASecondPriceWinAtTheFloorSaysAtMostTheFloor) {
  Outcome win = outcome_of(End::won, 5 * kCpm, 2);
  win.facts.floor = {2 * kCpm};
  win.clearing_price = {2 * kCpm};
  EXPECT_GT(learned(win, kCpm), 0.3);
  EXPECT_GT(learned(win, 21 * kCpm / 10), 0.95);
}

TEST(MarketTracker, AFirstPriceWinSaysAtMostOurBidUnlessTheMinimumToWinIsTold) {
  Outcome win = outcome_of(End::won, 5 * kCpm);
  win.clearing_price = {5 * kCpm};  // our own bid: no news of the others
  EXPECT_GT(learned(win, kCpm), 0.3);
  win.min_to_win = {3 * kCpm};
  EXPECT_LT(learned(win, 29 * kCpm / 10), 0.05);
  EXPECT_GT(learned(win, 31 * kCpm / 10), 0.95);
}

TEST(MarketTracker, OnlyPricesAndFloorsAreLearnedFromLosses) {
  Outcome loss = outcome_of(End::lost, 2 * kCpm);
  for (const int code : {0, 102, 103, 100, 101}) {
    loss.loss_reason = static_cast<std::uint16_t>(code);
    EXPECT_LT(learned(loss, 2 * kCpm), 0.05) << code;
  }
  MarketTracker tracker({});
  for (const int code : {1, 3, 9, 200, 202, 212}) {
    loss.loss_reason = static_cast<std::uint16_t>(code);
    tracker.observe(loss);
  }
  EXPECT_FALSE(tracker.has_news());
  EXPECT_EQ(tracker.counts().defects, 6u);
  EXPECT_EQ(tracker.counts().by_loss_code[202], 1u);
}

TEST(MarketTracker, SilenceIsALossOnlyWhereLossesAreNeverTold) {
  MarketTracker tracker({});
  tracker.observe(outcome_of(End::silent, kCpm));
  EXPECT_TRUE(tracker.has_news());
  (void)tracker.publish();
  Outcome loss = outcome_of(End::lost, kCpm);
  loss.loss_reason = 1;  // a defect, but it shows that this exchange tells
  tracker.observe(loss);
  tracker.observe(outcome_of(End::silent, kCpm));
  EXPECT_FALSE(tracker.has_news());
}

TEST(MarketTracker, SuspiciousTestAndFixedPriceBidsTeachNothing) {
  MarketTracker tracker({});
  Outcome outcome = outcome_of(End::lost, kCpm);
  outcome.facts.suspicious = true;
  tracker.observe(outcome);
  outcome = outcome_of(End::lost, kCpm);
  outcome.facts.test = true;
  tracker.observe(outcome);
  tracker.observe(outcome_of(End::won, kCpm, 3));
  EXPECT_FALSE(tracker.has_news());
  EXPECT_EQ(tracker.counts().ignored, 3u);
}

TEST(MarketTracker, AThinMarketLeansOnTheOneAboveIt) {
  MarketTracker tracker({});
  Outcome rich = outcome_of(End::won, 9 * kCpm);
  rich.min_to_win = {2 * kCpm};
  for (int i = 0; i < 2000; ++i) tracker.observe(rich);
  Outcome thin = rich;
  thin.facts.size = {728, 90};
  thin.min_to_win = {4 * kCpm};
  for (int i = 0; i < 10; ++i) tracker.observe(thin);
  const MarketSnapshotPtr snapshot = tracker.publish();
  const auto law = snapshot->law_of(market_of(thin.facts));
  EXPECT_EQ(law.level, MarketLevel::size);
  const double at_two = law.landscape->win_probability(21 * kCpm / 10);
  EXPECT_NEAR(at_two, 50.0 / 60, 0.03);  // 10 of its own against a prior of 50
  MarketKey unseen = market_of(thin.facts);
  unseen.media = 2;
  EXPECT_EQ(snapshot->law_of(unseen).level, MarketLevel::exchange);
  unseen.exchange = 77;
  EXPECT_EQ(snapshot->law_of(unseen).level, MarketLevel::all);
}

TEST(MarketTracker, ForgetsAPriceLevelThatIsOver) {
  MarketTracker tracker({});
  base::WallTime now{1'000'000'000'000};
  Outcome win = outcome_of(End::won, 9 * kCpm);
  const auto window = [&](std::int64_t price) {
    win.min_to_win = {price};
    for (int i = 0; i < 500; ++i) tracker.observe(win);
    tracker.advance(now);
    now = now + std::chrono::seconds(61);
  };
  for (int i = 0; i < 10; ++i) window(2 * kCpm);
  for (int i = 0; i < 5; ++i) window(4 * kCpm);
  const MarketSnapshotPtr snapshot = tracker.publish();
  const auto law = snapshot->law_of(market_of(win.facts));
  EXPECT_LT(law.landscape->win_probability(3 * kCpm), 0.4);
  EXPECT_LT(law.weight, 3000);
}

TEST(MarketTracker, ASnapshotReadsBackBitForBit) {
  MarketTracker tracker({});
  base::Rng rng(3);
  for (int i = 0; i < 3000; ++i) {
    Outcome outcome = outcome_of(rng.chance(0.5) ? End::won : End::lost,
                                      kCpm + static_cast<std::int64_t>(rng.below(5 * kCpm)));
    outcome.facts.exchange = static_cast<std::uint16_t>(rng.below(3));
    tracker.observe(outcome);
  }
  const MarketSnapshotPtr snapshot = tracker.publish();
  const MarketSnapshotPtr read = MarketSnapshot::decode(snapshot->encode()).value();
  EXPECT_EQ(read->encode(), snapshot->encode());
  EXPECT_EQ(read->version(), snapshot->version());
  for (std::uint16_t exchange = 0; exchange < 3; ++exchange) {
    const MarketKey key{.exchange = exchange, .size = 300u << 16 | 250};
    const auto a = snapshot->law_of(key);
    const auto b = read->law_of(key);
    ASSERT_EQ(a.landscape->masses().size(), b.landscape->masses().size());
    for (int bin = 0; bin < a.landscape->grid().size(); ++bin) {
      ASSERT_EQ(a.landscape->win_probability_of_bin(bin), b.landscape->win_probability_of_bin(bin));
    }
  }
  std::string damaged = snapshot->encode();
  damaged[100] = static_cast<char>(damaged[100] ^ 4);
  EXPECT_EQ(MarketSnapshot::decode(damaged).error().code, base::Code::corrupt);
}

TEST(MarketTracker, ContinuesFromASnapshot) {
  MarketTracker tracker({});
  Outcome win = outcome_of(End::won, 9 * kCpm);
  win.min_to_win = {2 * kCpm};
  for (int i = 0; i < 2000; ++i) tracker.observe(win);
  const MarketSnapshotPtr before = tracker.publish();
  MarketTracker resumed({});
  resumed.restore(*before);
  const MarketSnapshotPtr after = resumed.publish();
  EXPECT_EQ(after->version(), before->version() + 1);
  const auto a = before->law_of(market_of(win.facts));
  const auto b = after->law_of(market_of(win.facts));
  EXPECT_NEAR(a.weight, b.weight, 1);
  EXPECT_NEAR(a.landscape->win_probability(21 * kCpm / 10), b.landscape->win_probability(21 * kCpm / 10), 0.03);
}

TEST(MarketTracker, WithItsEvidenceItGoesOnAsIfNothingHadHappened) {
  MarketTracker tracker({});
  base::Rng rng(8);
  const auto next = [&](MarketTracker& a, MarketTracker* b) {
    const End end = rng.chance(0.3) ? End::won : rng.chance(0.5) ? End::lost : End::silent;
    Outcome outcome = outcome_of(end, static_cast<std::int64_t>((0.5 + rng.uniform()) * kCpm), rng.chance(0.5) ? 1 : 2);
    outcome.clearing_price = {outcome.facts.price.value / 2};
    outcome.facts.exchange = static_cast<std::uint16_t>(rng.below(3));
    a.observe(outcome);
    if (b == nullptr) return;
    if (outcome.facts.exchange == 2) outcome.facts.exchange = 7;  // the number that it has in the other process
    b->observe(outcome);
  };
  for (int i = 0; i < 5000; ++i) next(tracker, nullptr);
  const MarketSnapshotPtr before = tracker.publish();
  std::vector<MarketSnapshot::Market> moved(before->markets().begin(), before->markets().end());
  for (auto& market : moved) {
    if (market.code >> 48 == 2) market.code += std::uint64_t{5} << 48;
  }
  MarketTracker other({});
  other.restore({before->version(), moved, before->q_table()});
  const std::string bytes = tracker.encode();
  ASSERT_EQ(other.restore_evidence(bytes, [](std::uint16_t n) { return n == 2 ? 7 : int{n}; }).value(), moved.size());
  for (int i = 0; i < 5000; ++i) next(tracker, &other);
  const auto here = tracker.publish();
  const auto there = other.publish();
  for (std::uint16_t exchange = 0; exchange < 3; ++exchange) {
    Outcome outcome = outcome_of(End::won, kCpm);
    outcome.facts.exchange = exchange;
    const auto a = here->law_of(market_of(outcome.facts));
    outcome.facts.exchange = exchange == 2 ? 7 : exchange;
    const auto b = there->law_of(market_of(outcome.facts));
    EXPECT_EQ(a.weight, b.weight) << "the same auctions are remembered, those of before the restart too";
    for (const double price : {0.3, 0.6, 0.9, 1.2}) {
      const auto at = static_cast<std::int64_t>(price * kCpm);
      EXPECT_NEAR(a.landscape->win_probability(at), b.landscape->win_probability(at), 1e-3);
    }
  }
}

TEST(MarketTracker, RefusesDamagedEvidence) {
  MarketTracker tracker({});
  for (int i = 0; i < 50; ++i) tracker.observe(outcome_of(End::lost, kCpm));
  const std::string good = tracker.encode();
  const auto same = [](std::uint16_t n) { return int{n}; };
  MarketTracker other({});
  for (std::size_t at = 0; at < good.size(); at += 11) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 8);
    EXPECT_EQ(other.restore_evidence(bad, same).error().code, base::Code::corrupt);
  }
  EXPECT_EQ(other.encode(), MarketTracker({}).encode());
  EXPECT_EQ(other.restore_evidence(good, [](std::uint16_t) { return -1; }).value(), 1u) << "the market of all has no exchange";
}

TEST(MarketTracker, ExpectedCostsNeverFallWithWorth) {
  MarketTracker tracker({});
  base::Rng rng(5);
  for (int i = 0; i < 2000; ++i) {
    Outcome win = outcome_of(End::won, 9 * kCpm);
    win.min_to_win = {static_cast<std::int64_t>(kCpm * std::exp(rng.normal()))};
    tracker.observe(win);
  }
  const MarketSnapshotPtr snapshot = tracker.publish();
  std::vector<double> worths;
  for (double worth = 1e4; worth < 1e8; worth *= 1.1) worths.push_back(worth);
  for (const int at : {1, 2}) {
    const auto costs = snapshot->expected_costs({.exchange = 1, .size = 300u << 16 | 250}, static_cast<std::uint8_t>(at), worths);
    EXPECT_TRUE(std::is_sorted(costs.begin(), costs.end()));
    EXPECT_GT(costs.back(), 0);
  }
}

}  // namespace
}  // namespace bandstand::agents::bid
