// bid_learned: one multiplication before the rules.
#include "agents/bid/bid_learned.h"

#include <algorithm>
#include <cmath>

#include "agents/bid/control_state.h"

namespace bandstand::agents::bid {

base::Result<domain::Decided<BidAnswer>> BidLearned::decide(const BidInput& input, AgentContext& context) {
  BidInput corrected = input;
  const float bounded = std::clamp(input.residual, -kResidualMax, kResidualMax);
  corrected.mu = std::max(input.mu * std::exp(bounded), std::min(input.mu, 1.0f));
  auto decided = rules_.decide(corrected, context);
  if (decided) {
    decided->policy = id_;
    decided->version = version_;
  }
  return decided;
}

}  // namespace bandstand::agents::bid
