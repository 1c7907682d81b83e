// targeting_agent: which line items may compete for an impression, and why may the others not?
#pragma once

#include <cstdint>
#include <span>

#include "agents/agent_context.h"
#include "base/result.h"
#include "domain/auction.h"
#include "domain/catalogue.h"
#include "domain/decision.h"
#include "domain/identity.h"
#include "domain/user.h"

namespace bandstand::agents::targeting {

struct TargetingInput {
  const domain::Auction& auction;
  const domain::Impression& impression;
  const domain::Consent& consent;
  std::span<const std::uint32_t> segments;  ///< topics (hash32 of the segment id), from the profile
  const domain::UserState* user;            ///< for frequency caps; nullptr = unknown (caps then do not bind)
  /// Bit i: line item i may spend now (campaign open, lease held). Words of 64; from the shard's wallet.
  std::span<const std::uint64_t> open;
  std::uint32_t candidates_max = 64;  ///< best first by the index's order; the rest is `outranked`
};

inline constexpr std::uint8_t kOpenAuction = 0xff;

struct Candidate {
  std::uint32_t line_item = 0;       ///< index in the catalogue
  std::uint8_t deal = kOpenAuction;  ///< index into impression.deals
};

struct TargetingAnswer {
  std::span<const Candidate> candidates;  ///< best first; a line item appears once per deal that it may use
  std::uint32_t refused = 0;              ///< how many line items left, for whatever reason
  std::uint32_t outranked = 0;
};

class TargetingAgent {
 public:
  virtual ~TargetingAgent() = default;
  /// At 1,000 line items about 1 us, at 100,000 below 15 us; no allocation.
  [[nodiscard]] virtual base::Result<domain::Decided<TargetingAnswer>> decide(const TargetingInput& input,
                                                                              AgentContext& context) = 0;
  /// Exact reason for one line item, slowly and readably: for `explain` and tests. The reference for the
  /// index.
  [[nodiscard]] virtual domain::Refusal why_not(const TargetingInput& input, std::uint32_t line_item,
                                                base::WallTime now) const = 0;
  /// Adds the refusals counted since the last call to `counts[line_item * kRefusals + reason]`; slow loop,
  /// about once a second.
  virtual void collect_refusals(std::span<std::uint64_t> counts) = 0;
};

}  // namespace bandstand::agents::targeting
