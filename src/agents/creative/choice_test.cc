// choice_test: the integral agrees with drawing, and its corners are sound.
#include "agents/creative/choice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/rng.h"

namespace bandstand::agents::creative {
namespace {

std::vector<float> chances(const std::vector<Belief>& beliefs) {
  std::vector<float> out(beliefs.size());
  best_probabilities(beliefs, out);
  return out;
}

TEST(Choice, AgreesWithDrawingTheScores) {
  base::Rng rng(7);
  for (int world = 0; world < 30; ++world) {
    std::vector<Belief> beliefs(2 + rng.below(kChoiceMax - 1));
    for (Belief& belief : beliefs) {
      belief = {static_cast<float>(-4 + 0.5 * rng.normal()), static_cast<float>(0.02 + 0.5 * rng.uniform())};
    }
    std::vector<double> drawn(beliefs.size());
    constexpr int kDraws = 20'000;
    for (int i = 0; i < kDraws; ++i) {
      double highest = -1e9;
      std::size_t best = 0;
      for (std::size_t k = 0; k < beliefs.size(); ++k) {
        const double score = beliefs[k].mean + beliefs[k].deviation * rng.normal();
        if (score > highest) {
          highest = score;
          best = k;
        }
      }
      drawn[best] += 1.0 / kDraws;
    }
    const auto computed = chances(beliefs);
    for (std::size_t k = 0; k < beliefs.size(); ++k) EXPECT_NEAR(computed[k], drawn[k], 0.03) << world << " " << k;
  }
}

TEST(Choice, SumsToOneAndEqualBeliefsShareEvenly) {
  const auto even = chances(std::vector<Belief>(10, {-3, 0.4f}));
  for (const float p : even) EXPECT_NEAR(p, 0.1, 1e-4);
  EXPECT_NEAR(std::accumulate(even.begin(), even.end(), 0.0f), 1, 1e-5);
  EXPECT_FLOAT_EQ(chances({{1, 0.3f}})[0], 1);
}

TEST(Choice, CertainScoresAreComparedAsNumbers) {
  const auto apart = chances({{-3, 0}, {-2, 0}, {-4, 0}});
  EXPECT_NEAR(apart[1], 1, 1e-3);
  const auto same = chances({{-3, 0}, {-3, 0}});
  EXPECT_NEAR(same[0], 0.5, 1e-3);
  const auto mixed = chances({{-3, 0}, {-3, 1}});  // one certain, one as likely above as below
  EXPECT_NEAR(mixed[0], 0.5, 0.03);
}

}  // namespace
}  // namespace bandstand::agents::creative
