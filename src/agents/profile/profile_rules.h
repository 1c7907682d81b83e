// profile_rules: the default profile: decayed interests of the user where consent allows, else those of the page.
#pragma once

#include "agents/profile/page_topics.h"
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

}  // namespace bandstand::agents::profile
