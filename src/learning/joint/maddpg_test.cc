// maddpg_test: games of one step whose answers are known.
#include "learning/joint/maddpg.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bandstand::learning {
namespace {

JointOptions two_agents(bool shared) {
  JointOptions options;
  options.agents = 2;
  options.features = 1;
  options.owner = {0, 1};
  options.owners = 2;
  options.shared_critic = shared;
  options.actor_rates.rate = 3e-3f;
  return options;
}

/// What each owner earns, by the actions and the one number that both see.
using Game = std::vector<float> (*)(float a, float b, float x);

std::vector<float> play(JointLearner& learner, Game game, int steps, std::span<const char> learning = {}) {
  base::Rng rng(9);
  for (int i = 0; i < steps; ++i) {
    const auto x = static_cast<float>(2 * rng.uniform() - 1);
    const std::vector<float> views = {x, x};
    const auto actions = learner.explore(views, learning);
    learner.add({views, actions, game(actions[0], actions[1], x), views, true});
    learner.learn(learning);
  }
  const float at[] = {0.5f, 0.5f};
  return learner.act(at);
}

TEST(JointLearner, StartsFromThePolicyThatItIsAddedTo) {
  const JointLearner learner(two_agents(true), 1);
  const float views[] = {0.3f, -2.0f};
  EXPECT_EQ(learner.act(views), (std::vector<float>{0, 0}));
}

/// The sum is earned by the first alone and needs both: a = x, b = -x.
TEST(JointLearner, ASharedCriticTeachesAgentsWhoEarnNothingThemselves) {
  JointLearner learner(two_agents(true), 1);
  const auto found = play(
      learner, [](float a, float b, float x) { return std::vector<float>{-(a - x) * (a - x) - (b + x) * (b + x), 0.0f}; }, 2500);
  EXPECT_NEAR(found[0], 0.5f, 0.15f);
  EXPECT_NEAR(found[1], -0.5f, 0.15f);
}

TEST(JointLearner, ACriticOfOnesOwnServesOneself) {
  JointLearner learner(two_agents(false), 1);
  const auto found = play(
      learner,
      [](float a, float b, float) {
        return std::vector<float>{-(a - 0.4f) * (a - 0.4f) + b, -(b + 0.4f) * (b + 0.4f) - a};
      },
      2500);
  EXPECT_NEAR(found[0], 0.4f, 0.15f);
  EXPECT_NEAR(found[1], -0.4f, 0.15f) << "b = 1 would serve the other";
}

TEST(JointLearner, ActionsStayWithinTheTrustRegionAndTheUnchosenStand) {
  JointOptions options = two_agents(false);
  options.limit = 0.2f;
  JointLearner learner(options, 1);
  const char first_only[] = {1, 0};
  const auto found = play(learner, [](float a, float b, float) { return std::vector<float>{a, b}; }, 1500, first_only);
  EXPECT_GT(found[0], 0.15f);
  EXPECT_LE(found[0], 0.2f);
  EXPECT_EQ(found[1], 0);
}

TEST(JointLearner, TheSameSeedLearnsTheSame) {
  JointLearner a(two_agents(true), 4), b(two_agents(true), 4);
  const Game game = [](float x, float y, float) { return std::vector<float>{x, y}; };
  EXPECT_EQ(play(a, game, 200), play(b, game, 200));
}

}  // namespace
}  // namespace bandstand::learning
