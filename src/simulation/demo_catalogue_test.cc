// demo_catalogue_test: what we generate is a catalogue.
#include "simulation/demo_catalogue.h"

#include <gtest/gtest.h>

#include <set>

#include "protocol/catalogue/catalogue_reader.h"

namespace bandstand::simulation {
namespace {

domain::CatalogueSnapshot read(const std::string& text) {
  std::vector<protocol::catalogue::Problem> problems;
  auto catalogue = protocol::catalogue::read_catalogue(text, {"alpha", "beta"}, problems);
  for (const auto& problem : problems) ADD_FAILURE() << print(problem, "generated");
  return catalogue;
}

TEST(DemoCatalogue, IsLargeEnoughAndReads) {
  const auto catalogue = read(demo_catalogue_json());
  ASSERT_TRUE(catalogue);
  EXPECT_GE(catalogue->advertisers.size(), 12u);
  EXPECT_GE(catalogue->campaigns.size(), 36u);
  EXPECT_GE(catalogue->creatives.size(), 120u);
  std::set<domain::MediaType> types;
  std::set<domain::Goal> goals;
  std::set<domain::Pacing> pacings;
  for (const auto& creative : catalogue->creatives) types.insert(creative.type);
  for (const auto& item : catalogue->line_items) goals.insert(item.goal);
  for (const auto& campaign : catalogue->campaigns) pacings.insert(campaign.pacing);
  EXPECT_EQ(types.size(), 3u);
  EXPECT_EQ(goals.size(), 3u);
  EXPECT_EQ(pacings.size(), 3u);
}

TEST(DemoCatalogue, BudgetsFollowTheTraffic) {
  const auto sum = [](double seconds) {
    DemoCatalogueOptions options;
    options.seconds = seconds;
    base::Nanos total;
    const auto catalogue = read(demo_catalogue_json(options));
    for (const auto& campaign : catalogue->campaigns) total += campaign.budget;
    return static_cast<double>(total.value) * 1e-9;
  };
  const double minute = sum(60);
  EXPECT_GT(minute, 5);
  EXPECT_LT(minute, 60) << "400 requests a second for a minute at 2 CPM are worth 57";
  EXPECT_NEAR(sum(600) / minute, 10, .5);
}

TEST(DemoCatalogue, FlightsStartAndEndWithTheDemo) {
  DemoCatalogueOptions options;
  options.start = {1'800'000'000'000'000'000};
  const auto catalogue = read(demo_catalogue_json(options));
  ASSERT_TRUE(catalogue);
  for (const auto& campaign : catalogue->campaigns) {
    EXPECT_EQ(campaign.start, options.start);
    EXPECT_EQ(campaign.end, options.start + std::chrono::seconds(61));
  }
}

TEST(DemoCatalogue, SameSeedSameText) {
  EXPECT_EQ(demo_catalogue_json({.seed = 3}), demo_catalogue_json({.seed = 3}));
  EXPECT_NE(demo_catalogue_json({.seed = 3}), demo_catalogue_json({.seed = 4}));
}

TEST(RandomCatalogue, ReadsAtEverySize) {
  for (const std::uint32_t size : {1u, 7u, 100u, 2'000u}) {
    const auto catalogue = read(random_catalogue_json(5, size));
    ASSERT_TRUE(catalogue) << size;
    EXPECT_EQ(catalogue->line_items.size(), size);
    for (const auto& item : catalogue->line_items) EXPECT_EQ(item.creatives.size(), 3u);
  }
}

TEST(RandomCatalogue, MixesTargeting) {
  const auto catalogue = read(random_catalogue_json(5, 2'000));
  ASSERT_TRUE(catalogue);
  int countries = 0, hours = 0, deals = 0, sites = 0, open = 0;
  for (const auto& item : catalogue->line_items) {
    countries += !item.targeting.countries.empty();
    hours += item.targeting.hours.any();
    deals += !item.targeting.deals.empty();
    sites += !item.targeting.domains.empty();
    open += item.targeting.countries.empty() && item.targeting.categories.empty() &&
            item.targeting.segments.empty();
  }
  EXPECT_NEAR(countries, 1'400, 90);
  EXPECT_NEAR(hours, 400, 60);
  EXPECT_NEAR(deals, 60, 25);
  EXPECT_NEAR(sites, 400, 60);
  EXPECT_GT(open, 200);
}

TEST(CreativeWorld, HasTenCreativesOfOneSizeALineItem) {
  const auto catalogue = read(creative_world_catalogue_json(1, 3));
  ASSERT_TRUE(catalogue);
  EXPECT_EQ(catalogue->line_items.size(), 3u);
  for (const auto& item : catalogue->line_items) EXPECT_EQ(item.creatives.size(), 10u);
}

}  // namespace
}  // namespace bandstand::simulation
