// bid_rules_test: prices stay inside floor and cap, shading earns, and the random choices tell their chance.
#include "agents/bid/bid_rules.h"

#include <gtest/gtest.h>

#include <cmath>

#include "agents/bid/market_tracker.h"

namespace bandstand::agents::bid {
namespace {

constexpr std::int64_t kCpm = 1'000'000;

class BidRulesTest : public testing::Test {
 protected:
  domain::Decided<BidAnswer> ask(BidRules& rules, const BidInput& input) { return rules.decide(input, context_).value(); }
  std::int64_t price(BidRules& rules, const BidInput& input) {
    const auto decided = ask(rules, input);
    const auto* price = std::get_if<Price>(&decided.value);
    return price == nullptr ? -1 : price->price.value;
  }
  Pass pass(BidRules& rules, const BidInput& input) { return std::get<Pass>(ask(rules, input).value); }

  static BidInput worth(double cpm, std::uint8_t at) {
    return {.value = cpm * kCpm, .mu = 1, .floor = {0}, .cap = {100 * kCpm}, .at = at, .market = {}};
  }
  /// A market whose price to beat is lognormal around 1 CPM.
  static MarketSnapshotPtr lognormal_market(std::uint64_t seed, double mean_cpm = 1) {
    MarketTracker tracker({});
    base::Rng rng(seed);
    for (int i = 0; i < 5000; ++i) {
      domain::Outcome win;
      win.won = true;
      win.facts.price = {100 * kCpm};
      win.facts.at = 1;
      win.min_to_win = {static_cast<std::int64_t>(mean_cpm * kCpm * std::exp(0.8 * rng.normal()))};
      tracker.observe(win);
    }
    return tracker.publish();
  }

  base::Rng rng_{1};
  base::Arena arena_;
  AgentContext context_{.now = {}, .rng = rng_, .arena = arena_};
  BidRules rules_{domain::PolicyId{5}, {}};
};

TEST_F(BidRulesTest, SecondPriceIsTruthfulAndDearMoneyLowersIt) {
  BidInput input = worth(4, 2);
  EXPECT_EQ(price(rules_, input), 4 * kCpm);
  input.mu = 2;
  EXPECT_EQ(price(rules_, input), 2 * kCpm);
}

TEST_F(BidRulesTest, StaysBetweenFloorAndCap) {
  BidInput input = worth(4, 2);
  input.cap = {3 * kCpm};
  EXPECT_EQ(price(rules_, input), 3 * kCpm);
  input.floor = {3 * kCpm};
  EXPECT_EQ(price(rules_, input), 3 * kCpm);
  input.floor = {5 * kCpm};
  EXPECT_EQ(pass(rules_, input), Pass::below_floor);
  input.floor = {7 * kCpm / 2};
  EXPECT_EQ(pass(rules_, input), Pass::cap_below_floor);
  EXPECT_EQ(pass(rules_, worth(0, 2)), Pass::no_value);
  EXPECT_EQ(pass(rules_, worth(std::nan(""), 2)), Pass::no_value);
}

TEST_F(BidRulesTest, AFixedPriceIsTheFloor) {
  BidInput input = worth(4, 3);
  input.floor = {kCpm};
  EXPECT_EQ(price(rules_, input), kCpm);
}

TEST_F(BidRulesTest, FirstPriceIsConservativeUntilTheMarketIsKnown) { EXPECT_EQ(price(rules_, worth(4, 1)), 3 * kCpm); }

// Against a lognormal market whose law is known exactly: the learned shading earns nearly what the best constant per worth would.
TEST_F(BidRulesTest, ShadingEarnsNearlyTheOptimumAndFarMoreThanTruth) {
  rules_.install(lognormal_market(11));
  base::Rng market(12);
  for (const double cpm : {0.5, 1.0, 2.0, 5.0}) {
    double best = 0;
    const auto surplus = [&](double bid_cpm) {
      const double chance = 0.5 * std::erfc(-std::log(bid_cpm) / 0.8 / std::sqrt(2.0));
      return (cpm - bid_cpm) * chance;
    };
    for (double bid = 0.01; bid < cpm; bid *= 1.01) best = std::max(best, surplus(bid));
    double earned = 0;
    constexpr int kBids = 2000;
    for (int i = 0; i < kBids; ++i) {
      earned += surplus(static_cast<double>(price(rules_, worth(cpm, 1))) / kCpm) / kBids;
    }
    EXPECT_GT(earned, 0.97 * best) << cpm;
  }
}

TEST_F(BidRulesTest, TrialsAreRareHigherAndTellTheirChance) {
  rules_.install(lognormal_market(11));
  BidRules exploit(domain::PolicyId{5}, {.explore = 0});
  exploit.install(lognormal_market(11));
  const std::int64_t best = price(exploit, worth(5, 1));
  int trials = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto decided = ask(rules_, worth(5, 1));
    const std::int64_t bid = std::get<Price>(decided.value).price.value;
    EXPECT_EQ(decided.policy.value, 5);
    if (bid == best) {
      EXPECT_FLOAT_EQ(decided.propensity, 0.99f);
    } else {
      EXPECT_GT(bid, best);
      EXPECT_LE(bid, 5 * kCpm);
      EXPECT_LT(decided.propensity, 0.01f);
      ++trials;
    }
  }
  EXPECT_NEAR(trials, 200, 60);
}

TEST_F(BidRulesTest, TheTableChoosesGreedilyAndTellsItsPropensity) {
  BidRules rules(domain::PolicyId{6}, {.policy = BidPolicy::tabular_q});
  QTable table;
  table.at(QTable::state_of(0, 4.0 * kCpm), 3) = 0.5f;
  rules.install(std::make_shared<const MarketSnapshot>(1, std::vector<MarketSnapshot::Market>{}, table));
  int greedy = 0;
  constexpr int kBids = 5000;
  for (int i = 0; i < kBids; ++i) {
    const auto decided = ask(rules, worth(4, 1));
    const bool best = std::get<Price>(decided.value).price.value == 16 * kCpm / 10;
    EXPECT_FLOAT_EQ(decided.propensity, best ? 0.91f : 0.01f);
    greedy += best;
  }
  EXPECT_NEAR(greedy, 0.91 * kBids, 100);
}

TEST_F(BidRulesTest, ATrackedTableLearnsToShade) {
  MarketTracker tracker({});
  BidRules rules(domain::PolicyId{6}, {.policy = BidPolicy::tabular_q});
  base::Rng market(4);
  for (int i = 0; i < 30'000; ++i) {
    if (i % 500 == 0) rules.install(tracker.publish());
    domain::Outcome outcome;
    outcome.facts.at = 1;
    outcome.facts.value = 4 * kCpm;
    outcome.facts.price = {price(rules, worth(4, 1))};
    const auto to_beat = static_cast<std::int64_t>(kCpm * std::exp(0.3 * market.normal()));
    outcome.won = to_beat <= outcome.facts.price.value;
    outcome.lost = !outcome.won;
    tracker.observe(outcome);
  }
  const QTable table = tracker.publish()->q_table();
  const int state = QTable::state_of(0, 4.0 * kCpm);
  EXPECT_GT(table.at(state, 3), table.at(state, 7));  // 40 % of worth wins most auctions at half the price of 80 %
  EXPECT_GT(table.at(state, 3), table.at(state, 0));
}

TEST_F(BidRulesTest, PoliciesAreFoundByName) {
  EXPECT_EQ(bid_policy_named("default"), BidPolicy::shaded);
  EXPECT_EQ(bid_policy_named("truthful"), BidPolicy::truthful);
  EXPECT_EQ(bid_policy_named("linear"), BidPolicy::linear);
  EXPECT_EQ(bid_policy_named("tabular_q"), BidPolicy::tabular_q);
  EXPECT_EQ(bid_policies().size(), static_cast<std::size_t>(BidPolicy::tabular_q) + 1);
  EXPECT_FALSE(bid_policy_named("oracle"));
}

}  // namespace
}  // namespace bandstand::agents::bid
