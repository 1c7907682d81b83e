// profile_learned: the default profile, and with it the vector that a sequence model has of the user.
#pragma once

#include "agents/profile/profile_rules.h"

namespace bandstand::agents::profile {

/// Stateless: the vector was read with the user's state. Interests and segments are those of ProfileRules, so that whoever asks
/// for no vector decides as ever. Costs nothing beyond it.
class ProfileLearned final : public ProfileAgent {
 public:
  /// `version`: of the model that made the vectors.
  ProfileLearned(domain::PolicyId id, std::uint32_t version) : rules_(id), version_(version) {}

  [[nodiscard]] base::Result<domain::Decided<ProfileAnswer>> decide(const ProfileInput& input,
                                                                    AgentContext& context) override {
    auto decided = rules_.decide(input, context);
    if (!decided) return decided;
    decided->version = version_;
    if (input.consent.may_personalise()) decided->value.vector = input.vector;
    return decided;
  }

 private:
  ProfileRules rules_;
  std::uint32_t version_;
};

}  // namespace bandstand::agents::profile
