// protocol_traffic_test: shapes that are known, and the real ones where they are.
#include "experiments/protocol_traffic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "experiments/test_data.h"

namespace bandstand::experiments {
namespace {

WeekShape daily_curve() {
  WeekShape shape;
  for (std::size_t h = 0; h < shape.size(); ++h) {
    shape[h] = (1 + 0.8 * std::sin(static_cast<double>(h % 24) / 24 * 6.2831853)) / 168;
  }
  return shape;
}

double figure(const Table& table, std::string_view days, std::string_view who, std::size_t column) {
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (table.at(row, 0) == days && table.at(row, 1) == who) return std::stod(table.at(row, column));
  }
  ADD_FAILURE() << days << " " << who;
  return 0;
}

TEST(TrafficProtocol, ThePacerKnowsADayFromTheOneBeforeWithoutNoise) {
  TrafficProtocol protocol;
  protocol.day_noise = protocol.hour_noise = 0;
  protocol.requests_a_week = 1e9;
  const auto table = run_traffic_protocol({daily_curve(), daily_curve()}, protocol);
  EXPECT_GT(figure(table, "day 2", "flat", 2), 20);
  EXPECT_LT(figure(table, "day 2", "pacer", 2), 0.1);
  EXPECT_LT(figure(table, "after", "pacer", 2), 0.1);
  EXPECT_LT(figure(table, "after", "truth", 3), 0.1);
}

TEST(TrafficProtocol, RefusesBadFilesByLine) {
  const auto path = std::filesystem::temp_directory_path() / "bandstand_week_shapes.csv";
  std::ofstream(path) << "region_id,dow,hour,traffic_share\r\n1,1,0,0.5\r\n1,8,0,0.5\r\n";
  const auto bad = read_week_shapes(path.string());
  ASSERT_FALSE(bad.has_value());
  EXPECT_THAT(bad.error(), testing::HasSubstr(":3: expected"));
  std::ofstream(path) << "region_id,dow,hour,traffic_share\r\n1,1,0,0.5\r\n";
  EXPECT_THAT(read_week_shapes(path.string()).error(), testing::HasSubstr("168 hours"));
  std::filesystem::remove(path);
  EXPECT_FALSE(read_week_shapes("/nowhere").has_value());
}

TEST(TrafficProtocol, OnRealShapesThePacerBeatsTheClockFromTheSecondDayOn) {
  BANDSTAND_NEEDS_DATA("autobidding_params/bat_traffic_share.csv.xz");
  const auto shapes = read_week_shapes(test_data("autobidding_params/bat_traffic_share.csv.xz"));
  ASSERT_TRUE(shapes.has_value()) << shapes.error();
  EXPECT_EQ(shapes->size(), 114u);
  const auto table = run_traffic_protocol(*shapes, {});
  for (const char* days : {"day 2", "days 3-7", "days 8-14", "after"}) {
    EXPECT_LT(figure(table, days, "pacer", 2), 0.6 * figure(table, days, "flat", 2)) << days;
  }
}

}  // namespace
}  // namespace bandstand::experiments
