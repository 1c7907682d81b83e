// profile_agent: what is known of this user, with consent?
#pragma once

#include <cstdint>
#include <span>

#include "agents/agent_context.h"
#include "base/result.h"
#include "domain/auction.h"
#include "domain/decision.h"
#include "domain/identity.h"
#include "domain/user.h"

namespace bandstand::agents::profile {

struct ProfileInput {
  const domain::Auction& auction;
  const domain::Consent& consent;
  const domain::UserState* state;  ///< nullptr: unknown user, or no consent
  std::span<const float> vector = {};  ///< of the user, by the model that is served; empty: none, or no consent
};

struct TopicWeight {
  std::uint32_t topic = 0;  ///< hash of a category, keyword or segment (topic_of)
  float weight = 0;         ///< decayed, mixed over the three speeds; > 0
};

/// Points into the arena and into the input's state.
struct ProfileAnswer {
  bool known = false;
  std::span<const TopicWeight> interests;   ///< strongest first, at most 16: the user's, else those of the page alone
  std::span<const std::uint32_t> segments;  ///< topics of segments the user is in (request's data, where consent allows)
  const domain::UserState* state = nullptr; ///< for frequency counts
  float activity = 0;                       ///< requests a day, decayed
  std::span<const float> vector = {};       ///< of a sequence model, only with consent to personalise; empty: none
};

class ProfileAgent {
 public:
  virtual ~ProfileAgent() = default;
  /// Reads without consent give the default profile: interests of the page alone. At most 2 us.
  [[nodiscard]] virtual base::Result<domain::Decided<ProfileAnswer>> decide(const ProfileInput& input, AgentContext& context) = 0;
};

/// On error: nothing is known.
inline constexpr ProfileAnswer kProfileFallback{};

}  // namespace bandstand::agents::profile
