// bid_learned: one multiplication before the rules.
#include "agents/bid/bid_learned.h"

#include <cmath>

namespace bandstand::agents::bid {

base::Result<domain::Decided<BidAnswer>> BidLearned::decide(const BidInput& input, AgentContext& context) {
  if (policy_ == nullptr || input.control == nullptr) return rules_.decide(input, context);
  BidInput corrected = input;
  corrected.mu = static_cast<float>(static_cast<double>(input.mu) * std::exp(policy_->step(*input.control)));
  auto decided = rules_.decide(corrected, context);
  if (decided) {
    decided->policy = id_;
    decided->version = version_;
  }
  return decided;
}

}  // namespace bandstand::agents::bid
