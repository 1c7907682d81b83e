// response_monitor_test: quiet while nothing changes, loud when something does.
#include "model/response_monitor.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace bandstand::model {
namespace {

/// Answers of a world whose true rate is `truth` times what the model says, until the window closes.
MonitorReading window(ResponseMonitor& monitor, base::Rng& rng, double scale, double truth) {
  for (;;) {
    const double p = scale * (0.01 + 0.04 * rng.uniform());
    if (monitor.add(p, rng.chance(truth * p))) return monitor.last();
  }
}

TEST(ResponseMonitor, SaysOneWhileTheModelIsRight) {
  ResponseMonitor monitor(100'000);
  base::Rng rng(1);
  for (int i = 0; i < 5; ++i) {
    const MonitorReading reading = window(monitor, rng, 1, 1);
    EXPECT_EQ(reading.rows, 100'000u);
    EXPECT_NEAR(reading.calibration, 1, 0.06);  // 3,000 responses: 1.8 % of noise
    EXPECT_LT(reading.psi, 0.001);
  }
  EXPECT_EQ(monitor.windows(), 5u);
}

TEST(ResponseMonitor, SeesAModelThatPromisesTooMuch) {
  ResponseMonitor monitor(100'000);
  base::Rng rng(2);
  (void)window(monitor, rng, 1, 1);
  const MonitorReading reading = window(monitor, rng, 1, 0.5);
  EXPECT_NEAR(reading.calibration, 2, 0.2);
  EXPECT_LT(reading.psi, 0.001);  // it is asked the same things
}

TEST(ResponseMonitor, SeesOtherTrafficAndForgetsTheOldWhenTold) {
  ResponseMonitor monitor(100'000);
  base::Rng rng(3);
  (void)window(monitor, rng, 1, 1);
  EXPECT_GT(window(monitor, rng, 3, 1).psi, 0.25);
  monitor.forget_reference();
  EXPECT_EQ(window(monitor, rng, 3, 1).psi, 0);
}

TEST(ResponseMonitor, TakesAnyPrediction) {
  ResponseMonitor monitor(3);
  EXPECT_FALSE(monitor.add(0, false));
  EXPECT_FALSE(monitor.add(1, true));
  EXPECT_TRUE(monitor.add(0.5, false));
  EXPECT_DOUBLE_EQ(monitor.last().calibration, 2.5 / 2);
}

}  // namespace
}  // namespace bandstand::model
