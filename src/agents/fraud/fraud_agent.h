// fraud_agent: is this request, or this event, valid?
#pragma once

#include <cstdint>
#include <optional>

#include "agents/agent_context.h"
#include "base/result.h"
#include "domain/auction.h"
#include "domain/decision.h"
#include "domain/event.h"
#include "domain/identity.h"

namespace bandstand::agents::fraud {

enum class Verdict : std::uint8_t { valid, suspicious, invalid, unknown };

/// Why. The first ones are general invalid traffic (lists and sanity), the rest are rates and event rules.
enum class Reason : std::uint8_t {
  none,
  known_crawler,
  data_center,
  no_user_agent,
  malformed_user_agent,
  bad_address,
  impossible_device,
  blocked_address,
  rate_address,
  rate_user,
  rate_placement,
  click_too_soon,
  click_rate,
  click_without_impression,
  repeated_event,
  off_placement,
  blocked_party,
  fraud_score,
  count_
};
const char* name_of(Reason reason) noexcept;

/// Requests a minute, estimated by the shard's sketches before the decision; recorded with it.
struct RateReading {
  float by_address = 0, by_user = 0, by_placement = 0;
};

struct FraudInput {
  const domain::Auction& auction;
  std::optional<domain::UserKey> user;
  RateReading rates;
};

struct FraudAnswer {
  Verdict verdict = Verdict::valid;
  Reason reason = Reason::none;
  float score = 0;  ///< 0 clean .. 1 certain
};

/// One per shard; not thread-safe.
class FraudAgent {
 public:
  virtual ~FraudAgent() = default;
  /// No I/O, no allocation. Lists are looked up in about 0.3 us. On error the orchestrator uses
  /// kFraudFallback.
  [[nodiscard]] virtual base::Result<domain::Decided<FraudAnswer>> decide(const FraudInput& input,
                                                                          AgentContext& context) = 0;
};

/// Rules could not be asked: the request is served, marked unknown, and kept out of learning.
inline constexpr FraudAnswer kFraudFallback{Verdict::unknown, Reason::none, 0};

}  // namespace bandstand::agents::fraud
