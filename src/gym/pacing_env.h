// pacing_env: the simulated world as an environment to train in: a step is a window of pacing, an action moves the shadow price.
//
// 1. Around the agent stands the server's own code on virtual time: auctions, shading, leases, ledger, learners.
// 2. What is seen are the features of agents/bid/control_state, read from the ledger and from the decisions that the server
//    logged; what is earned is the reward of outcomes/rewards: value less cost.
// 3. The same options, seed and actions give the same bits. Two policies under one seed meet the same visits and prices.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agents/bid/control_state.h"
#include "base/result.h"

namespace bandstand::gym {

struct PacingEnvOptions {
  std::vector<double> daily_budgets = {2.0};  ///< units of money, one a campaign; one or two campaigns, in different countries
  int windows = 96;                           ///< steps of an episode, 1..96; 96 are the day that a budget is for
  double requests_per_window = 130;           ///< mean of a day, 1..10,000
  double day_night_ratio = 4;                 ///< busiest against quietest hour; 1: flat
  int shock_window = -1;                      ///< from here on everybody else pays `shock_factor` times as much; -1: never
  double shock_factor = 1.6;
  /// Pacing policy under the actions. "none": mu starts at 1 and each action moves it. Any other policy steers by itself, and
  /// an action is added to its ln mu for one window (a residual).
  std::string base = "none";
  double step_max = 0.7;  ///< actions are clipped to so much either way; (0, 3]
};

/// What a campaign did in a window.
struct CampaignWindow {
  double spent = 0;        ///< units of money
  double impressions = 0;  ///< billed
  double offers = 0;       ///< impressions on which it could have bid
  double mu = 1;           ///< at the window's end
  double budget_left = 1;  ///< share of the day's budget
};

struct PacingStep {
  std::vector<float> observation;  ///< campaigns x kControlFeatures, campaign by campaign; each within [-3, 3]
  double reward = 0;               ///< value less cost of all campaigns in this window, units of money
  bool terminated = false;         ///< the last window is over
  std::vector<CampaignWindow> campaigns;
};

/// One thread. Several may live side by side.
class PacingEnv {
 public:
  /// Errors: `invalid_input`, with the option's name.
  [[nodiscard]] static base::Result<std::unique_ptr<PacingEnv>> make(const PacingEnvOptions& options);
  ~PacingEnv();

  /// A new day. Returns the first observation. About 2 ms.
  std::vector<float> reset(std::uint64_t seed);
  /// Runs a window: `steps` of ln mu, one a campaign; what is not finite counts as 0. About 0.3 ms a request. Errors: `conflict`
  /// before the first reset() or after the last window; `invalid_input` for another number of steps.
  [[nodiscard]] base::Result<PacingStep> step(std::span<const double> steps);

  [[nodiscard]] const PacingEnvOptions& options() const { return options_; }
  [[nodiscard]] std::size_t observation_size() const { return options_.daily_budgets.size() * agents::bid::kControlFeatures; }

 private:
  class Day;
  explicit PacingEnv(PacingEnvOptions options);

  PacingEnvOptions options_;
  std::unique_ptr<Day> day_;
};

}  // namespace bandstand::gym
