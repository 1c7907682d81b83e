// joint_game_test: what the game promises, and that dual decomposition is worth its name in it.
#include "experiments/joint_game.h"

#include <gtest/gtest.h>

namespace bandstand::experiments {
namespace {

GameFigures play(const GameWorld& world, GameStart start, std::uint64_t day, int agent = -1, float action = 0) {
  JointGame game(world, start);
  game.reset(day);
  std::array<float, kGameAgents> actions{};
  if (agent >= 0) actions[static_cast<std::size_t>(agent)] = action;
  GameFigures figures;
  while (!game.over()) figures.add(game.step(actions));
  return figures;
}

TEST(JointGame, IsTheSameForTheSameSeedsAndActions) {
  const GameWorld world = GameWorld::draw(3);
  EXPECT_EQ(play(world, GameStart::dual, 5).value, play(GameWorld::draw(3), GameStart::dual, 5).value);
  EXPECT_NE(play(world, GameStart::dual, 5).value, play(world, GameStart::dual, 6).value);
}

TEST(JointGame, NobodySpendsMoreThanItsBudgetWhateverItDoes) {
  const GameWorld world = GameWorld::draw(3);
  for (const auto start : {GameStart::naive, GameStart::dual}) {
    for (int agent = -1; agent < kGameAgents; ++agent) {
      const GameFigures day = play(world, start, 1, agent, -1.0f);
      for (std::size_t i = 0; i < kGameCampaigns; ++i) EXPECT_LE(day.cost[i], world.campaigns[i].budget + 1e-9);
    }
  }
}

TEST(JointGame, ActionsMoveWhatTheyAreNamedFor) {
  const GameWorld world = GameWorld::draw(3);
  const GameFigures usual = play(world, GameStart::dual, 1);
  JointGame plain(world, GameStart::dual), dearer(world, GameStart::dual);
  plain.reset(1);
  dearer.reset(1);
  std::array<float, kGameAgents> actions{};
  plain.step(actions);
  actions[0] = 0.5f;
  dearer.step(actions);
  EXPECT_NEAR(dearer.mu(0) / plain.mu(0), std::exp(0.5), 1e-6);
  EXPECT_GT(play(world, GameStart::dual, 1, 1, 0.4f).clearing, usual.clearing) << "who bids more makes prices";
  const GameFigures costly = play(world, GameStart::dual, 1, 2, 3.0f);
  EXPECT_NE(costly.value[0], usual.value[0]) << "the plain creative, always";
}

TEST(JointGame, SharingTheShadowPriceBeatsTheNaiveStart) {
  double dual = 0, naive = 0, use = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const GameWorld world = GameWorld::draw(seed);
    for (std::uint64_t day = 0; day < 5; ++day) {
      const GameFigures of_dual = play(world, GameStart::dual, day);
      dual += of_dual.worth(world);
      naive += play(world, GameStart::naive, day).worth(world);
      for (std::size_t i = 0; i < kGameCampaigns; ++i) use += of_dual.cost[i] / world.campaigns[i].budget / 45;
    }
  }
  EXPECT_GT(dual, 1.02 * naive);
  EXPECT_GT(use, 0.95);
}

TEST(JointGame, ViewsAreFeaturesOfTheControlState) {
  const GameWorld world = GameWorld::draw(3);
  JointGame game(world, GameStart::dual);
  game.reset(1);
  const auto views = game.views();
  ASSERT_EQ(views.size(), kGameCampaigns * agents::bid::kControlFeatures);
  EXPECT_FLOAT_EQ(views[0], 1);
  EXPECT_FLOAT_EQ(views[1], 1);
}

}  // namespace
}  // namespace bandstand::experiments
