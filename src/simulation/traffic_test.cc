// traffic_test: arrivals follow the day; requests are what protocol.md 1.3 asks for and the production parser
// takes.
#include "simulation/traffic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "protocol/openrtb/request_parser.h"
#include "simulation/market.h"
#include "simulation/traffic_request.h"

namespace bandstand::simulation {
namespace {

using nlohmann::json;
using std::chrono::hours;

PopulationOptions few() {
  PopulationOptions options;
  options.users = 3'000;
  return options;
}

TEST(Traffic, HasTheMeanRateAndTheShapeOfTheDay) {
  const Population population(few());
  TrafficOptions options;
  options.requests_per_second = 5;
  options.day_night_ratio = 12;
  Traffic traffic(options, population, {});
  std::array<int, 24> by_hour{};
  int total = 0;
  for (base::Duration t = traffic.next(); t < hours(24); t = traffic.next()) {
    ++by_hour[static_cast<std::size_t>(t / hours(1))];
    ++total;
  }
  EXPECT_NEAR(total, 5 * 86'400, 5 * std::sqrt(5. * 86'400));
  const double ratio = static_cast<double>(by_hour[20]) / by_hour[8];
  EXPECT_NEAR(ratio, 12, 1.5) << "busiest against quietest";
}

TEST(Traffic, PacksADayIntoAMinute) {
  const Population population(few());
  TrafficOptions options;
  options.speed_up = 1'440;
  Traffic traffic(options, population, {});
  EXPECT_NEAR(traffic.hour_at(std::chrono::seconds(50)), 20, 1e-9);
  EXPECT_NEAR(traffic.rate_at(std::chrono::seconds(50)) / traffic.rate_at(std::chrono::seconds(20)), 4, 1e-9);
}

TEST(Traffic, IsPoisson) {
  const Population population(few());
  TrafficOptions options;
  options.day_night_ratio = 1;
  options.requests_per_second = 100;
  Traffic traffic(options, population, {});
  double sum = 0, squares = 0;
  constexpr int kSeconds = 400;
  base::Duration t = traffic.next();
  for (int s = 1; s <= kSeconds; ++s) {
    int count = 0;
    for (; t < std::chrono::seconds(s); t = traffic.next()) ++count;
    sum += count;
    squares += static_cast<double>(count) * count;
  }
  const double mean = sum / kSeconds;
  EXPECT_NEAR((squares / kSeconds - mean * mean) / mean, 1, .25) << "variance over mean";
}

TEST(Traffic, DropsInAShock) {
  const Population population(few());
  const std::vector<Shock> shocks = {
      {Shock::Kind::traffic, .25, std::chrono::seconds(10), std::chrono::seconds(20)}};
  const Traffic traffic({}, population, shocks);
  EXPECT_NEAR(traffic.rate_at(std::chrono::seconds(15)) / traffic.rate_at(std::chrono::seconds(25)), .25,
              .001);
}

/// Rules 1 to 8 of protocol.md 1.3.
void check_rules(const json& r) {
  EXPECT_FALSE(r.at("id").get<std::string>().empty());
  EXPECT_FALSE(r.at("imp").empty());
  EXPECT_EQ(r.contains("site") + r.contains("app") + r.contains("dooh"), 1);
  EXPECT_GT(r.at("tmax").get<int>(), 0);
  std::set<std::string> ids;
  for (const json& imp : r.at("imp")) {
    EXPECT_TRUE(ids.insert(imp.at("id").get<std::string>()).second);
    EXPECT_EQ(imp.contains("banner") + imp.contains("video") + imp.contains("native"), 1);
    EXPECT_GT(imp.at("bidfloor").get<double>(), 0);
    if (imp.contains("banner")) {
      for (const json& format : imp["banner"].at("format"))
        EXPECT_GT(format.at("w").get<int>() * format.at("h").get<int>(), 0);
    }
    if (imp.contains("video")) {
      EXPECT_FALSE(imp["video"].at("mimes").empty());
      EXPECT_FALSE(imp["video"].contains("rqddurs"));
    }
    if (imp.contains("native")) {
      const json native = json::parse(imp["native"].at("request").get<std::string>());
      std::set<int> assets;
      for (const json& asset : native.at("assets"))
        EXPECT_TRUE(assets.insert(asset.at("id").get<int>()).second);
      EXPECT_FALSE(assets.empty());
    }
  }
}

TEST(Requests, ObeyTheRulesAndTheProductionParser) {
  const Population population(few());
  TrafficOptions options;
  options.test_share = .01;
  const Traffic traffic(options, population, {});
  protocol::openrtb::RequestParser parser({.tcf_vendor_id = population.options().vendor_id});
  base::Arena arena;
  std::string body;
  std::array<int, 3> media{};
  int several = 0, deals = 0, apps = 0, oddities = 0, gdpr = 0;
  constexpr int kRequests = 5'000;
  for (std::uint64_t i = 1; i <= kRequests; ++i) {
    Visit visit;
    traffic.draw(i, visit);
    write_request(visit, population, options, body);
    const json r = json::parse(body, nullptr, false);
    ASSERT_FALSE(r.is_discarded()) << body;
    check_rules(r);
    arena.reset();
    protocol::openrtb::ParsedRequest parsed;
    ASSERT_EQ(parser.parse(body, arena, parsed), protocol::openrtb::Outcome::ok) << body;
    oddities += parsed.oddities != 0;
    several += r["imp"].size() > 1;
    apps += r.contains("app");
    gdpr += r["regs"]["gdpr"].get<int>();
    for (const json& imp : r["imp"]) {
      deals += imp.contains("pmp");
      ++media[imp.contains("banner") ? 0 : imp.contains("video") ? 1 : 2];
    }
  }
  EXPECT_EQ(oddities, 0) << "our own requests should need no tolerance";
  EXPECT_GT(several, kRequests / 20);
  EXPECT_GT(deals, kRequests / 100);
  EXPECT_GT(apps, kRequests / 10);
  EXPECT_NEAR(gdpr, .43 * kRequests, .08 * kRequests);
  for (const int count : media) EXPECT_GT(count, kRequests / 30);
}

TEST(Requests, NameItemsToTheTasteOfTheirUserWhereTheWorldHasSome) {
  PopulationOptions with = few();
  with.items = 50;
  const Population plain(few()), population(with);
  const TrafficOptions options;
  const Traffic traffic(options, population, {}), without(options, plain, {});
  protocol::openrtb::RequestParser parser;
  protocol::openrtb::ParsedRequest parsed;
  base::Arena arena;
  std::array<std::map<std::uint32_t, int>, 2> of_user;  // of two people: what they look at
  for (std::uint64_t number = 0; number < 2'000; ++number) {
    Visit visit, same;
    traffic.draw(number, visit);
    without.draw(number, same);
    EXPECT_EQ(same.item, 0u);
    EXPECT_EQ(visit.user, same.user) << "all else is as it was";
    EXPECT_EQ(visit.site, same.site);
    std::string body;
    write_request(visit, population, options, body);
    const std::size_t size = body.size();
    body.append(64, '\0');
    arena.reset();
    ASSERT_EQ(parser.parse(std::string_view(body).substr(0, size), arena, parsed), protocol::openrtb::Outcome::ok);
    EXPECT_EQ(parsed.auction.item, std::to_string(visit.item));
    base::Rng rng(number);
    for (std::size_t who = 0; who < 2; ++who) ++of_user[who][population.draw_item(population.users()[who], rng)];
  }
  const auto favourite = [](const std::map<std::uint32_t, int>& counts) {
    return std::max_element(counts.begin(), counts.end(), [](auto& a, auto& b) { return a.second < b.second; });
  };
  EXPECT_GT(favourite(of_user[0])->second, 4 * 2'000 / 50) << "far from even";
  EXPECT_NE(favourite(of_user[0])->first, favourite(of_user[1])->first);
}

TEST(Market, HasTheSpikesOfItsLaws) {
  PopulationOptions one = few();
  one.sites = 1;
  const Population population(one);
  const Traffic traffic({}, population, {});
  MarketOptions options;
  options.rivals = 0;
  Market market(options, population, 100, {});
  const Site& site = population.sites()[0];
  std::vector<std::int64_t> counts(kLawPriceMax + 1);
  int drawn = 0;
  for (std::uint64_t i = 1; drawn < 20'000; ++i) {
    Visit visit;
    traffic.draw(i, visit);
    if (visit.site != 0) continue;
    const double scale = site.quality * slot_kinds()[site.placements[visit.offer[0].placement].slot].price;
    const double units = static_cast<double>(market.draw(visit, 0, {}).price_nanos) /
                         (static_cast<double>(options.nanos_per_unit) * scale);
    ++counts[static_cast<std::size_t>(std::lround(units))];
    ++drawn;
  }
  EXPECT_LT(fitted_price_laws()[site.law].distance_to(counts), .015);
}

TEST(Market, RivalsPaceTowardsTheirBudgets) {
  const Population population(few());
  const Traffic traffic({}, population, {});
  Market market({}, population, 400, {});
  std::uint64_t number = 0;
  const auto play = [&](int seconds, bool take_all) {
    for (int s = 0; s < seconds; ++s) {
      for (int i = 0; i < 400; ++i) {
        Visit visit;
        traffic.draw(++number, visit);
        const Competition best = market.draw(visit, 0, std::chrono::seconds(number / 400));
        if (!take_all) market.charge(best, best.price_nanos);
      }
      market.advance(std::chrono::seconds(number / 400), 1);
    }
    double pace = 0;
    for (std::size_t i = 0; i < market.rivals(); ++i)
      pace += market.pace(i) / static_cast<double>(market.rivals());
    return pace;
  };
  const double free = play(60, false);
  const double starved = play(30, true);
  const double recovered = play(90, false);
  EXPECT_GT(starved, 3 * free) << "they bid up when somebody takes everything";
  EXPECT_LT(recovered, 2 * free) << "and come back";
}

}  // namespace
}  // namespace bandstand::simulation
