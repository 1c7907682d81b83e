// simulate_pacing_test: budgets held by the production code in the simulated world, small; and the figures'
// arithmetic.
#include "app/simulate_pacing.h"

#include <gtest/gtest.h>

#include <numeric>
#include <sstream>

namespace bandstand::app {
namespace {

using agents::budget::PacingPolicy;

double sum(std::span<const double> values) { return std::accumulate(values.begin(), values.end(), 0.0); }

std::span<const double> part(const std::vector<double>& values, int from, int to) {
  return std::span(values).subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from));
}

PacingWorldOptions small_world(std::uint64_t seed, PacingPolicy policy, simulation::PacingCampaign campaign) {
  PacingWorldOptions options;
  options.seed = seed;
  options.policy = policy;
  options.campaigns = {std::move(campaign)};
  options.requests_per_window = 40;
  return options;
}

TEST(SimulatePacing, MeasuresADeliveryAgainstTrafficAndBudget) {
  const std::vector<double> traffic = {1, 1, 2};
  const auto exact = measure_delivery(std::vector<double>{25, 25, 50}, traffic, 100);
  EXPECT_DOUBLE_EQ(exact.under, 0);
  EXPECT_DOUBLE_EQ(exact.over, 0);
  EXPECT_DOUBLE_EQ(exact.deviation, 0);
  const auto early = measure_delivery(std::vector<double>{40, 25, 25}, traffic, 100);
  EXPECT_DOUBLE_EQ(early.under, .1);
  EXPECT_DOUBLE_EQ(early.deviation, .15);
  EXPECT_NEAR(measure_delivery(std::vector<double>{60, 60}, std::vector<double>{1, 1}, 100).over, .2, 1e-12);
  const std::vector<double> falling = {62.5, 37.5};
  EXPECT_NEAR(measure_delivery(falling, std::vector<double>{1, 1}, 100, true).deviation, 0, 1e-12);
}

TEST(SimulatePacing, CountsWindowsUntilTheBandIsKeptForGood) {
  EXPECT_EQ(windows_to_recover(std::vector<double>{.5, 1.3, 1.05, .95, 1}, .1), 2);
  EXPECT_EQ(windows_to_recover(std::vector<double>{.95, 1.05}, .1), 0);
  EXPECT_EQ(windows_to_recover(std::vector<double>{1, 1, .8}, .1), 3) << "never";
}

/// Two days on half of what could be spent, twice.
TEST(SimulatePacing, TheProductionCodeHoldsADaysBudget) {
  for (const std::uint64_t seed : {1u, 2u}) {
    const auto supply = run_pacing_world(small_world(seed, PacingPolicy::none, {}));
    const double budget = sum(part(supply.campaigns[0].spent, 96, 192)) / 2;
    ASSERT_GT(budget, .5);
    const auto run =
        run_pacing_world(small_world(seed, PacingPolicy::receding_horizon, {.daily_budget = budget}));
    const auto first =
        measure_delivery(part(run.campaigns[0].spent, 0, 96), part(run.traffic, 0, 96), budget);
    const auto second =
        measure_delivery(part(run.campaigns[0].spent, 96, 192), part(run.traffic, 96, 192), budget);
    EXPECT_EQ(first.over + second.over, 0);
    EXPECT_LT(first.under, .02);
    EXPECT_LT(second.under, .02);
    EXPECT_LT(second.deviation, .05);
    EXPECT_EQ(run.differences, 0u) << "the ledger equals the exchange's account";
    EXPECT_EQ(run.late, 0);
  }
}

TEST(SimulatePacing, TheTextbookPiStopsTheCampaign) {
  const auto run = run_pacing_world(small_world(1, PacingPolicy::textbook_pi, {.daily_budget = 1}));
  EXPECT_GT(measure_delivery(part(run.campaigns[0].spent, 96, 192), part(run.traffic, 96, 192), 1).under, .5);
}

TEST(SimulatePacing, APriceShockIsFollowed) {
  PacingWorldOptions options = small_world(1, PacingPolicy::none, {});
  options.requests_per_window = 300;
  options.day_night_ratio = 1;
  options.windows = 24;
  const double rate = sum(part(run_pacing_world(options).campaigns[0].spent, 8, 24)) / 16;
  options.policy = PacingPolicy::receding_horizon;
  options.campaigns[0].daily_budget = rate * kDayWindows / 2.5;
  options.shock_window = 24;
  options.windows = 44;
  const auto run = run_pacing_world(options);
  const double plan = rate / 2.5;
  const auto& spent = run.campaigns[0].spent;
  EXPECT_NEAR(sum(part(spent, 8, 24)) / 16 / plan, 1, .06);
  EXPECT_NEAR(sum(part(spent, 29, 44)) / 15 / plan, 1, .06) << "from the sixth window after the shock";
  const double before = sum(part(run.campaigns[0].impressions, 8, 24)) / 16;
  const double after = sum(part(run.campaigns[0].impressions, 29, 44)) / 15;
  EXPECT_LT(after, .85 * before) << "the same money buys less: there was a shock";
}

/// 05:00 UTC is midnight in New York. Spent as soon as possible, the edges of days are plain to see.
TEST(SimulatePacing, ADaysBudgetEndsAtTheAdvertisersMidnight) {
  PacingWorldOptions options =
      small_world(1, PacingPolicy::receding_horizon,
                  {.daily_budget = .3, .delivery = "asap", .time_zone = "America/New_York"});
  options.day_night_ratio = 1;
  options.windows = 20 + 96 + 12;
  const auto run = run_pacing_world(options);
  const auto& spent = run.campaigns[0].spent;
  const double day_before = sum(part(spent, 0, 20));
  const double day = sum(part(spent, 20, 116));
  EXPECT_LE(day_before, .3 + 1e-9);
  EXPECT_LE(day, .3 + 1e-9);
  EXPECT_GT(day, .28);
  EXPECT_GT(sum(part(spent, 20, 24)), 0) << "a new day's money from its first hour on";
  EXPECT_LT(sum(part(spent, 108, 116)), 1e-9 + .02) << "nothing to speak of is left in its last hours";
  EXPECT_GT(sum(part(spent, 116, 128)), .02) << "and the next";
}

TEST(SimulatePacing, RefusesUnknownPoliciesAndSeeds) {
  std::ostringstream out, err;
  EXPECT_EQ(simulate_pacing({.policies = "even_better"}, out, err), 2);
  EXPECT_NE(err.str().find("even_better"), std::string::npos);
  EXPECT_EQ(simulate_pacing({.seeds = "5..2"}, out, err), 2);
  EXPECT_EQ(simulate_pacing({.seeds = "x"}, out, err), 2);
}

}  // namespace
}  // namespace bandstand::app
