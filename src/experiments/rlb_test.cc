// rlb_test: the fast table is the plain one.
#include "experiments/rlb.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "experiments/bidding_data.h"

namespace bandstand::experiments {
namespace {

TEST(RlbTable, EqualsTheFormulaTermByTerm) {
  base::Rng rng(1);
  std::vector<double> law(kPriceMax + 1);
  double sum = 0;
  for (double& m : law) sum += m = rng.exponential() * (rng.chance(0.05) ? 30 : 1);
  for (double& m : law) m /= sum;
  const double theta_mean = 0.004;
  const int auctions = 60;
  const int budget = 1501;
  const RlbTable table(law, theta_mean, auctions, budget);

  std::vector<double> previous(budget + 1);
  for (int n = 1; n < auctions; ++n) {
    std::vector<double> next(budget + 1);
    for (int b = 1; b <= budget; ++b) {
      const auto at = [&](int i) { return previous[static_cast<std::size_t>(i)]; };
      int a = 0;
      for (int d = 0; d <= std::min(b, kPriceMax); ++d) {
        if (theta_mean + at(b - d) - at(b) >= 0) a = d;
      }
      double value = at(b);
      for (int d = 0; d <= a; ++d)
        value += law[static_cast<std::size_t>(d)] * (theta_mean + at(b - d) - at(b));
      next[static_cast<std::size_t>(b)] = value;
    }
    for (int b = 0; b <= budget; ++b)
      ASSERT_NEAR(table.value(n, b), next[static_cast<std::size_t>(b)], 1e-13) << n << " " << b;
    previous = next;
  }
}

TEST(RlbTable, BidsMoreForMoreValueMoreMoneyAndLessTime) {
  const std::vector<double> law(kPriceMax + 1, 1.0 / (kPriceMax + 1));
  const RlbTable table(law, 0.004, 100, 5000);
  EXPECT_GT(table.bid(0.008, 2500, 50), table.bid(0.004, 2500, 50));
  EXPECT_GT(table.bid(0.004, 2500, 50), table.bid(0.004, 1000, 50));
  EXPECT_GT(table.bid(0.004, 2500, 20), table.bid(0.004, 2500, 90));
  EXPECT_EQ(table.bid(0.004, 200, 1), 200);  // the last auction: all that is left
  EXPECT_EQ(table.bid(0.004, 4000, 1), kPriceMax);
  EXPECT_EQ(table.bid(0.004, 0, 50), 0);
}

}  // namespace
}  // namespace bandstand::experiments
