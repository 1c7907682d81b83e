// bid_learned: the default bid, its shadow price corrected by a trained residual within hard bounds.
#pragma once

#include <utility>

#include "agents/bid/bid_rules.h"
#include "agents/bid/control_policy.h"

namespace bandstand::agents::bid {

/// mu' = mu exp(r(state)), |r| <= kResidualMax; then as BidRules does with mu'. Without a model or without a state it answers as
/// BidRules, bit by bit, under BidRules' name. One per shard.
class BidLearned final : public BidAgent {
 public:
  /// `policy` may be nullptr; its version is what decisions are logged with.
  BidLearned(domain::PolicyId id, BidRules rules, ControlPolicyPtr policy, std::uint32_t version)
      : id_(id), rules_(std::move(rules)), policy_(std::move(policy)), version_(version) {}

  /// Between two requests: the model to use from now on; nullptr = the default alone.
  void adopt(ControlPolicyPtr policy, std::uint32_t version) {
    policy_ = std::move(policy);
    version_ = version;
  }
  void install(MarketSnapshotPtr market) { rules_.install(std::move(market)); }

  /// About 1 us more than BidRules: the network is asked for each bid, although the state changes once a window.
  [[nodiscard]] base::Result<domain::Decided<BidAnswer>> decide(const BidInput& input, AgentContext& context) override;

 private:
  domain::PolicyId id_;
  BidRules rules_;
  ControlPolicyPtr policy_;
  std::uint32_t version_;
};

}  // namespace bandstand::agents::bid
