// bid_learned: the default bid, its shadow price corrected by a trained residual within hard bounds.
//
// The residual is worked out in the slow loop, once a window (agents/budget/pacer asks agents/bid/control_policy), and comes with
// the budget agent's answer: a shard runs no network.
#pragma once

#include <utility>

#include "agents/bid/bid_rules.h"

namespace bandstand::agents::bid {

/// mu' = mu exp(r), |r| <= kResidualMax, and mu' >= min(mu, 1): a residual never makes anybody bid above value who did not. Then
/// as BidRules does with mu'. One per shard; 5 ns more than BidRules.
class BidLearned final : public BidAgent {
 public:
  /// `version` of the model is what decisions are logged with.
  BidLearned(domain::PolicyId id, BidRules rules, std::uint32_t version)
      : id_(id), rules_(std::move(rules)), version_(version) {}

  void install(MarketSnapshotPtr market) { rules_.install(std::move(market)); }

  [[nodiscard]] base::Result<domain::Decided<BidAnswer>> decide(const BidInput& input, AgentContext& context) override;

 private:
  domain::PolicyId id_;
  BidRules rules_;
  std::uint32_t version_;
};

}  // namespace bandstand::agents::bid
