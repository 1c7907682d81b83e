// simulated_days: one world around one Bandstand for some squeezed days, with models that may change on the way.
#pragma once

#include <memory>
#include <string>

#include "serving/settings.h"
#include "simulation/local_bandstand.h"
#include "simulation/world.h"

namespace bandstand::app {

/// Sums since the start.
struct DayTotals {
  double reward = 0, cost = 0;        ///< units of money; value is their sum
  double impressions = 0, clicks = 0;
  double click_probability = 0;       ///< sum of the true chances: clicks without their noise
  double click_probability_best = 0;  ///< of whoever knows all: the best creative that would have fitted
  double lost = 0;                    ///< requests without an answer
  DayTotals operator-(const DayTotals& b) const {
    return {reward - b.reward,
            cost - b.cost,
            impressions - b.impressions,
            clicks - b.clicks,
            click_probability - b.click_probability,
            click_probability_best - b.click_probability_best,
            lost - b.lost};
  }
};

class SimulatedDays {
 public:
  struct Options {
    serving::ServingSettings settings;
    simulation::WorldOptions world;
    std::string catalogue;   ///< its text; CHECKs that it can be read
    double day_seconds = 600;
    double days = 2;
  };
  explicit SimulatedDays(const Options& options);

  /// Lives on to this moment, in days from the start.
  void run_to(double days);
  [[nodiscard]] base::WallTime at(double days) const;
  /// Nothing new comes; what is under way is settled.
  void finish();
  [[nodiscard]] DayTotals totals();
  /// Campaigns of which the ledger and the exchanges think differently.
  [[nodiscard]] std::size_t differences();
  [[nodiscard]] serving::Control& control() { return local_->control(); }
  [[nodiscard]] log::Log& log() { return local_->log(); }
  [[nodiscard]] const serving::ServingSettings& settings() const { return settings_; }

 private:
  base::Duration day_;
  double days_;
  serving::ServingSettings settings_;
  base::WallTime start_;
  std::unique_ptr<simulation::LocalBandstand> local_;
  std::unique_ptr<simulation::World> world_;
};

}  // namespace bandstand::app
