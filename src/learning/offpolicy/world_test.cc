// world_test: estimators in a world whose truth is known: how near they are, and how often their
// intervals hold it.
#include "learning/offpolicy/world.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>

namespace bandstand::learning {
namespace {

TEST(LogisticWorld, ValuesAreThoseOfItsLog) {
  const LogisticWorld world({}, 1);
  const PolicyLog log = world.draw(200'000, 2);
  const double mean = std::accumulate(log.rounds.reward.begin(), log.rounds.reward.end(), 0.0) / 200'000;
  EXPECT_NEAR(mean, world.logging_value(), 4 * std::sqrt(.25 / 200'000));
  EXPECT_GT(world.target_value(), world.logging_value());
  double weights = 0;
  for (std::size_t i = 0; i < log.rounds.size(); ++i)
    weights += log.target.logged[i] / log.rounds.propensity[i] / 200'000;
  EXPECT_NEAR(weights, 1, .01);
}

TEST(LogisticWorld, DoublyRobustIsWithinHalfAPercentAt100000Rounds) {
  const auto all = measure_coverage({.worlds = 10, .rounds = 100'000, .samples = 1, .seed = 1});
  std::map<Estimator, double> error;
  for (const Coverage& row : all) error[row.estimator] = row.relative_error;
  EXPECT_LE(error[Estimator::dr], .005);
  EXPECT_LE(error[Estimator::sndr], .005);
  EXPECT_GT(error[Estimator::dm],
            .01);  // the reward bends where the model is straight, and only the correction sees it
}

TEST(OffPolicyCoverage, IntervalsHoldTheTruthAboutAsOftenAsTheySay) {
  const auto all = measure_coverage({.worlds = 500, .rounds = 4'000, .samples = 500, .seed = 1});
  for (const Coverage& row : all) {
    if (row.estimator == Estimator::dm) {
      EXPECT_LT(row.covered, .2);
    }
    if (!may_decide(row.estimator)) continue;
    EXPECT_GE(row.covered, .93) << name_of(row.estimator);
    EXPECT_LE(row.covered, .97) << name_of(row.estimator);
    EXPECT_GE(row.difference_covered, .93) << name_of(row.estimator);
    EXPECT_LE(row.difference_covered, .97) << name_of(row.estimator);
  }
}

}  // namespace
}  // namespace bandstand::learning
