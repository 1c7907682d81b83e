// pacing_world: one campaign or two in the simulated world around the production shard and control, and what
// each spent window by window.
//
// 1. Everything is the server's own code on virtual time: auctions, leases, ledger, pacer. Nothing here
// decides.
// 2. The same seed gives the same visits, prices and renders whatever the policy does (common random
// numbers).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agents/budget/pacer.h"
#include "base/clock.h"
#include "simulation/pacing_catalogue.h"

namespace bandstand::simulation {
class LocalBandstand;
class World;
}  // namespace bandstand::simulation

namespace bandstand::app {

struct PacingWorldOptions {
  std::uint64_t seed = 1;
  agents::budget::PacingPolicy policy = agents::budget::PacingPolicy::receding_horizon;
  std::string bid_model;  ///< bytes of a "bid.residual" that answers for all; empty: the default bid
  std::vector<simulation::PacingCampaign> campaigns;  ///< one or two, shown to different people
  int windows = 192;                                  ///< of 15 minutes; the world starts at midnight UTC
  double requests_per_window = 130;                   ///< mean of a day
  double day_night_ratio = 4;                         ///< busiest against quietest hour; 1: flat
  int shock_window = -1;  ///< from here on everybody else pays `shock_factor` times as much; -1: never
  double shock_factor = 1.6;
  bool rivals_follow_traffic = true;  ///< else they spend by the clock, and quiet hours are dear
};

/// What a campaign did, by window; money in units.
struct PacedSeries {
  std::vector<double> spent;
  std::vector<double> impressions;
  std::vector<double> mu;
  std::vector<double>
      held;  ///< of the day's money: leased, or waiting for the bill of a win, at the window's end
  std::vector<double> planned;  ///< of the period so far, as the pacer sees it at the window's end
};

struct PacingWorldResult {
  std::vector<PacedSeries> campaigns;
  std::vector<double> traffic;  ///< expected requests by window: the world's true curve
  std::vector<double> reward;   ///< value less cost of all campaigns together, by window
  std::size_t differences = 0;  ///< campaigns whose ledger differs from the exchange's account; must be 0
  double late = 0;              ///< charged after a lease had ended, or not chargeable at all
};

/// The world, a window at a time. One thread.
class PacingWorld {
 public:
  explicit PacingWorld(const PacingWorldOptions& options);
  ~PacingWorld();

  /// From now on the budget agents' shadow price of a campaign is multiplied by `factor` > 0, and never below 1.
  void steer(std::size_t campaign, float factor) { factors_[campaign] = factor; }
  /// Runs the next window and appends its figures to result().
  void step();
  /// No more visits: waits for notices and compares the books. Once, at the end.
  void finish();
  [[nodiscard]] const PacingWorldResult& result() const { return result_; }
  [[nodiscard]] int windows_done() const { return static_cast<int>(result_.traffic.size()); }
  /// Expected requests of window k by the world's true curve.
  [[nodiscard]] double traffic(int k) const;
  [[nodiscard]] simulation::LocalBandstand& bandstand() { return *local_; }
  [[nodiscard]] const simulation::World& world() const { return *world_; }

 private:
  void read_campaign(std::uint32_t i, int window);

  PacingWorldOptions options_;
  std::vector<float> factors_;
  std::unique_ptr<simulation::LocalBandstand> local_;
  std::unique_ptr<simulation::World> world_;
  PacingWorldResult result_;
};

/// Runs it. About 1 s for 25,000 requests.
PacingWorldResult run_pacing_world(const PacingWorldOptions& options);

inline constexpr base::Duration kPacingWindow = std::chrono::minutes(15);
inline constexpr int kDayWindows = 96;

}  // namespace bandstand::app
