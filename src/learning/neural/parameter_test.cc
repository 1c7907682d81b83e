// parameter_test: the first step, the bottom of a bowl, and what L2 does.
#include "learning/neural/parameter.h"

#include <gtest/gtest.h>

namespace bandstand::learning {
namespace {

TEST(Parameter, TheFirstStepIsTheRateWhateverTheGradientIs) {
  Parameter p(1, 2);
  p.value << 1, 1;
  p.gradient << 1000, -.001f;
  p.adam({.rate = .1f}, 1);
  EXPECT_NEAR(p.value(0, 0), .9f, 1e-6f);  // m and v without bias are g and g^2 at step 1
  EXPECT_NEAR(p.value(0, 1), 1.1f, 1e-5f);
  EXPECT_EQ(p.gradient(0, 0), 0);
}

TEST(Parameter, GoesToTheBottomOfABowl) {
  Parameter p(1, 1);
  p.value << 5;
  for (long step = 1; step <= 2000; ++step) {
    p.gradient(0, 0) = 2 * (p.value(0, 0) - 3);
    p.adam({.rate = .01f}, step);
  }
  EXPECT_NEAR(p.value(0, 0), 3, 1e-2f);
}

TEST(Parameter, L2PullsToZero) {
  Parameter p(1, 1);
  p.value << 5;
  for (long step = 1; step <= 2000; ++step) p.adam({.rate = .01f, .l2 = .1f}, step);
  EXPECT_NEAR(p.value(0, 0), 0, 1e-2f);
}

}  // namespace
}  // namespace bandstand::learning
