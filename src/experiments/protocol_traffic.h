// protocol_traffic: how well the pacer's forecast of tomorrow's traffic fits, beside simple ones, on real weekly shapes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/loaded.h"
#include "experiments/table.h"

namespace bandstand::experiments {

/// A region's share of a week's traffic by hour, Monday 00 first; sums to about 1.
using WeekShape = std::array<double, 168>;

/// Rows region_id, dow (1..7), hour (0..23), traffic_share with a head line, plain or compressed (Avito's BAT). Regions with an
/// hour missing are left out. Errors: a file that cannot be read, a bad row (by line), no whole region.
base::Loaded<std::vector<WeekShape>> read_week_shapes(const std::string& path);

struct TrafficProtocol {
  int weeks = 4;
  double requests_a_week = 50'000;  ///< of a region
  double day_noise = 0.10;          ///< deviation of ln level, between days
  double hour_noise = 0.10;         ///< and between hours
  std::uint64_t seed = 1;
};

/// Each region lives through its weeks, Poisson around its shape; each midnight every forecaster foretells how the new day's
/// requests spread over its hours. A row a forecaster and stretch of days: `misplaced` is half the sum of absolute differences
/// of shares (the part of a day's budget planned into the wrong hours), `behind` the largest difference of cumulative shares;
/// % of the day, mean over days, then over regions with Student's 95 % interval.
///   flat       by the clock
///   yesterday  each hour as a day ago; flat on the first day
///   last_week  each hour as a week ago; before: yesterday
///   pacer      agents/budget/traffic_shape, as in production
///   truth      the region's own shape: what nobody can beat but by chance
Table run_traffic_protocol(const std::vector<WeekShape>& shapes, const TrafficProtocol& protocol);

}  // namespace bandstand::experiments
