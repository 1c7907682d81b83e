// profile_rules: the default profile: decayed interests of the user where consent allows, else those of the page.
#pragma once

#include "agents/profile/profile_agent.h"

namespace bandstand::agents::profile {

/// Stateless: what it knows is handed in. One per shard, or one for all.
class ProfileRules final : public ProfileAgent {
 public:
  explicit ProfileRules(domain::PolicyId id) : id_(id) {}

  [[nodiscard]] base::Result<domain::Decided<ProfileAnswer>> decide(const ProfileInput& input,
                                                                    AgentContext& context) override;

 private:
  domain::PolicyId id_;
};

/// Topics of the page or app of a request: its categories, then its keywords; at most 16, into the arena. What a learner adds
/// to the user's interests (apply_page), and what stands in for them when the user is unknown.
[[nodiscard]] std::span<const std::uint32_t> page_topics(const domain::Auction& auction, base::Arena& arena);

}  // namespace bandstand::agents::profile
