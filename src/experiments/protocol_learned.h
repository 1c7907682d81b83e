// protocol_learned: trained controls of mu beside the rules, on auctions that none of them was trained on.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "experiments/bidding_data.h"
#include "experiments/protocol_rlb.h"
#include "experiments/table.h"

namespace bandstand::experiments {

struct LearnedProtocol {
  std::vector<BudgetShare> budgets = {};
  std::vector<std::string> policies =
      {};  ///< names of control_methods(), and of rlb_policy_names() or day_policy_names()
  std::string baseline = "mpc";  ///< one of them; differences are against it
  Ties ties = Ties::win;
  int seeds = 10;               ///< trainings of each learned policy
  int training_days = 400;      ///< a training
  std::int64_t episode = 1000;  ///< auctions an episode, of learned_episodes
  std::int64_t day = 10'000;    ///< auctions a day, of learned_days
  int bootstrap = 2000;
  std::uint64_t seed = 1;              ///< of the first training, and of the bootstrap
  const base::Clock* clock = nullptr;  ///< for the time a decision takes; without it that column is 0
  std::ostream* progress = nullptr;
};

/// Names of rlb_policy_names() and of control_methods(); of day_policy_names() and of control_methods().
const std::vector<std::string>& learned_episode_policies();
const std::vector<std::string>& learned_day_policies();

/// Episodes as in protocol_rlb, mu renewed each 20 auctions. A row a policy and budget: clicks, R/R*, use of
/// the budget, cost a click, ns an auction; a learned policy's figures are means over its seeds. `vs` is the
/// difference of R/R* to the baseline in points (hundredths), its interval a paired bootstrap over episodes
/// of the seeds' mean; `seed_sd` the deviation of R/R* between seeds in points. Rows "all": sums and means
/// over the budgets. Errors: as run_rlb_protocol.
Loaded<Table> run_learned_episodes(const CampaignInfo& info, std::span<const RecordedAuction> train,
                                   std::span<const RecordedAuction> test, const LearnedProtocol& protocol);

/// Days as in protocol_day, of `day` auctions each: grid of starts, daily curve, price shock; also
/// `rivals`, the daily curve with rivals who react (DayCondition::reaction .5), where R* is that of rivals
/// who do not. A row a condition, policy and budget: mean over days, starts and seeds. `vs`: as above, the
/// bootstrap is over days. `worst`: lowest mean of a start.
Loaded<Table> run_learned_days(const CampaignInfo& info, std::span<const RecordedAuction> train,
                               std::span<const RecordedAuction> test, const LearnedProtocol& protocol);

}  // namespace bandstand::experiments
