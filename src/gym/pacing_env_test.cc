// pacing_env_test: a small day in C++; the same through Python is python/tests/gym_test.py.
#include "gym/pacing_env.h"

#include <gtest/gtest.h>

#include <limits>

namespace bandstand::gym {
namespace {

PacingEnvOptions small_day() {
  PacingEnvOptions options;
  options.daily_budgets = {0.4};
  options.windows = 32;
  options.requests_per_window = 30;
  return options;
}

std::vector<PacingStep> run(const PacingEnvOptions& options, double action, std::uint64_t seed = 1) {
  auto env = PacingEnv::make(options);
  EXPECT_TRUE(env.has_value());
  (*env)->reset(seed);
  std::vector<PacingStep> out;
  const std::vector<double> actions(options.daily_budgets.size(), action);
  do {
    out.push_back(*(*env)->step(actions));
  } while (!out.back().terminated);
  return out;
}

double spent(const std::vector<PacingStep>& steps) {
  double total = 0;
  for (const auto& step : steps) total += step.campaigns[0].spent;
  return total;
}

TEST(PacingEnv, SameSeedAndActionsGiveTheSameBits) {
  const auto first = run(small_day(), 0.02);
  const auto second = run(small_day(), 0.02);
  ASSERT_EQ(first.size(), 32u);
  ASSERT_EQ(second.size(), first.size());
  for (std::size_t k = 0; k < first.size(); ++k) {
    EXPECT_EQ(first[k].observation, second[k].observation) << k;
    EXPECT_EQ(first[k].reward, second[k].reward) << k;
  }
  EXPECT_NE(run(small_day(), 0.02, 2).back().observation, first.back().observation);
}

TEST(PacingEnv, AHigherShadowPriceSpendsLessAndTheBudgetHolds) {
  const auto cheap = run(small_day(), 0);
  const auto dear = run(small_day(), 0.3);
  EXPECT_GT(spent(cheap), 1.5 * spent(dear));
  EXPECT_LE(spent(cheap), 0.4);
  EXPECT_GT(dear.back().campaigns[0].mu, 1000);
  EXPECT_NEAR(cheap.back().campaigns[0].budget_left, 1 - spent(cheap) / 0.4, 1e-9);
}

TEST(PacingEnv, AnActionOnAPacerIsAResidualOfOneWindow) {
  PacingEnvOptions options = small_day();
  options.base = "receding_horizon";
  const auto plain = run(options, 0);
  const auto dearer = run(options, 0.7);
  EXPECT_LT(dearer.back().campaigns[0].mu, 100) << "it does not add up";
  EXPECT_LT(spent(dearer), spent(plain));
}

TEST(PacingEnv, OffersAreCountedFromTheDecisionLog) {
  double offers = 0, impressions = 0;
  for (const auto& step : run(small_day(), 0)) {
    offers += step.campaigns[0].offers;
    impressions += step.campaigns[0].impressions;
  }
  EXPECT_GT(impressions, 10);
  EXPECT_GT(offers, impressions);
}

TEST(PacingEnv, RefusesWhatMakesNoSense) {
  const auto refused = [](auto change) {
    PacingEnvOptions options = small_day();
    change(options);
    const auto made = PacingEnv::make(options);
    return !made && made.error().code == base::Code::invalid_input;
  };
  EXPECT_TRUE(refused([](auto& o) { o.daily_budgets.clear(); }));
  EXPECT_TRUE(refused([](auto& o) { o.daily_budgets = {std::numeric_limits<double>::quiet_NaN()}; }));
  EXPECT_TRUE(refused([](auto& o) { o.windows = 97; }));
  EXPECT_TRUE(refused([](auto& o) { o.base = "wishes"; }));
  EXPECT_TRUE(refused([](auto& o) { o.step_max = 0; }));
  auto env = PacingEnv::make(small_day());
  const double none[] = {0.0};
  EXPECT_EQ((*env)->step(none).error().code, base::Code::conflict) << "not reset";
  (*env)->reset(1);
  EXPECT_EQ((*env)->step({}).error().code, base::Code::invalid_input);
  const double bad[] = {std::numeric_limits<double>::quiet_NaN()};
  EXPECT_EQ((*env)->step(bad)->campaigns[0].mu, 1) << "counts as 0";
}

}  // namespace
}  // namespace bandstand::gym
