// creative_bandit_test: propensities are what arms are drawn with, nobody starves who must not, and all of them learn.
#include "experiments/creative_bandit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace bandstand::experiments {
namespace {

/// Six creatives of two headlines and three colours, for two kinds of users.
CreativeProblem small_problem() {
  CreativeProblem problem{.arms = 6, .contexts = 2, .factors = {}, .base_rate = 0.1};
  Factor headline{.name = "headline", .levels = 2, .level_of = {}};
  Factor colour{.name = "colour", .levels = 3, .level_of = {}};
  Factor both{.name = "headlinexcolour", .levels = 6, .level_of = {}, .interaction = true};
  for (std::uint32_t cell = 0; cell < problem.cells(); ++cell) {
    const std::uint32_t arm = cell % 6;
    headline.level_of.push_back(arm % 2);
    colour.level_of.push_back(arm / 2);
    both.level_of.push_back(arm);
  }
  problem.factors = {headline, colour, both};
  return problem;
}

/// Arm 5 is the best one by far.
double rate_of(std::uint32_t arm) { return 0.06 + 0.02 * (arm % 2) + 0.03 * (arm / 2); }

void play(TabledBandit& bandit, int impressions, base::Rng& rng) {
  for (int i = 0; i < impressions; ++i) {
    if (i % 200 == 0) bandit.refresh();
    const auto context = static_cast<std::uint32_t>(rng.below(2));
    const std::uint32_t arm = bandit.choose(context, rng).arm;
    bandit.learn(context, arm, rng.chance(rate_of(arm)));
  }
  bandit.refresh();
}

class EachBandit : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(All, EachBandit, testing::ValuesIn(creative_bandit_names()),
                         [](const auto& instance) { return instance.param; });

TEST_P(EachBandit, PropensitiesSumToOneAndAreWhatArmsAreDrawnWith) {
  const auto bandit = make_creative_bandit(GetParam(), small_problem(), 1);
  ASSERT_NE(bandit, nullptr);
  base::Rng rng(7);
  for (const int more : {0, 1000, 4000}) {
    play(*bandit, more, rng);
    for (std::uint32_t context = 0; context < 2; ++context) {
      const std::span<const double> row = bandit->propensities(context);
      EXPECT_NEAR(std::accumulate(row.begin(), row.end(), 0.0), 1, 1e-9);
      EXPECT_GE(*std::min_element(row.begin(), row.end()), 0);
      std::vector<double> drawn(row.size());
      constexpr int kTimes = 20'000;
      for (int i = 0; i < kTimes; ++i) {
        const CreativeChoice choice = bandit->choose(context, rng);
        ASSERT_EQ(choice.propensity, static_cast<float>(row[choice.arm]));
        drawn[choice.arm] += 1.0 / kTimes;
      }
      for (std::size_t arm = 0; arm < row.size(); ++arm) EXPECT_NEAR(drawn[arm], row[arm], 0.015) << arm;
    }
  }
}

TEST_P(EachBandit, IsTheSameForTheSameSeed) {
  std::vector<std::uint32_t> first;
  for (int run = 0; run < 2; ++run) {
    const auto bandit = make_creative_bandit(GetParam(), small_problem(), 3);
    base::Rng rng(3);
    play(*bandit, 600, rng);
    std::vector<std::uint32_t> arms;
    for (int i = 0; i < 50; ++i) arms.push_back(bandit->choose(0, rng).arm);
    if (run == 0) first = arms;
    EXPECT_EQ(arms, first);
  }
}

TEST_P(EachBandit, ComesToPreferTheBestArmUnlessItIsRandom) {
  const auto bandit = make_creative_bandit(GetParam(), small_problem(), 5);
  base::Rng rng(5);
  play(*bandit, 30'000, rng);
  const double best = bandit->propensities(0)[5];
  if (GetParam() == "random") {
    EXPECT_DOUBLE_EQ(best, 1.0 / 6);
  } else if (GetParam() != "greedy") {  // which may have settled for another one
    EXPECT_GT(best, 0.5);
  }
}

TEST(CreativeBandit, NoArmStarvesWhereThePolicyPromisesIt) {
  for (const char* name : {"random", "epsilon_greedy", "squarecb", "structured_squarecb"}) {
    const auto bandit = make_creative_bandit(name, small_problem(), 5);
    base::Rng rng(5);
    play(*bandit, 30'000, rng);
    const auto row = bandit->propensities(1);
    EXPECT_GT(*std::min_element(row.begin(), row.end()), 1e-4) << name;
  }
}

TEST(CreativeBandit, SquareCbGivesEachArmInverselyToItsGap) {
  // p = 1 / (K + gamma gap): a larger gap never has more, and the best has what is left.
  const auto bandit = make_creative_bandit("structured_squarecb", small_problem(), 5);
  base::Rng rng(5);
  play(*bandit, 30'000, rng);
  const auto row = bandit->propensities(0);
  EXPECT_EQ(std::max_element(row.begin(), row.end()) - row.begin(), 5);
  EXPECT_GT(row[3], row[0]);
  EXPECT_LE(row[0], 1.0 / 6);
}

TEST(CreativeBandit, ThereIsNoPolicyOfAnotherName) {
  EXPECT_EQ(make_creative_bandit("sorcery", small_problem(), 1), nullptr);
}

}  // namespace
}  // namespace bandstand::experiments
