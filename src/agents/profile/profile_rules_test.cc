// profile_rules_test: what the default profile says, and what it does not say without consent.
#include "agents/profile/profile_rules.h"

#include <gtest/gtest.h>

#include <array>

#include "agents/profile/interests.h"
#include "domain/topic.h"

namespace bandstand::agents::profile {
namespace {

class ProfileRulesTest : public testing::Test {
 protected:
  ProfileRulesTest() {
    auction_.source_categories = categories_;
    auction_.keywords = keywords_;
    auction_.segments = segments_;
    domain::PrivacySignals open;
    consented_ = domain::consent_gate(open);
    domain::PrivacySignals closed;
    closed.coppa = true;
    refused_ = domain::consent_gate(closed);
    state_.key = {42};
    add_interest(state_, 7, 1, domain::profile_seconds(context_.now) - 3600);
    add_interest(state_, 8, 5, domain::profile_seconds(context_.now) - 3600);
    state_.requests = 30;
    state_.first_seen_s = domain::profile_seconds(context_.now) - 10 * 86'400;
  }

  ProfileAnswer ask(const domain::Consent& consent, const domain::UserState* state) {
    return rules_.decide({auction_, consent, state}, context_).value().value;
  }

  std::array<std::string_view, 2> categories_{"IAB17", "IAB17-44"};
  std::array<std::string_view, 2> keywords_{"tennis", "tennis"};
  std::array<domain::Segment, 1> segments_{{{"dmp", "runners"}}};
  domain::Auction auction_;
  domain::Consent consented_, refused_;
  domain::UserState state_;
  base::Rng rng_{1};
  base::Arena arena_;
  AgentContext context_{.now = {1'700'000'000'000'000'000}, .rng = rng_, .arena = arena_};
  ProfileRules rules_{domain::PolicyId{3}};
};

TEST_F(ProfileRulesTest, AKnownUserHasInterestsStrongestFirst) {
  const ProfileAnswer answer = ask(consented_, &state_);
  EXPECT_TRUE(answer.known);
  ASSERT_EQ(answer.interests.size(), 2u);
  EXPECT_EQ(answer.interests[0].topic, 8u);
  EXPECT_GT(answer.interests[0].weight, answer.interests[1].weight);
  ASSERT_EQ(answer.segments.size(), 1u);
  EXPECT_EQ(answer.segments[0], domain::topic_of("runners"));
  EXPECT_NEAR(answer.activity, 3, 1e-4);
  EXPECT_EQ(answer.state, &state_);
}

TEST_F(ProfileRulesTest, WithoutConsentOnlyThePageSpeaks) {
  const ProfileAnswer answer = ask(refused_, &state_);
  EXPECT_FALSE(answer.known);
  EXPECT_EQ(answer.state, nullptr);
  EXPECT_TRUE(answer.segments.empty());
  ASSERT_EQ(answer.interests.size(), 3u);  // the repeated keyword counts once
  EXPECT_EQ(answer.interests[0].topic, domain::topic_of("IAB17"));
}

TEST_F(ProfileRulesTest, CountingMayBeAllowedWherePersonalisingIsNot) {
  domain::PrivacySignals signals;
  signals.gdpr = domain::Tri::yes;
  signals.tcf_present = true;
  signals.tcf_vendor_consent = true;
  signals.tcf_purposes = 0b11;
  const ProfileAnswer answer = ask(domain::consent_gate(signals), &state_);
  EXPECT_FALSE(answer.known);
  EXPECT_EQ(answer.state, &state_);
  EXPECT_TRUE(answer.segments.empty());
  EXPECT_EQ(answer.interests[0].topic, domain::topic_of("IAB17"));
}

TEST_F(ProfileRulesTest, AnUnknownUserStartsFromThePage) {
  const ProfileAnswer answer = ask(consented_, nullptr);
  EXPECT_FALSE(answer.known);
  EXPECT_EQ(answer.interests.size(), 3u);
  EXPECT_FLOAT_EQ(answer.interests[0].weight, 1.0f / 3);
}

TEST_F(ProfileRulesTest, FaintInterestsAreForgotten) {
  context_.now = context_.now + std::chrono::hours(24 * 365);
  const ProfileAnswer answer = ask(consented_, &state_);
  EXPECT_EQ(answer.interests[0].topic, domain::topic_of("IAB17"));
}

}  // namespace
}  // namespace bandstand::agents::profile
