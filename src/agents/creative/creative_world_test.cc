// creative_world_test: regret of the policies in the standard creative world, over seeds.
#include "agents/creative/creative_world.h"

#include <gtest/gtest.h>

namespace bandstand::agents::creative {
namespace {

constexpr int kSeeds = 8;
constexpr std::uint64_t kFirstSeed = 101;  ///< not among those that the model's priors were chosen on

WorldResult mean_over_seeds(CreativePolicy policy, WorldOptions options = {}) {
  WorldResult mean;
  for (std::uint64_t seed = kFirstSeed; seed < kFirstSeed + kSeeds; ++seed) {
    const WorldResult one = CreativeWorld(seed, options).run({.policy = policy});
    mean.regret += one.regret / kSeeds;
    mean.calibration += one.calibration / kSeeds;
  }
  return mean;
}

TEST(CreativeWorldTest, ThompsonSamplingRegretsLessThanTheOthers) {
  const WorldResult thompson = mean_over_seeds(CreativePolicy::thompson);
  const WorldResult epsilon = mean_over_seeds(CreativePolicy::epsilon_greedy);
  const WorldResult greedy = mean_over_seeds(CreativePolicy::greedy);
  const WorldResult random = mean_over_seeds(CreativePolicy::random);
  std::printf("regret after 50,000 impressions, base rate 5 %%, %d seeds: thompson %.2f %%, epsilon 0.05 %.2f %%, "
              "greedy %.2f %%, random %.2f %%; calibration of thompson %.3f\n",
              kSeeds, 100 * thompson.regret, 100 * epsilon.regret, 100 * greedy.regret, 100 * random.regret,
              thompson.calibration);
  EXPECT_LE(thompson.regret, 0.08);
  EXPECT_LT(thompson.regret, 0.75 * epsilon.regret);
  EXPECT_LT(thompson.regret, greedy.regret);
  EXPECT_GT(random.regret, 0.2);
  EXPECT_NEAR(thompson.calibration, 1, 0.05);
}

}  // namespace
}  // namespace bandstand::agents::creative
