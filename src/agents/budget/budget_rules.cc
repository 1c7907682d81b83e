// budget_rules: one look per purse.
#include "agents/budget/budget_rules.h"

namespace bandstand::agents::budget {

base::Result<domain::Decided<std::span<const BudgetAnswer>>> BudgetRules::decide(const BudgetInput& input,
                                                                                AgentContext& context) {
  if (snapshot_ == nullptr) return base::fail(base::Code::unavailable, "no pacing snapshot yet");
  auto answers = context.arena.array<BudgetAnswer>(input.purses.size());
  float propensity = 1;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Purse& purse = input.purses[i];
    if (purse.campaign >= snapshot_->campaigns.size()) continue;
    const CampaignPace& pace = snapshot_->campaigns[purse.campaign];
    answers[i].mu = pace.mu;
    answers[i].residual = pace.residual;
    if (!pace.open) {
      answers[i].why = pace.why;
      continue;
    }
    if (purse.available.value <= 0 || purse.available < input.floor) {
      answers[i].why = domain::Refusal::no_lease;
      continue;
    }
    if (pace.pass_through < 1 && !context.rng.chance(static_cast<double>(pace.pass_through))) {
      answers[i].why = domain::Refusal::paced;
      propensity = pace.pass_through;
      continue;
    }
    answers[i].open = true;
    answers[i].why = domain::Refusal::none;
  }
  domain::Decided<std::span<const BudgetAnswer>> decided;
  decided.value = answers;
  decided.policy = policy_;
  decided.version = snapshot_->version;
  decided.propensity = propensity;
  return decided;
}

}  // namespace bandstand::agents::budget
