// oversight_rules: the hard rules a bid must pass to leave: pure, total, in a fixed order, able only to remove or to cap.
//
// 1. No proposal makes it fail: what does not hang together is a veto (malformed_proposal).
// 2. The order is that of Rule. The first veto ends the check; a cap lowers the price and the check goes on.
// 3. allowed => 0 < price <= proposal.price, price >= floor, price <= available, price <= bid_max of the line
// item.
// 4. The rules repeat what targeting and creative fitting have already sorted out. That is their point: they
// trust nobody.
#pragma once

#include <memory>

#include "agents/oversight/oversight_agent.h"
#include "agents/oversight/oversight_snapshot.h"

namespace bandstand::agents::oversight {

/// The whole of oversight as one function: no state, no clock, no chance.
[[nodiscard]] OversightAnswer check_proposal(const OversightSnapshot& snapshot, const OversightInput& input,
                                             base::WallTime now) noexcept;

/// Where a click may lead: http(s), a host with a dot and only host characters, nobody's name in front of it
/// ("user@host"), no blanks or control characters.
[[nodiscard]] bool landing_is_sound(std::string_view url, bool https_only) noexcept;
/// "https://Shop.Example.com:8443/x" -> "Shop.Example.com"; empty if there is none.
[[nodiscard]] std::string_view host_of(std::string_view url) noexcept;

/// One per shard. Policy "rules".
class OversightRules final : public OversightAgent {
 public:
  explicit OversightRules(std::shared_ptr<const OversightSnapshot> snapshot)
      : snapshot_(std::move(snapshot)) {}

  [[nodiscard]] base::Result<domain::Decided<OversightAnswer>> decide(const OversightInput& input,
                                                                      AgentContext& context) override;
  /// Swaps what is forbidden, between two requests: how a kill switch reaches a shard.
  void set_snapshot(std::shared_ptr<const OversightSnapshot> snapshot) { snapshot_ = std::move(snapshot); }
  [[nodiscard]] const OversightSnapshot& snapshot() const { return *snapshot_; }

 private:
  std::shared_ptr<const OversightSnapshot> snapshot_;
};

}  // namespace bandstand::agents::oversight
