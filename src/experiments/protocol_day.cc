// protocol_day: conditions times budgets times policies times starts.
#include "experiments/protocol_day.h"

#include <cmath>
#include <memory>

#include "base/rng.h"

namespace bandstand::experiments {

const std::vector<DayCondition>& day_conditions() {
  static const std::vector<DayCondition> conditions = {
      {"grid", false, 1, {-0.9, -0.6, -0.3, -0.1, 0.1, 0.3, 0.6, 1.2, 2.0}},
      {"diurnal", true, 1, {0, -0.6, 2.0}},
      {"shock", true, 1.6, {0, -0.6, 2.0}},
  };
  return conditions;
}

const std::vector<std::string>& day_policy_names() {
  static const std::vector<std::string> names = {"flb",  "bslb", "textbook_pi", "clock_pi", "log_pi",
                                                 "dual", "mpc",  "mpc_online",  "mpc_pi",   "throttle"};
  return names;
}

std::vector<DayRun> run_day_protocol(const CampaignInfo& info, std::span<const RecordedAuction> auctions,
                                     std::span<const DayCondition> conditions,
                                     std::span<const BudgetShare> budgets,
                                     std::span<const std::string> policies, Ties ties, std::uint64_t seed) {
  const std::vector<double> law = info.price_law();
  std::vector<DayRun> runs;
  for (const DayCondition& condition : conditions) {
    for (const BudgetShare& share : budgets) {
      const double amount = std::floor(info.cost_mean() * share.share * static_cast<double>(auctions.size()));
      const Day day = make_day(auctions, condition, amount);
      for (const std::string& policy : policies) {
        for (const double deviation : condition.deviations) {
          base::Rng rng(seed);
          const auto pacer = make_pacer(policy, {.lambda = (1 + deviation) * day.lambda,
                                                 .budget = day.budget,
                                                 .traffic = day.traffic,
                                                 .training_law = law});
          const DayOutcome outcome = run_day(day, *pacer, ties, rng);
          runs.push_back({.condition = condition.name,
                          .policy = policy,
                          .budget = share,
                          .deviation = deviation,
                          .result = outcome.result,
                          .optimum = day.optimum,
                          .pacing = outcome.pacing});
        }
      }
    }
  }
  return runs;
}

}  // namespace bandstand::experiments
