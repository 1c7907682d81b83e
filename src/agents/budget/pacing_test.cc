// pacing_test: each controller's law, its limits, and the textbook PI's faults shown.
#include "agents/budget/pacing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace bandstand::agents::budget {
namespace {

TEST(SpendPlan, ReplansWhatIsLeftOverTheWindowsThatAreLeft) {
  const SpendPlan plan({1, 3, 4, 2});
  EXPECT_DOUBLE_EQ(plan.target(0, 100), 10);
  EXPECT_DOUBLE_EQ(plan.target(1, 90), 30);
  EXPECT_DOUBLE_EQ(plan.target(1, 45), 15);
  EXPECT_DOUBLE_EQ(plan.target(3, 7), 7);
  EXPECT_DOUBLE_EQ(plan.share_before(2), 0.4);
  EXPECT_DOUBLE_EQ(SpendPlan({1, 0}).target(1, 50), 0);  // nothing planned after the end: fast finish
}

TEST(ShadowPrice, MeetsTheTargetAndIsFoundOnceTheCurveIsKnown) {
  // Prices uniform on [0, 100]: C(b) = b^2 / 200 up to 100. Values all 1: spend = target at bid = sqrt(200 target).
  const std::vector<double> values(50, 1.0);
  const auto cost = [](double bid) { return bid >= 100 ? 50.0 : bid * bid / 200; };
  const double mu = solve_shadow_price(values, 8.0, {}, cost);
  EXPECT_NEAR(1 / mu, 40, 1e-6);
  EXPECT_NEAR(solve_shadow_price(values, 60.0, {}, cost), 1e-7, 1e-9);  // cannot spend that much: the lowest price
}

/// A market where spend answers to mu with a given elasticity.
double spend_at(double mu, double planned, double mu_right, double elasticity) {
  return planned * std::pow(mu / mu_right, -elasticity);
}

TEST(LogPi, ConvergesFromAnyStartWithinADozenWindows) {
  for (const double off : {0.1, 0.5, 1.0, 3.0, 30.0}) {
    LogPi pi(off * 0.02, LogPi::epsilon(9600, 96), {});
    double mu = pi.mu();
    for (int k = 0; k < 12; ++k) {
      const double spent = std::min(1000.0, spend_at(mu, 100, 0.02, 1.0));
      mu = pi.update({.spent = spent, .planned = 100, .win_rate = 0.2});
    }
    EXPECT_NEAR(mu / 0.02, 1, 0.1) << off;
  }
}

TEST(LogPi, DoesNotWindUpWhileEverythingIsWonOrNothingComes) {
  LogPi pi(0.02, LogPi::epsilon(9600, 96), {});
  for (int k = 0; k < 40; ++k) pi.update({.spent = 20, .planned = 100, .win_rate = 0.99});
  EXPECT_NEAR(pi.mu(), 0.02 * std::exp(0.25 * std::log(25.0 / 105)), 1e-9);
  const double before = pi.mu();
  for (int k = 0; k < 40; ++k) pi.update({.spent = 0, .planned = 100, .win_rate = 0, .had_traffic = false});
  EXPECT_DOUBLE_EQ(pi.mu(), before);
}

TEST(LogPi, GivesTheSamePricesInAnyCurrency) {
  LogPi in_units(0.02, LogPi::epsilon(9600, 96), {});
  LogPi in_nanos(0.02, LogPi::epsilon(9600e9, 96), {});
  for (const double spent : {10.0, 300.0, 80.0, 0.0, 120.0}) {
    EXPECT_DOUBLE_EQ(in_units.update({.spent = spent, .planned = 100}),
                     in_nanos.update({.spent = spent * 1e9, .planned = 100e9}));
  }
}

TEST(LogPi, CorrectsTheBiasOfAFeedForwardPrice) {
  LogPi pi(0.01, LogPi::epsilon(9600, 96), {.kp = 0});
  double mu = 0;
  for (int k = 0; k < 40; ++k) {
    const double model = k % 2 == 0 ? 0.010 : 0.011;       // the model's price moves, and is half of what is right
    const double right = 2 * model;
    pi.set_feed_forward(model);
    mu = pi.mu();
    EXPECT_NEAR(mu, model * std::exp(pi.correction()), 1e-15);
    pi.update({.spent = spend_at(mu, 100, right, 1.0), .planned = 100});
  }
  EXPECT_NEAR(mu / 0.022, 1, 0.02);
}

TEST(WindowedDual, ConvergesAndClipsWhatASingleWindowMayDo) {
  WindowedDual dual(0.1, {});
  EXPECT_NEAR(dual.update({.spent = 1e6, .planned = 100}), 0.1 * std::exp(0.9), 1e-12);
  for (int k = 0; k < 60; ++k) dual.update({.spent = spend_at(dual.mu(), 100, 0.02, 1.0), .planned = 100});
  EXPECT_NEAR(dual.mu() / 0.02, 1, 0.01);
  const double before = dual.mu();
  dual.update({.spent = 5, .planned = 0});
  EXPECT_EQ(dual.mu(), before);
}

TEST(AuctionDual, LowersItsPriceWhenItSpendsTooLittleButNotBelowZero) {
  AuctionDual dual(0.5, 0.01);
  dual.update(10, 0);
  EXPECT_DOUBLE_EQ(dual.lambda(), 0.4);
  dual.update(10, 30);
  EXPECT_DOUBLE_EQ(dual.lambda(), 0.6);
  for (int i = 0; i < 100; ++i) dual.update(10, 0);
  EXPECT_EQ(dual.lambda(), 0);
}

TEST(RecedingHorizon, WaitsForItsWarmUpAndKeepsItsWindowOverARestart) {
  RecedingHorizon mpc(0.02, {.window = 4, .every = 3, .warm_up = 2});
  const auto cost = [](double bid) { return bid / 2; };
  EXPECT_FALSE(mpc.due());
  EXPECT_DOUBLE_EQ(mpc.mu(), 0.02);
  for (const double v : {9.0, 1.0, 1.0, 1.0, 1.0}) mpc.observe(v);
  EXPECT_TRUE(mpc.due());
  EXPECT_EQ(mpc.values().size(), 4u);
  EXPECT_NEAR(mpc.solve(100, 50, cost), 0.25, 1e-9);  // spend per auction 1 / (2 mu) = 2; the 9 has left the ring
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(mpc.due());
    mpc.tick();
  }
  EXPECT_TRUE(mpc.due());
  mpc.solve(100, 50, cost);
  mpc.restart();
  EXPECT_TRUE(mpc.due());
}

TEST(TextbookPi, AsPrintedStopsTheCampaignForGood) {
  TextbookPi pi(9600, 96, {});
  double spent = 0;
  double multiplier = pi.multiplier();
  for (int k = 1; k <= 96; ++k) {
    spent += 200 * multiplier;  // a market that would take twice the budget
    multiplier = pi.update(spent, k);
  }
  EXPECT_EQ(multiplier, 0);
  EXPECT_LT(spent, 0.1 * 9600);
}

TEST(ZhangPid, FollowsTheAuthorsOrderOfTerms) {
  ZhangPid pid(40'000, {});
  // Round 1: no derivative yet. The figures are computed by hand from the formula.
  EXPECT_NEAR(pid.update(39'157), 5e-4 * 843 + 1e-6 * 843, 1e-12);
  EXPECT_NEAR(pid.update(39'500), 5e-4 * 500 + 1e-6 * 1343 + 1e-4 * (39'157 - 39'500), 1e-12);
  EXPECT_EQ(pid.update(90'000), -2);
  EXPECT_EQ(pid.update(0), 5);
}

TEST(Bslb, FollowsTheRatioOfTimeLeftToBudgetLeft) {
  EXPECT_DOUBLE_EQ(bslb_lambda(0.02, 0.5, 0.5), 0.02);
  EXPECT_DOUBLE_EQ(bslb_lambda(0.02, 0.5, 0.25), 0.04);
  EXPECT_DOUBLE_EQ(bslb_lambda(0.02, 0.5, 0, 7), 7);
}

TEST(Throttle, StepsByTenPerCentAndStaysWithinItsLimits) {
  Throttle throttle({});
  EXPECT_DOUBLE_EQ(throttle.update(0, 1), 0.11);
  EXPECT_DOUBLE_EQ(throttle.update(2, 1), 0.099);
  for (int i = 0; i < 100; ++i) throttle.update(0, 1);
  EXPECT_EQ(throttle.pass_through(), 1);
  for (int i = 0; i < 500; ++i) throttle.update(2, 1);
  EXPECT_GT(throttle.pass_through(), 0);
}

TEST(PacingFigures, AreZeroOnPlanAndNameTheLargestDeviation) {
  const SpendPlan plan({1, 1, 2});
  const PacingFigures exact = measure_pacing(std::vector<double>{25, 25, 50}, plan, 100);
  EXPECT_DOUBLE_EQ(exact.use, 1);
  EXPECT_DOUBLE_EQ(exact.average_error, 0);
  EXPECT_DOUBLE_EQ(exact.cumulative_deviation, 0);
  const PacingFigures early = measure_pacing(std::vector<double>{35, 25, 30}, plan, 100);
  EXPECT_DOUBLE_EQ(early.use, 0.9);
  EXPECT_DOUBLE_EQ(early.cumulative_deviation, 0.1);
  EXPECT_NEAR(early.average_error, 3.0 / 100 * std::sqrt(500.0 / 3), 1e-12);
}

}  // namespace
}  // namespace bandstand::agents::budget
