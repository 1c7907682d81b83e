// won_calibration_test: which outcomes count, which part they belong to, what a curve mends, and the interval over worlds.
#include "app/won_calibration.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace bandstand::app {
namespace {

using domain::Outcome;

base::WallTime at(int second) { return base::WallTime{1'000'000'000ll * second}; }

/// Won impressions that promise `promise` times their true rate.
std::vector<Outcome> outcomes_of(base::Rng& rng, int count, double promise) {
  std::vector<Outcome> out;
  for (int i = 0; i < count; ++i) {
    Outcome one;
    one.kind = Outcome::Kind::response;
    one.won = true;
    const double truth = 0.01 + 0.04 * rng.uniform();
    one.facts.click_rate = static_cast<float>(promise * truth);
    one.facts.at_time = at(i);
    one.facts.device = i % 2 == 0 ? 2 : 4;
    one.facts.size = {300, 250};
    one.clicked = rng.chance(truth);
    out.push_back(one);
  }
  return out;
}

TEST(WonCalibration, CurvesMendAPromiseThatIsTooHigh) {
  base::Rng rng(3);
  const auto outcomes = outcomes_of(rng, 200'000, 1.4);
  const auto parts = won_calibration(outcomes, at(0), at(100'000), at(200'000));
  const Promised& all = parts.at("all");
  EXPECT_EQ(all.impressions, 100'000u);
  const auto clicks = static_cast<double>(all.clicks);
  EXPECT_NEAR(all.served / clicks, 1.4, 0.08);
  EXPECT_NEAR(all.platt / clicks, 1, 0.06);
  EXPECT_NEAR(all.isotonic / clicks, 1, 0.06);
  EXPECT_EQ(parts.at("device pc").impressions + parts.at("device phone").impressions, all.impressions);
  EXPECT_EQ(parts.at("size 300x250").impressions, all.impressions);
  const auto rate = [&](const char* part) {
    return static_cast<double>(parts.at(part).clicks) / static_cast<double>(parts.at(part).impressions);
  };
  EXPECT_LT(rate("rate low"), rate("rate middle"));
  EXPECT_LT(rate("rate middle"), rate("rate high"));
}

TEST(WonCalibration, LeavesOutWhatTeachesNothing) {
  base::Rng rng(4);
  auto outcomes = outcomes_of(rng, 10, 1);
  outcomes[5].won = false;
  outcomes[6].suspicious = true;
  outcomes[7].facts.test = true;
  outcomes[8].kind = Outcome::Kind::price;
  const auto parts = won_calibration(outcomes, at(0), at(5), at(10));
  EXPECT_EQ(parts.at("all").impressions, 1u);
  EXPECT_TRUE(won_calibration({}, at(0), at(5), at(10)).empty());
}

TEST(WonCalibration, IntervalOverWorldsCoversTheTruth) {
  base::Rng rng(5);
  int covered = 0;
  const int repeats = 400;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    std::vector<double> promised, seen;
    for (int world = 0; world < 12; ++world) {
      double clicks = 0;
      const int impressions = 2000 + static_cast<int>(rng.below(2000));
      for (int i = 0; i < impressions; ++i) clicks += rng.chance(0.03);
      promised.push_back(1.1 * 0.03 * impressions);
      seen.push_back(clicks);
    }
    const auto ratio = ratio_of_sums(promised, seen);
    covered += ratio.low <= 1.1 && 1.1 <= ratio.high;
  }
  EXPECT_NEAR(covered, 0.95 * repeats, 0.03 * repeats);
}

}  // namespace
}  // namespace bandstand::app
