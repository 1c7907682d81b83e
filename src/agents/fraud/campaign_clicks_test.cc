// campaign_clicks_test: a campaign is under a drain by its own measure, a click there weighs, and memory is bounded.
#include "agents/fraud/campaign_clicks.h"

#include <gtest/gtest.h>

namespace bandstand::agents::fraud {
namespace {

constexpr double kRate = .01;

class CampaignClicksTest : public ::testing::Test {
 protected:
  /// `clicks` in a hundred impressions, one impression a second.
  void show(std::uint32_t campaign, int impressions, int clicks_in_hundred) {
    const std::uint16_t slot = campaigns_.slot_of(base::CampaignId{campaign});
    for (int i = 0; i < impressions; ++i) {
      ++now_s_;
      campaigns_.add(slot, false, now_s_, kRate);
      if (i % 100 < clicks_in_hundred) campaigns_.add(slot, true, now_s_, kRate);
    }
  }
  [[nodiscard]] float excess(std::uint32_t campaign) {
    return campaigns_.excess(campaigns_.slot_of(base::CampaignId{campaign}));
  }

  CampaignClicks campaigns_{64};
  std::int64_t now_s_ = 1'764'028'800;
};

TEST_F(CampaignClicksTest, AGoodCampaignIsNoVictimAndATroubledOneIsByItsOwnMeasure) {
  show(1, 2'000, 1);
  EXPECT_EQ(excess(1), 0);
  show(2, 4'000, 3);  // always was three times as good
  EXPECT_LT(excess(2), .1f);
  show(1, 300, 8);
  EXPECT_GT(excess(1), .4f);
  EXPECT_LT(excess(1), 1.0f);
}

TEST_F(CampaignClicksTest, WhatIsInExcessTodayIsNotUsualTomorrow) {
  show(1, 2'000, 1);
  show(1, 6'000, 8);
  EXPECT_GT(excess(1), .4f);
  show(1, 4'000, 1);
  campaigns_.fade(now_s_, kRate);
  EXPECT_LT(excess(1), .1f) << "and it ends with the attack";
}

TEST_F(CampaignClicksTest, EvidenceIsTheLikelihoodRatioOfAHiredHandToAPerson) {
  show(1, 2'000, 1);
  const std::uint16_t slot = campaigns_.slot_of(base::CampaignId{1});
  EXPECT_EQ(campaigns_.evidence(slot, 4, 2), 0) << "of a campaign nobody drains";
  show(1, 300, 8);
  const float one = campaigns_.evidence(slot, 1, 1);
  EXPECT_GT(one, 2.0f);
  EXPECT_NEAR(campaigns_.evidence(slot, 2, 2), 2 * one, 1e-4f);
  EXPECT_LT(campaigns_.evidence(slot, 10, 1), one) << "who looks on without clicking is the less suspect";
  EXPECT_LT(campaigns_.evidence(slot, 5, 0), 0);
}

TEST_F(CampaignClicksTest, APartyKeepsTheCampaignsItClickedOn) {
  CampaignsSeen seen;
  seen.add(7, false);
  seen.add(7, true);
  for (std::uint16_t slot = 20; slot < 60; ++slot) seen.add(slot, false);
  EXPECT_EQ(seen.of[0].slot, 7);
  EXPECT_EQ(seen.of[0].clicked, 1);
  for (int i = 0; i < 1'000; ++i) seen.add(7, false);
  EXPECT_EQ(seen.of[0].shown, 255);
  seen.halve();
  EXPECT_EQ(seen.of[0].shown, 127);
  EXPECT_EQ(seen.of[0].clicked, 0);
}

TEST_F(CampaignClicksTest, TheBusyStayAmongAHundredThousandCampaigns) {
  show(1, 500, 1);
  const std::uint16_t slot = campaigns_.slot_of(base::CampaignId{1});
  const std::size_t bytes = campaigns_.bytes();
  for (std::uint32_t campaign = 2; campaign < 100'000; ++campaign)
    campaigns_.add(campaigns_.slot_of(base::CampaignId{campaign}), false, now_s_, kRate);
  EXPECT_EQ(campaigns_.slot_of(base::CampaignId{1}), slot);
  EXPECT_EQ(campaigns_.bytes(), bytes);
}

}  // namespace
}  // namespace bandstand::agents::fraud
