// reward_model_test: a model never sees the round it judges, finds what is there, and says little where it
// saw little.
#include "learning/offpolicy/reward_model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"

namespace bandstand::learning {
namespace {

double sigmoid(double s) { return 1 / (1 + std::exp(-s)); }

Rounds two_actions(std::size_t rounds) {
  Rounds out{.actions = 2, .features = 1};
  base::Rng rng(1);
  for (std::size_t i = 0; i < rounds; ++i) {
    const double x = rng.normal();
    const auto a = static_cast<std::uint32_t>(rng.below(2));
    out.context.push_back(x);
    out.action.push_back(a);
    out.propensity.push_back(.5);
    out.reward.push_back(rng.chance(sigmoid(a == 0 ? x : -1 - x)) ? 1 : 0);
  }
  return out;
}

TEST(RewardModel, FindsALogisticRewardOfEachAction) {
  const Rounds rounds = two_actions(20'000);
  const Predictions q = cross_fit(rounds, {});
  double off = 0;
  for (std::size_t i = 0; i < rounds.size(); ++i) {
    const double x = rounds.context[i];
    off += std::abs(q.all[2 * i] - sigmoid(x)) + std::abs(q.all[2 * i + 1] - sigmoid(-1 - x));
    EXPECT_EQ(q.logged[i], q.all[2 * i + rounds.action[i]]);
  }
  EXPECT_LT(off / 40'000, .01);
}

TEST(RewardModel, NeverSawTheRoundItJudges) {
  Rounds rounds = two_actions(300);
  const Predictions before = cross_fit(rounds, {});
  rounds.reward[7] = 1 - rounds.reward[7];
  const Predictions after = cross_fit(rounds, {});
  EXPECT_EQ(before.all[14], after.all[14]);
  EXPECT_EQ(before.all[15], after.all[15]);
  std::size_t changed = 0;
  for (std::size_t i = 0; i < rounds.size(); ++i) changed += before.logged[i] != after.logged[i] ? 1 : 0;
  EXPECT_GE(changed, 190u);  // the other two folds were judged by models that saw it
}

TEST(RewardModel, LeavesAnActionThatWasHardlyPlayedNearAllOthers) {
  Rounds rounds{.actions = 3, .features = 0};
  for (int i = 0; i < 1000; ++i) {
    rounds.action.push_back(i == 0 ? 1u : 0u);  // action 2 was never played
    rounds.propensity.push_back(1);
    rounds.reward.push_back(i % 10 == 0 ? 1 : 0);
  }
  const Predictions q = cross_fit(rounds, {});
  for (std::size_t i = 0; i < rounds.size(); ++i) {
    EXPECT_NEAR(q.all[3 * i], .1, .03);
    EXPECT_NEAR(q.all[3 * i + 1], .1, .05);
    EXPECT_NEAR(q.all[3 * i + 2], .1, .03);
  }
}

TEST(RewardModel, IsLinearWhereRewardsAreNotClicks) {
  Rounds rounds{.actions = 1, .features = 1};
  for (int i = 0; i < 100; ++i) {
    rounds.action.push_back(0);
    rounds.propensity.push_back(1);
    rounds.context.push_back(i);
    rounds.reward.push_back(3 + 2.0 * i);
  }
  const Predictions q = cross_fit(rounds, {});
  for (std::size_t i = 0; i < rounds.size(); ++i)
    EXPECT_NEAR(q.logged[i], rounds.reward[i], 1.0);  // ridge pulls a little
}

TEST(RewardModel, FindsAParabolaOfBids) {
  Rounds rounds;
  base::Rng rng(4);
  std::vector<double> asked;
  for (int i = 0; i < 600; ++i) {
    const double b = 2 * rng.uniform();
    rounds.bid.push_back(b);
    rounds.propensity.push_back(.5);
    rounds.reward.push_back(1 - (b - 1) * (b - 1));
    asked.push_back(.8);
  }
  const std::vector<std::span<const double>> judged{asked};
  const auto q = cross_fit_bids(rounds, judged, {});
  for (std::size_t i = 0; i < rounds.size(); ++i) {
    EXPECT_NEAR(q[0][i], rounds.reward[i], .02);
    EXPECT_NEAR(q[1][i], .96, .02);
  }
}

TEST(RewardModel, SurvivesRewardsThatOneFeatureTellsApart) {
  Rounds rounds{.actions = 2, .features = 1};
  for (int i = 0; i < 200; ++i) {
    rounds.action.push_back(static_cast<std::uint32_t>(i % 2));
    rounds.propensity.push_back(.5);
    rounds.context.push_back(i < 100 ? -1 : 1);
    rounds.reward.push_back(i < 100 ? 0 : 1);
  }
  for (const double value : cross_fit(rounds, {}).all) {
    EXPECT_TRUE(std::isfinite(value));
    EXPECT_TRUE(value >= 0 && value <= 1);
  }
}

TEST(MeanUnder, IsTheInnerProductOfEachRow) {
  const std::vector<double> all{1, 2, 3, 4};
  const std::vector<double> distribution{.5, .5, 0, 1};
  EXPECT_EQ(mean_under(all, distribution, 2), (std::vector<double>{1.5, 4}));
}

}  // namespace
}  // namespace bandstand::learning
