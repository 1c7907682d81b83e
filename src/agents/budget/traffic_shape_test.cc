// traffic_shape_test: a day seen is a day known; quiet hours keep a share; what is not known yet is flat.
#include "agents/budget/traffic_shape.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace bandstand::agents::budget {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kHour = 3600 * kSecond;
constexpr base::WallTime kTuesday{1'764'028'800 * kSecond};  // 2025-11-25 00:00 UTC

double curve(int hour) { return 100 * (1 + .8 * std::sin(2 * std::numbers::pi * hour / 24)); }

void live(TrafficShape& shape, int from_hour, int hours, double level = 1) {
  for (int minute = from_hour * 60; minute < (from_hour + hours) * 60; ++minute) {
    shape.observe({kTuesday.ns + minute * 60 * kSecond}, std::chrono::seconds(60), level * curve(minute / 60 % 24));
  }
}

double share(const TrafficShape& shape, int day, int hour) {
  const std::int64_t midnight = kTuesday.ns + day * 24 * kHour;
  return shape.expected({midnight + hour * kHour}, {midnight + (hour + 1) * kHour}) /
         shape.expected({midnight}, {midnight + 24 * kHour});
}

TEST(TrafficShape, KnowsTheNextDayFromOne) {
  TrafficShape shape;
  live(shape, 0, 25);
  for (int hour = 0; hour < 24; ++hour) EXPECT_NEAR(share(shape, 1, hour), curve(hour) / 2400, .002) << hour;
}

TEST(TrafficShape, IsFlatBeforeAnythingWasSeenAndWhereItWasNot) {
  TrafficShape shape;
  EXPECT_DOUBLE_EQ(share(shape, 0, 3), 1.0 / 24);
  live(shape, 0, 7);
  EXPECT_DOUBLE_EQ(share(shape, 0, 12), share(shape, 0, 20));
  EXPECT_GT(share(shape, 0, 5), share(shape, 0, 0));
}

TEST(TrafficShape, LearnsThatOneDayOfTheWeekIsUnlikeTheOthers) {
  TrafficShape shape;
  for (int day = 0; day < 28; ++day) live(shape, day * 24, 24, day % 7 == 5 ? .5 : 1);  // Sundays are quiet
  const auto of_day = [&](int day) {
    return shape.expected({kTuesday.ns + day * 24 * kHour}, {kTuesday.ns + (day + 1) * 24 * kHour});
  };
  EXPECT_NEAR(of_day(28 + 5) / of_day(28 + 1), .5, .1);
}

TEST(TrafficShape, AWholeWeekIsTheSumOfItsDays) {
  TrafficShape shape;
  live(shape, 0, 100);
  double days = 0;
  for (int day = 0; day < 14; ++day)
    days += shape.expected({kTuesday.ns + day * 24 * kHour}, {kTuesday.ns + (day + 1) * 24 * kHour});
  EXPECT_NEAR(shape.expected(kTuesday, {kTuesday.ns + 14 * 24 * kHour}) / days, 1, 1e-9);
}

}  // namespace
}  // namespace bandstand::agents::budget
