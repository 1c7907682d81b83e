// protocol_rlb: all bidding policies side by side in episodes with a budget each, as in Cai et al. (WSDM
// 2017).
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "experiments/bidding_data.h"
#include "experiments/bidding_replay.h"

namespace bandstand::experiments {

/// A budget as a share of what an episode cost in training, with the text it was asked by.
struct BudgetShare {
  std::string label;
  double share = 0;
};

/// "1/32,0.25" to shares. An error text names what is wrong.
Loaded<std::vector<BudgetShare>> parse_budgets(const std::string& text);
/// "all", or names separated by commas, in the order given.
Loaded<std::vector<std::string>> parse_policies(const std::string& text,
                                                const std::vector<std::string>& known);

struct RlbProtocol {
  std::int64_t episode = 1000;
  Ties ties = Ties::win;
  std::uint64_t seed = 1;
  std::map<double, double> lin_b0 =
      {};  ///< by share; elsewhere b0 is the constant bid that spends the budget on training
  const base::Clock* clock = nullptr;  ///< to time the replay with
};

/// All of a policy's episodes at one budget, with the optimum of the same episodes.
struct PolicyRun {
  std::string policy;
  BudgetShare budget;
  double lin_b0 = 0;
  std::vector<EpisodeResult> episodes;
  std::vector<EpisodeResult> optimum;
  double ns = 0;  ///< of the replay, an auction; 0 without a clock
  [[nodiscard]] double ratio() const {  ///< R / R*
    return total_of(episodes).expected_clicks / total_of(optimum).expected_clicks;
  }
};

/// Names of bidder_names() and `clairvoyant`.
const std::vector<std::string>& rlb_policy_names();

/// B = int(cost / impressions * share * episode), as printed. Runs are ordered by budget, then policy.
/// Error: a value table beyond 4 GB.
Loaded<std::vector<PolicyRun>> run_rlb_protocol(const CampaignInfo& info,
                                                std::span<const RecordedAuction> auctions,
                                                std::span<const BudgetShare> budgets,
                                                std::span<const std::string> policies,
                                                const RlbProtocol& protocol);

}  // namespace bandstand::experiments
