// rate_sketch_test: claims about estimated rates, against exact counts.
#include "agents/fraud/rate_sketch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <unordered_map>

#include "base/rng.h"

namespace bandstand::agents::fraud {
namespace {

base::WallTime at_ms(std::int64_t ms) { return {(1'700'000'000'000 + ms) * 1'000'000}; }

TEST(RateSketch, ASteadyKeyHasItsRate) {
  RateSketch sketch;
  float rate = 0;
  for (int second = 0; second < 300; ++second) rate = sketch.add(7, at_ms(second * 1'000));
  EXPECT_NEAR(rate, 60, 4);
}

TEST(RateSketch, FadesToNothing) {
  RateSketch sketch;
  for (int i = 0; i < 1'000; ++i) sketch.add(7, at_ms(0));
  EXPECT_GE(sketch.rate(7, at_ms(1)), 2'000);
  EXPECT_LT(sketch.rate(7, at_ms(45'000)), 2'000);
  EXPECT_EQ(sketch.rate(7, at_ms(70'000)), 0);
}

TEST(RateSketch, AClockThatGoesBackDoesNoHarm) {
  RateSketch sketch;
  sketch.add(7, at_ms(100'000));
  const float rate = sketch.add(7, at_ms(0));
  EXPECT_GT(rate, 0);
  EXPECT_TRUE(std::isfinite(rate));
}

// Zipf-like keys within one window: never below the truth, rarely far above, with far more keys than counters
// a row.
TEST(RateSketch, NeverUnderestimatesAndRarelyErrsByMuch) {
  base::Rng rng(3);
  RateSketch sketch({.width = 1 << 12, .rows = 4, .window_ms = 60'000});
  std::unordered_map<std::uint64_t, int> exact;
  constexpr std::int64_t kStart = 20'000;  // just after the beginning of a window
  constexpr int kEvents = 40'000;
  for (int i = 0; i < kEvents; ++i) {
    const auto key = static_cast<std::uint64_t>(std::pow(rng.uniform(), -1.2));
    ++exact[key];
    sketch.add(key, at_ms(kStart));
  }
  int far = 0;
  for (const auto& [key, count] : exact) {
    const float estimate = sketch.rate(key, at_ms(kStart));
    ASSERT_GE(estimate, static_cast<float>(std::min(count, 65'535)) * 0.999f);
    if (estimate > static_cast<float>(count) + kEvents * 2.72f / (1 << 12)) ++far;
  }
  EXPECT_LE(far, static_cast<int>(exact.size()) / 50);  // e^-4 = 1.8 %; conservative update does better
}

TEST(RateSketch, HasTheMemoryItSays) { EXPECT_EQ(RateSketch().bytes(), 4u << 17); }

}  // namespace
}  // namespace bandstand::agents::fraud
