// budget_agent: may this line item spend now, and what is a unit of its money worth?
#pragma once

#include <cstdint>
#include <span>

#include "agents/agent_context.h"
#include "base/money.h"
#include "base/result.h"
#include "domain/decision.h"
#include "domain/vocabulary.h"

namespace bandstand::agents::budget {

/// A candidate's campaign as the shard knows it now.
struct Purse {
  std::uint32_t campaign = 0;  ///< index in the catalogue
  base::Nanos available;       ///< what the shard's leases still hold
};

struct BudgetInput {
  std::span<const Purse> purses;  ///< one per candidate
  base::Nanos floor;              ///< below this no bid can be made
};

struct BudgetAnswer {
  bool open = false;
  domain::Refusal why = domain::Refusal::paced;  ///< if not open
  float mu = 1.0f;  ///< shadow price: value / mu is what an impression is worth in money now; >= mu_min (default 1)
  float residual = 0;  ///< what a trained control would add to ln mu; 0 without one
};

/// Closed on error: no lease, no spend.
class BudgetAgent {
 public:
  virtual ~BudgetAgent() = default;
  /// One answer per purse, in the same order, in the arena. About 10 ns each.
  [[nodiscard]] virtual base::Result<domain::Decided<std::span<const BudgetAnswer>>> decide(const BudgetInput& input,
                                                                                           AgentContext& context) = 0;
};

}  // namespace bandstand::agents::budget
