// neural_linear_test: propensities are what arms are drawn with, what suits whom is learned, the towers survive a file.
#include "experiments/neural_linear.h"

#include <gtest/gtest.h>

#include <numeric>

#include "experiments/creative_production.h"

namespace bandstand::experiments {
namespace {

/// Six creatives of two headlines and three colours, for users of two topics.
class NeuralLinearTest : public testing::Test {
 protected:
  NeuralLinearTest() {
    for (int arm = 0; arm < 6; ++arm) {
      attributes_.push_back({"headline=" + std::to_string(arm % 2), "colour=" + std::to_string(arm / 2)});
    }
    contexts_ = {{.user_topic = 7, .topic_strength = 1}, {.user_topic = 8, .topic_strength = 1}};
  }
  NeuralLinear bandit() const { return {*catalogue_of(attributes_), contexts_, 0.1, 5}; }
  /// Headline 1 suits topic 8, headline 0 topic 7; colour 2 is best for both.
  static double rate_of(std::uint32_t context, std::uint32_t arm) {
    return 0.05 + (arm % 2 == context ? 0.1 : 0) + 0.03 * (arm / 2);
  }
  static void play(NeuralLinear& bandit, int impressions) {
    base::Rng rng(7);
    for (int i = 0; i < impressions; ++i) {
      if (i % 200 == 0) bandit.refresh();
      const auto context = static_cast<std::uint32_t>(rng.below(2));
      const std::uint32_t arm = bandit.choose(context, rng).arm;
      bandit.learn(context, arm, rng.chance(rate_of(context, arm)));
    }
    bandit.refresh();
  }
  std::vector<std::vector<std::string>> attributes_;
  std::vector<agents::creative::Context> contexts_;
};

TEST_F(NeuralLinearTest, IsUniformUntilItIsTrainedThenLearnsWhatSuitsWhom) {
  NeuralLinear neural = bandit();
  play(neural, 400);
  EXPECT_DOUBLE_EQ(neural.propensities(0)[3], 1.0 / 6);
  play(neural, 12'000);
  EXPECT_GT(neural.propensities(0)[4], 0.5);
  EXPECT_GT(neural.propensities(1)[5], 0.5);
}

TEST_F(NeuralLinearTest, PropensitiesSumToOneAndAreWhatArmsAreDrawnWith) {
  NeuralLinear neural = bandit();
  play(neural, 1500);
  const auto row = neural.propensities(1);
  EXPECT_NEAR(std::accumulate(row.begin(), row.end(), 0.0), 1, 1e-9);
  std::vector<double> drawn(row.size());
  base::Rng rng(3);
  constexpr int kTimes = 20'000;
  for (int i = 0; i < kTimes; ++i) {
    const CreativeChoice choice = neural.choose(1, rng);
    ASSERT_EQ(choice.propensity, static_cast<float>(row[choice.arm]));
    drawn[choice.arm] += 1.0 / kTimes;
  }
  for (std::size_t arm = 0; arm < row.size(); ++arm) EXPECT_NEAR(drawn[arm], row[arm], 0.015) << arm;
}

TEST_F(NeuralLinearTest, IsTheSameForTheSameSeedAndItsTowersSurviveAFile) {
  NeuralLinear one = bandit(), other = bandit();
  play(one, 1500);
  play(other, 1500);
  EXPECT_EQ(one.towers(), other.towers());
  const auto bytes = model::encode_model(one.towers());
  ASSERT_TRUE(bytes);
  const auto read = model::TwoTower::from(*model::decode_model(*bytes));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->dimension(), 8u);
}

}  // namespace
}  // namespace bandstand::experiments
