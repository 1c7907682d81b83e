// policies: the numbers of policies and their names; a number keeps its meaning for as long as logs are kept.
//
// A policy's name is "<stage>.<how>". New ones are added at the end; numbers are never used again.
#pragma once

#include <array>
#include <string_view>

#include "domain/decision.h"

namespace bandstand::orchestrator {

inline constexpr domain::PolicyId kFraudRules{1};
inline constexpr domain::PolicyId kProfileRules{2};
inline constexpr domain::PolicyId kTargetingIndex{3};
inline constexpr domain::PolicyId kTargetingScan{4};
inline constexpr domain::PolicyId kBudgetRules{5};
inline constexpr domain::PolicyId kCreativeThompson{6};
inline constexpr domain::PolicyId kCreativeEpsilonGreedy{7};
inline constexpr domain::PolicyId kCreativeGreedy{8};
inline constexpr domain::PolicyId kCreativeRandom{9};
inline constexpr domain::PolicyId kBidShaded{10};
inline constexpr domain::PolicyId kBidTruthful{11};
inline constexpr domain::PolicyId kBidLinear{12};
inline constexpr domain::PolicyId kBidTabularQ{13};
inline constexpr domain::PolicyId kOversightRules{14};
inline constexpr domain::PolicyId kCreativeLearned{15};
inline constexpr domain::PolicyId kBidLearned{16};
inline constexpr domain::PolicyId kFraudLearned{17};
inline constexpr domain::PolicyId kFraudScore{18};
inline constexpr domain::PolicyId kCreativeLinUcb{19};
inline constexpr domain::PolicyId kCreativeSquareCb{20};
inline constexpr domain::PolicyId kProfileSequence{21};

/// By number; 0 is "none": a step of the orchestrator's own, or an agent's constant fallback.
inline constexpr std::array<std::string_view, 22> kPolicyNames{
    "none",           "fraud.rules",     "profile.rules",  "targeting.index", "targeting.scan",
    "budget.rules",   "creative.thompson", "creative.epsilon_greedy", "creative.greedy", "creative.random",
    "bid.shaded",     "bid.truthful",    "bid.linear",     "bid.tabular_q",   "oversight.rules",
    "creative.learned", "bid.learned",  "fraud.learned",  "fraud.score",
    "creative.linucb", "creative.squarecb", "profile.sequence"};

/// "unknown" for a number that this version of the program does not know.
constexpr std::string_view name_of(domain::PolicyId id) noexcept {
  return id.value < kPolicyNames.size() ? kPolicyNames[id.value] : std::string_view("unknown");
}

/// The policy of a name; PolicyId{0} if there is none.
constexpr domain::PolicyId policy_of(std::string_view name) noexcept {
  for (std::size_t i = 1; i < kPolicyNames.size(); ++i) {
    if (kPolicyNames[i] == name) return domain::PolicyId{static_cast<std::uint16_t>(i)};
  }
  return {};
}
static_assert(name_of(kOversightRules) == "oversight.rules" && policy_of("bid.shaded") == kBidShaded);

}  // namespace bandstand::orchestrator
