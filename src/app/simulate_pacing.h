// simulate_pacing: the verb that holds pacing policies side by side over many seeds of the simulated world.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "app/pacing_world.h"
#include "experiments/statistics.h"

namespace bandstand::app {

struct SimulatePacingOptions {
  std::string seeds = "1..20";  ///< first..last, or one
  std::string policies = "receding_horizon,log_pi,throttle,textbook_pi";
  std::string model = "";  ///< file of a "bid.residual": another row, receding_horizon with it
  unsigned jobs = 1;  ///< seeds at a time, a thread each
  bool json = false;
};

/// How a budget was held over one day.
struct DeliveryFigures {
  double under = 0;      ///< share of the budget not spent at the end
  double over = 0;       ///< share spent beyond it: must be 0
  double deviation = 0;  ///< largest |spent - planned| at a window's end, as a share of the budget
};

/// `spent` and `traffic` by window; the plan is the budget in proportion to true traffic, weighted by
/// `front_loaded`'s falling density if told so.
DeliveryFigures measure_delivery(std::span<const double> spent, std::span<const double> traffic,
                                 double budget, bool front_loaded = false);

/// Windows from the shock until spend / plan is within `band` of 1 and stays there; `ratio` begins with the
/// first window after the shock. Its size if that never happens.
int windows_to_recover(std::span<const double> ratio, double band);

/// Exit codes: 0 done, 1 a budget was overspent or a ledger differs from the exchange's account, 2 wrong
/// options.
int simulate_pacing(const SimulatePacingOptions& options, std::ostream& out, std::ostream& err);

}  // namespace bandstand::app
