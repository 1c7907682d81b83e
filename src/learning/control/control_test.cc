// control_test: a corridor whose best way is known, the pieces of Q-learning, and logs that lack the best action.
#include <gtest/gtest.h>

#include <array>

#include "learning/control/iql.h"
#include "learning/control/q_learner.h"
#include "learning/control/replay_buffer.h"
#include "model/dense.h"

namespace bandstand::learning {
namespace {

/// Five places in a row; left, stay, right; a small reward at once at the left end, a large one at the right end, each of which
/// ends the episode. From the middle it is right to go right, for whoever looks two steps ahead.
class Corridor {
 public:
  static constexpr int kPlaces = 5;
  [[nodiscard]] static std::vector<float> state(int place) {
    std::vector<float> one_hot(kPlaces);
    one_hot[static_cast<std::size_t>(place)] = 1;
    return one_hot;
  }
  template <class Choose>
  static std::vector<Step> live(Choose&& choose) {
    std::vector<Step> episode;
    int place = 2;
    for (int t = 0; t < 12; ++t) {
      const int action = choose(state(place));
      place += action - 1;
      const float reward = place <= 0 ? 0.3f : place >= kPlaces - 1 ? 1.0f : 0.0f;
      episode.push_back({state(place - action + 1), action, reward});
      if (reward > 0) break;
    }
    return episode;
  }
};

constexpr float kDiscount = 0.9f;  // with 1, staying would cost nothing

QOptions corridor_options() {
  QOptions options{.inputs = Corridor::kPlaces, .actions = 3, .hidden = {16}};
  options.rates.rate = 5e-3f;
  options.target_every = 50;
  return options;
}

int greedy(const Mlp& net, int place) {
  const std::vector<float> state = Corridor::state(place);
  Eigen::Index best = 0;
  net.predict(Eigen::Map<const Mlp::Matrix>(state.data(), 1, Corridor::kPlaces)).row(0).maxCoeff(&best);
  return static_cast<int>(best);
}

class QLearnerOptions : public testing::TestWithParam<std::pair<bool, bool>> {};

TEST_P(QLearnerOptions, FindsTheFarRewardByTrying) {
  QOptions options = corridor_options();
  std::tie(options.double_q, options.duelling) = GetParam();
  QLearner learner(options, 1);
  ReplayBuffer buffer(Corridor::kPlaces, 1000);
  base::Rng rng(2);
  for (int episode = 0; episode < 150; ++episode) {
    const double epsilon = std::max(0.1, 1 - episode / 100.0);
    buffer.add_episode(Corridor::live([&](const auto& state) { return learner.act(state, epsilon, rng); }), 1, kDiscount);
    for (int i = 0; i < 10; ++i) learner.learn(buffer);
  }
  for (int place = 1; place <= 3; ++place) EXPECT_EQ(greedy(learner.network().folded(), place), 2) << place;
  const std::vector<float> middle = Corridor::state(2);
  const Mlp::Matrix row = Eigen::Map<const Mlp::Matrix>(middle.data(), 1, Corridor::kPlaces);
  EXPECT_NEAR(learner.network().predict(row).maxCoeff(), kDiscount, 0.1);
  EXPECT_LT((learner.network().predict(row) - learner.network().folded().predict(row)).cwiseAbs().maxCoeff(), 1e-5f);
}
INSTANTIATE_TEST_SUITE_P(All, QLearnerOptions,
                         testing::Values(std::pair(false, false), std::pair(true, false), std::pair(true, true)));

TEST(QLearner, IsReproducibleFromItsSeed) {
  ReplayBuffer buffer(Corridor::kPlaces, 100);
  base::Rng rng(1);
  for (int i = 0; i < 10; ++i)
    buffer.add_episode(Corridor::live([&](const auto&) { return static_cast<int>(rng.below(3)); }), 1, kDiscount);
  const auto after = [&](std::uint64_t seed) {
    QLearner learner(corridor_options(), seed);
    double loss = 0;
    for (int i = 0; i < 20; ++i) loss = learner.learn(buffer);
    return loss;
  };
  EXPECT_EQ(after(5), after(5));
  EXPECT_NE(after(5), after(6));
}

/// Logs of a policy that goes left mostly and never stays: a learner of logs must find the way right without having tried "stay".
ReplayBuffer logs(std::uint64_t seed) {
  ReplayBuffer buffer(Corridor::kPlaces, 2000);
  base::Rng rng(seed);
  const auto choose = [&](const auto&) { return rng.chance(0.6) ? 0 : 2; };
  for (int i = 0; i < 200; ++i) buffer.add_episode(Corridor::live(choose), 1, kDiscount);
  return buffer;
}

TEST(Cql, IsBetterThanTheLogAndDoesNotTrustWhatWasNotTried) {
  const ReplayBuffer buffer = logs(3);
  QOptions options = corridor_options();
  options.conservative = 0.1f;
  QLearner learner(options, 1);
  for (int i = 0; i < 2000; ++i) learner.learn(buffer);
  for (int place = 1; place <= 3; ++place) {
    EXPECT_EQ(greedy(learner.network().folded(), place), 2) << place;
    const std::vector<float> state = Corridor::state(place);
    const Mlp::Matrix q = learner.network().predict(Eigen::Map<const Mlp::Matrix>(state.data(), 1, Corridor::kPlaces));
    EXPECT_LT(q(0, 1), q(0, 0)) << "staying was never tried";
  }
}

TEST(Iql, IsBetterThanTheLog) {
  const ReplayBuffer buffer = logs(4);
  IqlOptions options{.q = corridor_options(), .tau = 0.9f, .beta = 10};
  IqlLearner learner(options, 1);
  for (int i = 0; i < 2000; ++i) learner.learn(buffer);
  for (int place = 2; place <= 3; ++place) EXPECT_EQ(greedy(learner.policy(), place), 2) << place;
}

TEST(ReplayBuffer, CreditsNStepsAndForgetsTheOldest) {
  ReplayBuffer buffer(1, 3);
  const std::vector<Step> episode = {{{1}, 0, 1}, {{2}, 1, 10}, {{3}, 2, 100}, {{4}, 0, 1000}};
  buffer.add_episode(episode, 2, 0.5f);
  EXPECT_EQ(buffer.size(), 3u);
  base::Rng rng(1);
  const StepBatch batch = buffer.draw(50, rng);
  for (std::size_t i = 0; i < 50; ++i) {
    const float state = batch.state(static_cast<Eigen::Index>(i), 0);
    EXPECT_NE(state, 1);
    const std::array<float, 5> reward = {0, 0, 60, 600, 1000};
    EXPECT_EQ(batch.reward[i], reward[static_cast<std::size_t>(state)]);
    EXPECT_EQ(batch.going[i], state == 2 ? 0.25f : 0);
    EXPECT_EQ(batch.next(static_cast<Eigen::Index>(i), 0), state == 2 ? 4 : 0);
  }
}

TEST(QLearner, KnowsOnePeakFromTwo) {
  EXPECT_TRUE(is_unimodal(std::array<float, 4>{1, 2, 2, 0}));
  EXPECT_TRUE(is_unimodal(std::array<float, 3>{3, 2, 1}));
  EXPECT_FALSE(is_unimodal(std::array<float, 3>{3, 2, 3}));
}

}  // namespace
}  // namespace bandstand::learning
