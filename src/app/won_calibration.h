// won_calibration: whether the click rates that were promised come true on the impressions that were won, in all and in parts.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "domain/event.h"
#include "experiments/statistics.h"

namespace bandstand::app {

/// Clicks promised and seen. `platt` and `isotonic` are promises bent by a curve fitted on earlier won impressions.
struct Promised {
  std::uint64_t impressions = 0, clicks = 0;
  double served = 0, platt = 0, isotonic = 0;
};
/// By part of the traffic: "all", "device phone", "exchange 0", "size 300x250", "rate low", "rate middle", "rate high" (thirds of
/// what was promised).
using WonCalibration = std::map<std::string, Promised>;

/// Won impressions whose click window has closed, without suspicious ones and tests. Those bid for in [from, judge_from) fit the
/// curves, those in [judge_from, to) are counted.
[[nodiscard]] WonCalibration won_calibration(std::span<const domain::Outcome> outcomes, base::WallTime from,
                                             base::WallTime judge_from, base::WallTime to);

/// Sum of promises over sum of clicks in several worlds, with Student's 95 % interval over worlds (linearised ratio). All 1 for
/// no clicks; low = high = value for fewer than two worlds.
[[nodiscard]] experiments::Interval ratio_of_sums(std::span<const double> promised, std::span<const double> seen);

}  // namespace bandstand::app
