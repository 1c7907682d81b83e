// demo_catalogue: fourteen advertisers, three campaigns each, one of every kind of targeting.
#include "simulation/demo_catalogue.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "base/check.h"
#include "simulation/demo_catalogue_writer.h"

namespace bandstand::simulation {
namespace {

struct Brand {
  const char *name, *domain, *category, *label;
  bool sensitive, films, natives;
};

constexpr std::array<Brand, 14> kBrands = {{
    {"Alba Motors", "albamotors.example", "IAB2", "cars", false, true, true},
    {"Kestrel Cars", "kestrelcars.example", "IAB2", "cars", false, true, false},
    {"Northfield Bank", "northfield.example", "IAB13", "banks", false, true, true},
    {"Pebble Savings", "pebble.example", "IAB13", "banks", false, false, true},
    {"Tidal Airways", "tidalairways.example", "IAB20", "airlines", false, true, true},
    {"Linden Hotels", "lindenhotels.example", "IAB20", "", false, false, true},
    {"Marrow Kitchen", "marrowkitchen.example", "IAB8", "", false, true, true},
    {"Stride Shoes", "strideshoes.example", "IAB18", "shoes", false, true, true},
    {"Pixelforge Games", "pixelforge.example", "IAB9", "", false, true, true},
    {"Verde Garden", "verdegarden.example", "IAB10", "", false, false, true},
    {"Orbit Phones", "orbitphones.example", "IAB19", "phones", false, true, true},
    {"Tutorly", "tutorly.example", "IAB5", "", false, false, true},
    {"Fable Tickets", "fabletickets.example", "IAB1", "", false, true, false},
    {"Wellspring Clinic", "wellspring.example", "IAB7", "", true, false, true},
}};

/// What values of clicks and conversions reckon with: less than the world's truth (1.4 % and 17 %), as a buyer would who
/// starts cold.
constexpr double kClickRate = .010, kConversionRate = .025;

/// A kind of targeting, and the share of all impressions that it reaches (from the shares of
/// world_vocabulary).
struct Aim {
  const char* name;
  Json targeting;
  double reach;
};

std::vector<Aim> aims() {
  return {
      {"everyone", Json::object(), 1},
      {"US and Canada", {{"countries", {"US", "CA"}}}, .44},
      {"Europe", {{"countries", {"GB", "DE", "FR", "ES", "IT"}}}, .43},
      {"phones", {{"devices", {"phone"}}}, .45},
      {"desktop", {{"devices", {"pc"}}, {"browsers", {"chrome", "edge", "firefox"}}}, .38},
      {"iOS", {{"oses", {"ios"}}}, .24},
      {"car intent", {{"segments", {"in-market-auto"}}}, .10},
      {"investors", {{"segments", {"investor", "small-business"}}}, .15},
      {"sport pages", {{"categories", {"IAB17"}}}, .10},
      {"food and home pages", {{"categories", {"IAB8", "IAB10"}}}, .13},
      {"weekdays and ends", {{"hours", {"mon-fri 00-24", "sat-sun 00-24"}}, {"countries_not", {"JP"}}}, .95},
      {"most hours", {{"hours", {"mon-sun 00-04", "mon-sun 05-24"}}}, .95},
      {"picked sites",
       {{"domains", {"music1.example", "football13.example", "games9.example", "laptop15.example"}}},
       .08},
      {"no games", {{"domains_not", {"games9.example"}}, {"categories_not", {"IAB9"}}}, .90},
      {"apps",
       {{"apps", {"com.example.app1", "com.example.app9", "com.example.app13", "com.example.app15"}}},
       .04},
      {"travel words", {{"keywords", {"flights", "hotel", "beach"}}}, .05},
      {"German", {{"languages", {"de"}}}, .12},
      {"near London",
       {{"circles", Json::array({{{"lat", "52.0"}, {"lon", "-1.0"}, {"radius_km", "150"}}})}},
       .10},
      {"California, Texas", {{"regions", {"US-CA", "US-TX"}}}, .25},
      {"big cities", {{"cities", {"New York", "London", "Berlin", "Paris"}}}, .22},
      {"first screen", {{"positions", {1, 7}}}, .60},
      {"alpha only", {{"exchanges", {"alpha"}}}, .55},
      {"beta, wifi", {{"exchanges", {"beta"}}, {"connections", {2}}}, .33},
      {"car deal", {{"deals", {"alpha-autos-24"}}}, .012},
      {"finance deal", {{"deals", {"beta-finance-7"}}}, .008},
      {"sport deal", {{"deals", {"alpha-sport-pg"}}}, .018},
      {"picked places", {{"placements", {"site-1/box", "site-9/box", "site-13/leader", "site-13/box"}}}, .05},
  };
}

std::string iso_time(base::WallTime t) {
  const std::time_t seconds = t.seconds();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

class Maker {
 public:
  explicit Maker(const DemoCatalogueOptions& options)
      : options_(options), rng_(base::mix64(options.seed ^ 0xDE30'CA7Aull)), aims_(aims()) {}

  std::string make() {
    for (std::uint32_t i = 0; i < kBrands.size(); ++i) add_brand(i);
    share_money();
    const Json out = {{"advertisers", advertisers_},
                      {"creatives", creatives_},
                      {"campaigns", campaigns_},
                      {"line_items", line_items_}};
    return out.dump(1);
  }

 private:
  void add_brand(std::uint32_t index) {
    const Brand& brand = kBrands[index];
    const std::uint32_t id = index + 1;
    Json advertiser = {
        {"id", id}, {"name", brand.name}, {"domain", brand.domain}, {"categories", {brand.category}}};
    if (brand.label[0] != '\0') advertiser["exclusion_label"] = brand.label;
    if (brand.sensitive) advertiser["sensitive"] = true;
    advertisers_.push_back(advertiser);
    add_creatives(index);
    for (int k = 0; k < 3; ++k) add_campaign(index, k);
  }

  void add_creatives(std::uint32_t index) {
    static constexpr std::array<std::pair<int, int>, 5> kSizes = {
        {{300, 250}, {728, 90}, {320, 50}, {300, 600}, {320, 480}}};
    const Brand& brand = kBrands[index];
    const std::uint32_t id = index + 1;
    pool_.clear();
    const auto add = [&](Json creative) {
      pool_.push_back(next_creative_++);
      creatives_.push_back(std::move(creative));
    };
    for (std::size_t s = 0; s < kSizes.size(); ++s) {
      const int variants = s < 3 ? 2 : 1;
      for (int v = 0; v < variants; ++v)
        add(banner(next_creative_, id, brand.domain, kSizes[s].first, kSizes[s].second, rng_));
    }
    if (brand.films) add(video(next_creative_, id, brand.domain, 15, rng_));
    if (brand.films) add(video(next_creative_, id, brand.domain, 30, rng_));
    if (brand.natives) add(native(next_creative_, id, brand.name, brand.domain, rng_));
    if (brand.natives) add(native(next_creative_, id, brand.name, brand.domain, rng_));
  }

  void add_campaign(std::uint32_t index, int k) {
    static constexpr const char* kZones[] = {"UTC", "America/New_York", "Europe/Berlin", "Asia/Tokyo"};
    static constexpr const char* kPacings[] = {"even", "even", "even", "asap", "front_loaded"};
    const std::uint32_t number = index * 3 + static_cast<std::uint32_t>(k);
    const std::uint32_t id = 101 + number;
    Json campaign = {{"id", id},
                     {"name", std::string(kBrands[index].name) + " " + std::to_string(k + 1)},
                     {"advertiser", index + 1},
                     {"budget", "0"},
                     {"time_zone", kZones[number % 4]},
                     {"pacing", kPacings[number % 5]}};
    if (options_.start.ns != 0) {
      campaign["start"] = iso_time(options_.start);
      campaign["end"] = iso_time(
          options_.start + std::chrono::seconds(static_cast<std::int64_t>(std::ceil(options_.seconds)) + 1));
    }
    // A sensitive advertiser aims at pages and countries, never at people.
    const std::size_t aim =
        kBrands[index].sensitive ? static_cast<std::size_t>(k == 0 ? 9 : k) : number % aims_.size();
    add_line_item(id, number, aim);
    if (number % 5 == 2)
      add_line_item(id, number, kBrands[index].sensitive ? 8 : (number + 7) % aims_.size());
    reach_.push_back(aims_[aim].reach);
    campaigns_.push_back(std::move(campaign));
  }

  void add_line_item(std::uint32_t campaign, std::uint32_t number, std::size_t aim) {
    static constexpr const char* kGoals[] = {"cpm", "cpc", "cpa", "cpc", "cpm", "cpc"};
    const std::string goal = kGoals[number % 6];
    const double cpm = 2.5 + 4 * rng_.uniform();  // what an impression is worth at the world's mean response
    const bool deal = aims_[aim].targeting.contains("deals");
    Json item = {
        {"id", next_line_item_++}, {"name", aims_[aim].name}, {"campaign", campaign}, {"goal", goal}};
    if (goal == "cpm" || deal) {
      item["goal"] = "cpm";
      item["value"] = micros(deal ? cpm + 5 : cpm);
    } else {
      item["value"] =
          cents(goal == "cpc" ? cpm / 1000 / kClickRate : cpm / 1000 / kClickRate / kConversionRate);
      item["bid_max"] = micros(3 * cpm);
    }
    item["bid_default"] = micros(.4 * cpm);
    item["targeting"] = aims_[aim].targeting;
    if (number % 3 == 0) item["frequency_caps"] = Json::array({{{"impressions", 6}, {"window_s", 3600}}});
    if (number % 8 == 5) {
      item["frequency_caps"] = Json::array({{{"level", "campaign"}, {"impressions", 3}, {"window_s", 600}},
                                            {{"level", "creative"}, {"impressions", 2}, {"window_s", 600}}});
    }
    item["creatives"] = pool_;
    line_items_.push_back(std::move(item));
  }

  /// Budgets, once all reaches are known: a share of what the market sells in the time.
  void share_money() {
    constexpr double kMeanPrice = .0018;  // per impression, of what can be won
    constexpr double kWinnable = .6;
    const double impressions = options_.requests_per_second * 1.18 * options_.seconds;
    const double supply = impressions * kWinnable * kMeanPrice;
    double reach = 0;
    for (const double r : reach_) reach += std::sqrt(r);
    for (std::size_t i = 0; i < reach_.size(); ++i) {
      // Wide campaigns get more, but not in proportion: they compete with each other.
      const double could = std::min(.8 * supply * std::sqrt(reach_[i]) / reach, .5 * supply * reach_[i]);
      const double tightness = i % 9 == 4 ? .08 : i % 7 == 3 ? 4 : .5 + .33 * rng_.uniform();
      const double budget = std::max(.01, could * tightness * options_.budget_scale);
      campaigns_[i]["budget"] = cents(budget);
      // A day's budget is spread over the day: it has no place in a demo of a minute.
      if (i % 4 == 1 && options_.seconds >= 86'400)
        campaigns_[i]["daily_budget"] = cents(budget * 86'400 / options_.seconds);
    }
  }

  DemoCatalogueOptions options_;
  base::Rng rng_;
  std::vector<Aim> aims_;
  Json advertisers_ = Json::array(), creatives_ = Json::array(), campaigns_ = Json::array(),
       line_items_ = Json::array();
  std::vector<std::uint32_t> pool_;
  std::vector<double> reach_;
  std::uint32_t next_creative_ = 1001, next_line_item_ = 501;
};

}  // namespace

std::string demo_catalogue_json(const DemoCatalogueOptions& options) { return Maker(options).make(); }

}  // namespace bandstand::simulation
