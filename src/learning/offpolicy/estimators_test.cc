// estimators_test: every estimator against numbers worked out by hand.
#include "learning/offpolicy/estimators.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"

namespace bandstand::learning {
namespace {

const Estimate& row(const std::vector<Estimate>& all, Estimator estimator) {
  for (const Estimate& e : all) {
    if (e.estimator == estimator) return e;
  }
  ADD_FAILURE() << "no row " << name_of(estimator);
  return all.front();
}

/// Four rounds: w = 2, 0, 1, 4; r = 1, 0, 0, 1.
struct ByHand {
  std::vector<double> weight{2, 0, 1, 4};
  std::vector<double> reward{1, 0, 0, 1};
  std::vector<double> direct{.5, .25, .25, .5};
  std::vector<double> logged{.5, .25, .5, .75};
  [[nodiscard]] Judged judged() const { return {weight, reward, direct, logged}; }
};

TEST(Estimators, EqualTheirFormulasOnFourRounds) {
  const ByHand log;
  const auto all = estimate(log.judged(), std::nullopt, {});
  EXPECT_DOUBLE_EQ(row(all, Estimator::ips).value.value, (2. + 4) / 4);
  EXPECT_DOUBLE_EQ(row(all, Estimator::snips).value.value, 6. / 7);
  EXPECT_DOUBLE_EQ(row(all, Estimator::dm).value.value, 1.5 / 4);
  const double corrections = 2 * .5 + 0 + 1 * -.5 + 4 * .25;
  EXPECT_DOUBLE_EQ(row(all, Estimator::dr).value.value, 1.5 / 4 + corrections / 4);
  EXPECT_DOUBLE_EQ(row(all, Estimator::sndr).value.value, 1.5 / 4 + corrections / 7);
  for (const Estimate& e : all) EXPECT_DOUBLE_EQ(e.incumbent.value, .5) << name_of(e.estimator);
  EXPECT_DOUBLE_EQ(row(all, Estimator::ips).effective_rounds, 49. / 21);
  EXPECT_EQ(row(all, Estimator::ips).weight_max, 4);
  EXPECT_EQ(row(all, Estimator::dm).effective_rounds, 4);
}

TEST(Estimators, TunedOnesEqualTheirFormulasAtTheParameterTheyName) {
  // 10 of 500 weights are large; what they correct cancels, so that they only add noise. The model is wrong
  // where w = .5.
  std::vector<double> w(500, .5), r(500), direct(500, .3), logged(500, .3);
  for (std::size_t i = 0; i < w.size(); ++i) {
    r[i] = i % 2 == 0 ? 1 : 0;
    if (i >= 10) continue;
    w[i] = 30;
    logged[i] = .5;
  }
  const auto all = estimate({w, r, direct, logged}, std::nullopt, {.samples = 0});
  const double tau = row(all, Estimator::switch_dr).parameter;
  const double lambda = row(all, Estimator::dros).parameter;
  double switched = 0;
  double shrunk = 0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    switched += .3 + (w[i] <= tau ? w[i] * (r[i] - logged[i]) : 0);
    shrunk += .3 + lambda * w[i] / (w[i] * w[i] + lambda) * (r[i] - logged[i]);
  }
  EXPECT_EQ(tau, .5);
  EXPECT_TRUE(std::isfinite(lambda));
  EXPECT_NEAR(row(all, Estimator::switch_dr).value.value, switched / 500, 1e-12);
  EXPECT_NEAR(row(all, Estimator::dros).value.value, shrunk / 500, 1e-12);
  EXPECT_LT(row(all, Estimator::switch_dr).value.error, row(all, Estimator::dr).value.error);
}

TEST(Estimators, StandardErrorsAreThoseOfTheDeltaMethod) {
  const ByHand log;
  const auto all = estimate(log.judged(), std::nullopt, {});
  // w r = 2, 0, 0, 4 with mean 1.5
  EXPECT_DOUBLE_EQ(row(all, Estimator::ips).value.error, std::sqrt((.25 + 2.25 + 2.25 + 6.25) / (4 * 3)));
  // (w r - (6/7) w) / mean w, squared and summed
  const double ratio = 6. / 7;
  double squares = 0;
  for (std::size_t i = 0; i < 4; ++i)
    squares += std::pow((log.weight[i] * log.reward[i] - ratio * log.weight[i]) / (7. / 4), 2);
  EXPECT_DOUBLE_EQ(row(all, Estimator::snips).value.error, std::sqrt(squares / (4 * 3)));
}

TEST(Estimators, WithUniformWeightsAreTheMeanReward) {
  const std::vector<double> ones(50, 1);
  std::vector<double> reward(50);
  for (std::size_t i = 0; i < reward.size(); ++i) reward[i] = i % 5 == 0 ? 1 : 0;
  const auto all = estimate({ones, reward}, std::nullopt, {});
  EXPECT_EQ(all.size(), 3u);  // no model: replay, ips, snips
  for (const Estimate& e : all) {
    EXPECT_DOUBLE_EQ(e.value.value, .2) << name_of(e.estimator);
    EXPECT_NEAR(e.difference.low, 0, 1e-12);  // paired: the same rounds, the same policy
    EXPECT_NEAR(e.difference.high, 0, 1e-12);
    EXPECT_NEAR(e.effective_rounds, 50, 1e-9);
  }
}

TEST(Estimators, ReplayKeepsTheRoundsInWhichAUniformLogAgrees) {
  // A uniform log of 2 actions, and a policy that is sure: w is 0 or 2, and rejection keeps what agrees (Li
  // et al., 2011).
  const std::vector<double> weight{2, 0, 2, 0, 2};
  const std::vector<double> reward{1, 1, 0, 1, 1};
  const Estimate e = row(estimate({weight, reward}, std::nullopt, {}), Estimator::replay);
  EXPECT_DOUBLE_EQ(e.value.value, 2. / 3);
  EXPECT_DOUBLE_EQ(e.effective_rounds, 3);
}

TEST(Estimators, PairedDifferenceIsSurerThanItsParts) {
  base::Rng rng(1);
  std::vector<double> a(2000), b(2000), r(2000);
  for (std::size_t i = 0; i < r.size(); ++i) {
    a[i] = 2 * rng.uniform();
    b[i] = a[i] * .9 + .2 * rng.uniform();
    r[i] = 10 + rng.normal();
  }
  const Estimate e = row(estimate({a, r}, Judged{b, r}, {}), Estimator::ips);
  EXPECT_DOUBLE_EQ(e.difference.value, e.value.value - e.incumbent.value);
  EXPECT_LT(e.difference.high - e.difference.low, .2 * (e.value.high - e.value.low));
}

TEST(Estimators, BootstrapAgreesWithTheStandardErrorAndRepeatsItself) {
  base::Rng rng(2);
  std::vector<double> w(5000), r(5000);
  for (std::size_t i = 0; i < r.size(); ++i) {
    w[i] = rng.exponential();
    r[i] = rng.chance(.3) ? 1 : 0;
  }
  const auto all = estimate({w, r}, std::nullopt, {.samples = 2000, .seed = 7});
  for (const Estimator which : {Estimator::ips, Estimator::snips}) {
    const Measured& m = row(all, which).value;
    EXPECT_NEAR((m.high - m.low) / (2 * 1.96 * m.error), 1, .06) << name_of(which);
  }
  const auto again = estimate({w, r}, std::nullopt, {.samples = 2000, .seed = 7});
  const auto other = estimate({w, r}, std::nullopt, {.samples = 2000, .seed = 8});
  EXPECT_EQ(row(all, Estimator::ips).value.low, row(again, Estimator::ips).value.low);
  EXPECT_NE(row(all, Estimator::ips).value.low, row(other, Estimator::ips).value.low);
}

TEST(Estimators, WithoutAnySupportHaveNoRatio) {
  const std::vector<double> none(10, 0);
  const std::vector<double> reward(10, 1);
  const auto all = estimate({none, reward}, std::nullopt, {});
  EXPECT_TRUE(std::isnan(row(all, Estimator::snips).value.value));
  EXPECT_TRUE(std::isnan(row(all, Estimator::replay).value.low));
  EXPECT_EQ(row(all, Estimator::ips).value.value, 0);
  EXPECT_EQ(row(all, Estimator::ips).effective_rounds, 0);
}

TEST(Estimators, NamesGoBothWays) {
  for (const auto name : kEstimatorNames) EXPECT_EQ(name_of(*estimator_named(name)), name);
  EXPECT_FALSE(estimator_named("ipw"));
}

TEST(Slope, GoesOnWhileEstimatesAgree) {
  using Candidates = std::vector<std::pair<double, double>>;
  EXPECT_EQ(slope(Candidates{{1, .5}, {1.1, .2}, {1.2, .1}}), 2u);
  EXPECT_EQ(slope(Candidates{{1, .1}, {1.1, .05}, {3, .01}}), 1u);
  EXPECT_EQ(slope(Candidates{{1, .1}}), 0u);
}

TEST(Kernel, BiasOfAParabolaIsExact) {
  // Bids uniform on [0, 2], r = 1 - (b - 1)^2, policy bids .8: V = .96, and the kernel adds V'' h^2 / 10 =
  // -h^2 / 5.
  constexpr std::size_t kBids = 200'000;
  std::vector<double> bid(kBids), density(kBids, .5), target(kBids, .8), reward(kBids);
  for (std::size_t i = 0; i < kBids; ++i) {
    bid[i] = 2 * (static_cast<double>(i) + .5) / kBids;
    reward[i] = 1 - (bid[i] - 1) * (bid[i] - 1);
  }
  for (const double h : {.1, .3, .6}) {
    const auto weight = kernel_weights(bid, density, target, h);
    const Estimate e = row(estimate({weight, reward}, std::nullopt, {.samples = 0}), Estimator::ips);
    EXPECT_NEAR(e.value.value, .96 - h * h / 5, 1e-6) << h;
    double mean = 0;
    for (const double w : weight) mean += w / kBids;
    EXPECT_NEAR(mean, 1, 1e-6);
  }
}

TEST(Kernel, BandwidthsFollowTheSpreadAndTheRounds) {
  const std::vector<double> few{0, 1, 0, 1};
  std::vector<double> many;
  for (int i = 0; i < 32; ++i) many.insert(many.end(), few.begin(), few.end());
  EXPECT_NEAR(kernel_bandwidths(few)[0] / kernel_bandwidths(many)[0], 2, 1e-12);  // 32^(1/5)
  EXPECT_TRUE(kernel_bandwidths(std::vector<double>(5, 1.0)).empty());
}

}  // namespace
}  // namespace bandstand::learning
