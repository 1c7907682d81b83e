// pacers: controllers of the shadow price as they run through a replayed day: mu before each window, what
// came of it after.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "agents/budget/pacing.h"

namespace bandstand::experiments {

inline constexpr int kDayBidMax = 600;  ///< highest bid of a day, with room for prices after a shock

/// Names mu for a stretch of the day and hears what came of it.
class Pacer {
 public:
  virtual ~Pacer() = default;
  /// A new day with a budget of its own, for a pacer that goes on from the day before. Not needed before the
  /// first.
  virtual void start_day(double /*budget*/) {}
  /// Before window k. `left`: money and auctions (as forecast) that are left.
  virtual double start_window(int k, double budget_left, double auctions_left) = 0;
  virtual void end_window(int /*k*/, double /*spent*/, double /*wins*/, double /*auctions*/) {}
  /// After each auction; `price` means something only if it was won.
  virtual void observe(double /*theta*/, std::int64_t /*bid*/, bool /*won*/, std::int64_t /*price*/) {}
  /// Minute by minute: probability to take part.
  virtual double pass_through(double /*spent_so_far*/, double /*share_of_traffic*/) { return 1; }
};

/// What a pacer is told before the day.
struct PacerSetup {
  double lambda = 0;  ///< mu of the first window
  double budget = 0;
  agents::budget::SpendPlan traffic = agents::budget::SpendPlan::even(1);  ///< forecast, window by window
  std::span<const double> training_law = {};                               ///< of the price, 0..300
  int values = 2000;  ///< predicted rates that mpc remembers
  int warm_up = 100;  ///< and needs before its first solution
};

/// By a name of day_policy_names().
std::unique_ptr<Pacer> make_pacer(const std::string& name, const PacerSetup& setup);

}  // namespace bandstand::experiments
