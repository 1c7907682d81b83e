// budget_rules: the budget agent of a shard: answers from the pacing snapshot and the shard's own leases.
#pragma once

#include <memory>

#include "agents/budget/budget_agent.h"
#include "agents/budget/pacing_snapshot.h"

namespace bandstand::agents::budget {

/// Closed without a snapshot, for campaigns it does not know, and where the lease cannot pay for the cheapest bid.
class BudgetRules final : public BudgetAgent {
 public:
  explicit BudgetRules(domain::PolicyId policy) : policy_(policy) {}
  void adopt(std::shared_ptr<const PacingSnapshot> snapshot) { snapshot_ = std::move(snapshot); }

  [[nodiscard]] base::Result<domain::Decided<std::span<const BudgetAnswer>>> decide(const BudgetInput& input,
                                                                                   AgentContext& context) override;

 private:
  domain::PolicyId policy_;
  std::shared_ptr<const PacingSnapshot> snapshot_;
};

}  // namespace bandstand::agents::budget
