// admin_status_test: quantiles from buckets.
#include "serving/admin_status.h"

#include <gtest/gtest.h>

namespace bandstand::serving {
namespace {

constexpr std::array<std::int64_t, 3> kEdges{100, 200, 400};

TEST(QuantileOf, LiesWithinItsBucketInProportion) {
  EXPECT_DOUBLE_EQ(quantile_of(kEdges, {0, 10, 0, 0}, {}, .5), 150);
  EXPECT_DOUBLE_EQ(quantile_of(kEdges, {10, 0, 0, 0}, {}, .5), 50) << "the first bucket begins at nothing";
  EXPECT_DOUBLE_EQ(quantile_of(kEdges, {50, 40, 10, 0}, {}, .99), 380);
}

TEST(QuantileOf, LooksOnlyAtWhatCameSince) {
  EXPECT_DOUBLE_EQ(quantile_of(kEdges, {1000, 10, 0, 0}, {1000, 0, 0, 0}, .5), 150);
}

TEST(QuantileOf, SaysNothingOfNothing) {
  EXPECT_EQ(quantile_of(kEdges, {0, 0, 0, 0}, {}, .5), -1);
  EXPECT_EQ(quantile_of(kEdges, {7, 7, 7, 7}, {7, 7, 7, 7}, .5), -1);
}

TEST(QuantileOf, KnowsNoMoreThanTheLastEdge) { EXPECT_EQ(quantile_of(kEdges, {1, 0, 0, 99}, {}, .5), 400); }

}  // namespace
}  // namespace bandstand::serving
