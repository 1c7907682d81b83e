// protocol_day: pacing of one long day from a wrong start: the stream as 96 windows, even or with a daily
// curve, with or without a price shock at noon. Deviation grid after Wu et al., "Budget Constrained Bidding
// by Model-free Reinforcement Learning in Display Advertising" (DRLB), CIKM 2018.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agents/budget/pacing.h"
#include "experiments/bidding_data.h"
#include "experiments/bidding_replay.h"
#include "experiments/pacing_day.h"
#include "experiments/protocol_rlb.h"

namespace bandstand::experiments {

/// grid (nine deviations), diurnal and shock (0, -0.6, 2).
const std::vector<DayCondition>& day_conditions();

/// flb bslb textbook_pi clock_pi log_pi dual mpc mpc_online mpc_pi throttle. `log_pi` plans by traffic,
/// `clock_pi` by the clock; `mpc` keeps the training days' price law, `mpc_online` learns it, `mpc_pi`
/// corrects that one's bias as well.
const std::vector<std::string>& day_policy_names();

struct DayRun {
  std::string condition;
  std::string policy;
  BudgetShare budget;
  double deviation = 0;
  EpisodeResult result = {};
  double optimum = 0;  ///< R* of the whole day
  agents::budget::PacingFigures pacing = {};
  [[nodiscard]] double ratio() const { return result.expected_clicks / optimum; }
};

/// B = cost_train / imp_train * share * auctions. Ordered by condition, budget, policy, deviation.
std::vector<DayRun> run_day_protocol(const CampaignInfo& info, std::span<const RecordedAuction> auctions,
                                     std::span<const DayCondition> conditions,
                                     std::span<const BudgetShare> budgets,
                                     std::span<const std::string> policies, Ties ties, std::uint64_t seed);

}  // namespace bandstand::experiments
