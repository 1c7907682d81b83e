// creative_belief_test: counts overrule the prior, structure is borrowed from, what has no effect fades.
#include "experiments/creative_belief.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bandstand::experiments {
namespace {

double logit(double rate) { return std::log(rate / (1 - rate)); }

/// Rows and columns of a square of arms.
CreativeProblem square(std::uint32_t side) {
  CreativeProblem problem{.arms = side * side, .contexts = 1, .factors = {}, .base_rate = 0.1};
  Factor row{.name = "row", .levels = side, .level_of = {}};
  Factor column{.name = "column", .levels = side, .level_of = {}};
  for (std::uint32_t arm = 0; arm < problem.arms; ++arm) {
    row.level_of.push_back(arm / side);
    column.level_of.push_back(arm % side);
  }
  problem.factors = {row, column};
  return problem;
}

TEST(CreativeBelief, FollowsTheCountsWhereThereAreMany) {
  const CreativeProblem problem = square(3);
  CreativeBelief belief(problem, {});
  std::vector<double> shown(9, 1e6), clicks;
  for (int arm = 0; arm < 9; ++arm) clicks.push_back(1e6 * (0.05 + 0.01 * arm));
  for (int i = 0; i < 20; ++i) belief.fit(shown, clicks);
  for (int arm = 0; arm < 9; ++arm) EXPECT_NEAR(belief.means()[static_cast<std::size_t>(arm)], logit(0.05 + 0.01 * arm), 0.02);
}

TEST(CreativeBelief, AnArmNeverShownBorrowsFromThoseThatShareItsElements) {
  const CreativeProblem problem = square(4);
  CreativeBelief belief(problem, {});
  std::vector<double> shown(16, 5000), clicks;
  for (int arm = 0; arm < 16; ++arm) clicks.push_back(5000 * (arm / 4 == 3 || arm % 4 == 3 ? 0.12 : 0.10));
  shown[15] = clicks[15] = 0;
  belief.fit(shown, clicks);
  EXPECT_GT(belief.means()[15], belief.means()[0] + 0.1);
  EXPECT_GT(belief.means()[15], belief.means()[14]);
}

TEST(CreativeBelief, SamplesHaveThePosteriorsMeanAndShrinkWithTheCounts) {
  const CreativeProblem problem = square(2);
  const auto deviation = [&](double n) {
    CreativeBelief belief(problem, {});
    belief.fit(std::vector<double>(4, n), std::vector<double>(4, 0.1 * n));
    base::Rng rng(1);
    Eigen::VectorXd sample;
    double sum = 0, squares = 0;
    for (int i = 0; i < 4000; ++i) {
      belief.draw(1, rng, sample);
      sum += sample[0];
      squares += sample[0] * sample[0];
    }
    EXPECT_NEAR(sum / 4000, belief.means()[0], 0.03);
    return std::sqrt(squares / 4000 - sum / 4000 * sum / 4000);
  };
  const double few = deviation(100);
  EXPECT_LT(deviation(10'000), 0.5 * few);
  EXPECT_GT(few, 0.1);
}

TEST(CreativeBelief, TheSpreadOfAFactorWithoutEffectFades) {
  const CreativeProblem problem = square(10);
  CreativeBelief belief(problem, {});
  std::vector<double> shown(100, 20'000), clicks;
  for (int arm = 0; arm < 100; ++arm) clicks.push_back(20'000 * (0.08 + 0.004 * (arm / 10)));  // rows matter, columns do not
  for (int i = 0; i < 30; ++i) belief.fit(shown, clicks);
  const std::vector<double> spreads = belief.spreads();
  EXPECT_GT(spreads[0], 0.12);
  EXPECT_LT(spreads[1], 0.11);  // 8 levels' worth of 0.15 and 10 of nothing: 0.1
  EXPECT_GT(spreads[0], spreads[1]);
}

}  // namespace
}  // namespace bandstand::experiments
