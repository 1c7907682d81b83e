// population_test: who is there, what they consent to, and how they respond.
#include "simulation/population.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "domain/identity.h"
#include "protocol/consent/tcf.h"
#include "simulation/population_consent.h"
#include "simulation/population_response.h"

namespace bandstand::simulation {
namespace {

TEST(Consent, IsReadByTheProductionDecoder) {
  const std::string text =
      encode_tcf({.purposes = 0x243, .vendors = {2, 755}, .language = "DE", .country = "FR"});
  const auto tcf = protocol::consent::decode_tcf(text, 755);
  EXPECT_TRUE(tcf.valid) << text;
  EXPECT_TRUE(tcf.vendor_consent);
  EXPECT_EQ(tcf.purpose_consents, 0x243u);
  EXPECT_EQ(tcf.publisher_country, 'F' << 8 | 'R');
  EXPECT_FALSE(protocol::consent::decode_tcf(text, 754).vendor_consent);
}

TEST(Population, GivesVendorConsentToThoseWhoSayYes) {
  PopulationOptions options;
  options.users = 4'000;
  const Population population(options);
  std::map<Permission, int> count;
  for (const User& user : population.users()) {
    ++count[user.permission];
    const auto text = population.consent_string(user);
    const auto tcf = protocol::consent::decode_tcf(text, options.vendor_id);
    EXPECT_EQ(tcf.vendor_consent,
              user.permission == Permission::full || user.permission == Permission::partial);
    EXPECT_EQ(text.empty(),
              user.permission == Permission::not_needed || user.permission == Permission::silent);
  }
  for (const Permission p : {Permission::full, Permission::partial, Permission::none, Permission::silent,
                             Permission::not_needed}) {
    EXPECT_GT(count[p], 50);
  }
}

TEST(Population, FollowsItsSeed) {
  PopulationOptions options;
  options.users = 100;
  const Population a(options);
  const Population b(options);
  options.seed = 2;
  const Population c(options);
  EXPECT_EQ(a.users()[7].key, b.users()[7].key);
  EXPECT_NE(a.users()[7].key, c.users()[7].key);
  EXPECT_EQ(a.sites()[3].placements[0].floor_nanos, b.sites()[3].placements[0].floor_nanos);
}

TEST(Population, VisitsWhatItLikesAndSomeMoreThanOthers) {
  PopulationOptions options;
  options.users = 10'000;
  const Population population(options);
  base::Rng rng(1);
  int liked = 0, busy = 0;
  constexpr int kVisits = 20'000;
  for (int i = 0; i < kVisits; ++i) {
    const std::uint32_t index = population.draw_user(rng);
    const User& user = population.users()[index];
    const Site& site = population.sites()[population.draw_site(user, rng)];
    liked += std::count(user.interests.begin(), user.interests.end(), site.topic) > 0;
    busy += index < options.users / 10;
  }
  EXPECT_GT(liked, kVisits * 6 / 10);
  EXPECT_NEAR(busy, .316 * kVisits, .02 * kVisits) << "sqrt(1/10)";
}

TEST(Population, HasBotsInDataCentres) {
  PopulationOptions options;
  options.users = 20'000;
  const Population population(options);
  int crawlers = 0, clickers = 0;
  for (const User& user : population.users()) {
    crawlers += user.behaviour == Behaviour::crawler;
    clickers += user.behaviour == Behaviour::click_bot;
    if (user.behaviour == Behaviour::human) continue;
    std::string address;
    append_address(user, address);
    const auto prefixes = data_centre_prefixes();
    EXPECT_TRUE(std::any_of(prefixes.begin(), prefixes.end(), [&](const auto& p) {
      return address.starts_with(std::to_string(p[0]) + "." + std::to_string(p[1]) + ".");
    }));
  }
  EXPECT_NEAR(crawlers, 300, 70);
  EXPECT_NEAR(clickers, 100, 40);
}

class UserResponse : public testing::Test {
 protected:
  UserResponse() {
    catalogue.advertisers.emplace_back();
    catalogue.advertisers[0].categories = {"IAB17-12"};
    for (std::uint32_t id : {1u, 2u, 3u}) {
      domain::Creative creative;
      creative.id = {id};
      creative.features = {"headline=free", id == 2 ? "colour=red" : "colour=blue"};
      catalogue.creatives.push_back(creative);
    }
    user.interests = {12, 3, 5};
  }
  domain::Catalogue catalogue;
  User user;
};

TEST_F(UserResponse, IsTheSameForCreativesWithTheSameFeatures) {
  ResponseModel model({}, &catalogue);
  const auto& slot = slot_kinds()[1];
  EXPECT_EQ(model.click(user, slot, model.index_of("1"), 0), model.click(user, slot, model.index_of("3"), 0));
  EXPECT_NE(model.click(user, slot, model.index_of("1"), 0), model.click(user, slot, model.index_of("2"), 0));
}

TEST_F(UserResponse, FallsWithEveryImpression) {
  ResponseModel model({}, &catalogue);
  double last = 1;
  for (std::uint32_t seen = 0; seen < 20; ++seen) {
    const double chance = model.click(user, slot_kinds()[1], 0, seen);
    EXPECT_LT(chance, last);
    last = chance;
  }
}

TEST_F(UserResponse, RisesWithInterest) {
  ResponseOptions options;
  options.feature_interest = 0;
  ResponseModel model(options, &catalogue);
  User other = user;
  other.interests = {1, 3, 5};
  EXPECT_EQ(model.truth(0).topic, 12);
  EXPECT_GT(model.click(user, slot_kinds()[1], 0, 0), 2 * model.click(other, slot_kinds()[1], 0, 0));
  EXPECT_GT(model.conversion(user, 0), model.conversion(other, 0));
}

TEST_F(UserResponse, KnowsStrangersByTheirId) {
  ResponseModel model({}, nullptr);
  const std::uint32_t a = model.index_of("abc");
  EXPECT_EQ(model.index_of("abc"), a);
  EXPECT_NE(model.index_of("abd"), a);
}

}  // namespace
}  // namespace bandstand::simulation
