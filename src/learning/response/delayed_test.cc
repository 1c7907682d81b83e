// delayed_test: the likelihood's gradient, and the bias that waiting does not remove.
#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "learning/response/delayed_conversions.h"
#include "learning/response/delayed_world.h"

namespace bandstand::learning {
namespace {

TEST(DelayedConversions, FindsRateAndDelayOfOneKindOfClick) {
  base::Rng rng(1);
  DelayedConversions model({.bits = 4});
  const std::vector<Feature> features{{3, 0, 1}};
  for (int i = 0; i < 300'000; ++i) {
    const bool converts = rng.chance(0.2);
    const double delay = 2 * rng.exponential(), age = 6 * rng.uniform();
    DelayedClick click{.delay_days = {}, .elapsed_days = age};
    if (converts && delay <= age) click.delay_days = delay;
    model.learn(features, click);
  }
  EXPECT_NEAR(model.predict(features), 0.2, 0.01);
  EXPECT_NEAR(model.mean_delay_days(features), 2, 0.15);
}

TEST(DelayedConversions, SaysTheLikelihoodOfWhatWasSeen) {
  DelayedConversions model({.bits = 4});
  const std::vector<Feature> features{{3, 0, 1}};
  // Untrained: P = 1/2, rate = 1 a day.
  EXPECT_NEAR(model.learn(features, {.delay_days = 0.7, .elapsed_days = 0}), std::log(2.0) + 0.7, 1e-9);
  DelayedConversions other({.bits = 4});
  EXPECT_NEAR(other.learn(features, {.delay_days = {}, .elapsed_days = 0.7}), -std::log(0.5 + 0.5 * std::exp(-0.7)), 1e-9);
}

TEST(DelayedConversions, LearnsNothingFromAClickOfThisMoment) {
  DelayedConversions model({.bits = 4, .l2 = 0});
  const std::vector<Feature> features{{3, 0, 1}};
  model.learn(features, {.delay_days = {}, .elapsed_days = 0});
  EXPECT_DOUBLE_EQ(model.predict(features), 0.5);
}

TEST(DelayedWorld, TheModelRemovesTheBiasOfAShortWait) {
  const auto figures = measure_delayed_world({.clicks = 300'000, .seed = 2});
  ASSERT_EQ(figures.size(), 7u);
  EXPECT_EQ(figures[0].name, "within an hour");
  EXPECT_NEAR(figures[0].bias, -0.65, 0.05);
  EXPECT_NEAR(figures[1].bias, -0.50, 0.05);
  EXPECT_EQ(figures[3].name, "delayed");
  EXPECT_NEAR(figures[3].bias, 0, 0.05);
  EXPECT_EQ(figures[6].bias, 0);
}

}  // namespace
}  // namespace bandstand::learning
