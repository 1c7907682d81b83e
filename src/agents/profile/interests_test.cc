// interests_test: interests grow, decay at three speeds, and give way to stronger ones.
#include "agents/profile/interests.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bandstand::agents::profile {
namespace {

constexpr base::WallTime at_s(std::int64_t seconds) { return {(1'700'000'000 + seconds) * 1'000'000'000}; }
std::uint32_t stamp(std::int64_t seconds) { return domain::profile_seconds(at_s(seconds)); }

float strength_of(const domain::UserState& user, std::uint32_t topic, std::int64_t seconds) {
  for (const auto& interest : user.interests) {
    if (interest.topic == topic) return strength(interest, stamp(seconds));
  }
  return 0;
}

TEST(Interests, HalveAtTheirThreeHalfLives) {
  domain::UserState user;
  add_interest(user, 5, 8, stamp(0));
  EXPECT_FLOAT_EQ(strength_of(user, 5, 0), 8);
  const float after_a_day = 8 * (0.5f * std::exp2(-24.0f) + 0.3f * 0.5f + 0.2f * std::exp2(-1.0f / 14));
  EXPECT_NEAR(strength_of(user, 5, 86'400), after_a_day, 1e-5);
}

TEST(Interests, ReadingLateEqualsUpdatingInSteps) {
  domain::UserState stepped;
  domain::UserState once;
  add_interest(stepped, 5, 1, stamp(0));
  add_interest(once, 5, 1, stamp(0));
  for (int hour = 1; hour <= 10; ++hour) add_interest(stepped, 5, 0, stamp(hour * 3600));
  EXPECT_NEAR(strength_of(stepped, 5, 36'000), strength_of(once, 5, 36'000), 1e-5);
}

TEST(Interests, ANewTopicReplacesTheWeakest) {
  domain::UserState user;
  for (std::uint32_t topic = 1; topic <= domain::kInterestSlots; ++topic) {
    add_interest(user, topic, topic == 3 ? 0.1f : 1.0f, stamp(0));
  }
  add_interest(user, 100, 1, stamp(60));
  EXPECT_EQ(strength_of(user, 3, 60), 0);
  EXPECT_GT(strength_of(user, 100, 60), 0.9f);
  EXPECT_GT(strength_of(user, 4, 60), 0);
}

TEST(Interests, AnEventOutOfOrderIsAddedAndMovesNoTimeBack) {
  domain::UserState user;
  add_interest(user, 5, 1, stamp(1000));
  add_interest(user, 5, 1, stamp(0));
  EXPECT_FLOAT_EQ(strength_of(user, 5, 1000), 2);
}

TEST(Interests, AClickCountsMoreThanAPageAndAnImpressionNothing) {
  domain::UserState user;
  const std::uint32_t page[] = {1};
  const std::uint32_t ad[] = {2};
  apply_page(user, page, at_s(0));
  domain::Event event;
  event.kind = domain::EventKind::impression;
  apply_event(user, event, ad, at_s(1));
  EXPECT_EQ(strength_of(user, 2, 1), 0);
  event.kind = domain::EventKind::click;
  apply_event(user, event, ad, at_s(2));
  EXPECT_GT(strength_of(user, 2, 2), 3 * strength_of(user, 1, 2));
  EXPECT_EQ(user.requests, 1u);
  EXPECT_EQ(user.impressions, 1u);
  EXPECT_EQ(user.clicks, 1u);
  EXPECT_EQ(user.last_seen_s - user.first_seen_s, 2u);
}

TEST(Interests, SuspiciousAndTestEventsTeachNothing) {
  domain::UserState user;
  const std::uint32_t ad[] = {2};
  domain::Event event;
  event.kind = domain::EventKind::click;
  event.suspicious = true;
  apply_event(user, event, ad, at_s(0));
  event.suspicious = false;
  event.test = true;
  apply_event(user, event, ad, at_s(0));
  EXPECT_EQ(user.clicks, 0u);
  EXPECT_EQ(strength_of(user, 2, 0), 0);
}

}  // namespace
}  // namespace bandstand::agents::profile
