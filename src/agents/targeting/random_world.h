// random_world: random catalogues and auctions over small vocabularies, so that rules meet often; for tests and benchmarks.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "base/rng.h"
#include "domain/auction.h"
#include "domain/catalogue.h"
#include "domain/frequency.h"
#include "domain/identity.h"
#include "domain/topic.h"
#include "domain/user.h"

namespace bandstand::agents::targeting {

/// How often a line item restricts a dimension, and how many values there are of the open ones.
struct WorldOptions {
  std::uint32_t line_items = 50;
  double restrict = 0.12;   ///< chance of each restriction, dimension by dimension
  std::uint32_t names = 6;  ///< different domains, keywords, segments ...
  std::uint32_t countries = 4;
  double country_share = 0.5;  ///< chance to target countries
  double capped = 0.3;
  double far_circles = 0.5;  ///< circles of thousands of km; the others have 1 to 60
  int seen = 60;             ///< impressions of a user
  bool faults = true;        ///< inactive, unapproved and ended things among the others
};

/// Everything random comes from one generator; equal seeds give equal worlds.
class RandomWorld {
 public:
  RandomWorld(base::Rng& rng, WorldOptions options) : rng_(rng), options_(options) {}

  domain::CatalogueSnapshot catalogue() {
    auto made = std::make_shared<domain::Catalogue>();
    made->version = rng_.next();
    const std::uint32_t advertisers = options_.line_items / 8 + 1;
    for (std::uint32_t a = 0; a < advertisers; ++a) made->advertisers.push_back(advertiser(a));
    const std::uint32_t campaigns = options_.line_items / 3 + 1;
    for (std::uint32_t c = 0; c < campaigns; ++c) made->campaigns.push_back(campaign(c, advertisers));
    for (std::uint32_t i = 0; i < options_.line_items; ++i) {
      domain::LineItem item = line_item(i, campaigns);
      const std::uint32_t owner = made->campaigns[item.campaign].advertiser;
      const auto creatives = 1 + rng_.below(3);
      for (std::uint64_t c = 0; c < creatives; ++c) {
        item.creatives.push_back(static_cast<std::uint32_t>(made->creatives.size()));
        made->creatives.push_back(creative(static_cast<std::uint32_t>(made->creatives.size()), owner));
      }
      made->line_items.push_back(std::move(item));
    }
    return made;
  }

  /// Views into the arena and into this world's vocabularies.
  domain::Auction auction(base::Arena& arena) {
    domain::Auction made;
    made.id = "a";
    made.exchange = static_cast<std::uint16_t>(rng_.below(3));
    made.channel = static_cast<domain::Channel>(rng_.below(4));
    if (rng_.chance(0.8))
      made.domain = arena.copy((rng_.chance(0.3) ? "www." : rng_.chance(0.3) ? "M.sub." : "") + site());
    if (rng_.chance(0.4)) made.bundle = arena.copy("com.app" + number());
    made.source_categories = list(arena, 3, [&] { return category(); });
    made.keywords = list(arena, 4, [&] { return "word" + number(); });
    made.blocked_categories = list(arena, 2, [&] { return category(); });
    made.blocked_domains = list(arena, 3, [&] { return rng_.chance(0.2) ? "www." + brand() : brand(); });
    made.categories_allowed = rng_.chance(0.1) ? list(arena, 3, [&] { return category(); }) : domain::Texts{};
    if (rng_.chance(0.05)) {
      made.cattax = 6;
      if (rng_.chance(0.5)) made.blocked_categories = list(arena, 2, [&] { return number(); });
    }
    auto pairs = arena.array<std::pair<std::string_view, std::string_view>>(rng_.below(5));
    for (auto& [key, value] : pairs) {
      key = arena.copy("Key" + std::to_string(rng_.below(3)));
      value = arena.copy("value" + number());
    }
    made.key_values = pairs;
    made.device = device(arena);
    auto impressions = arena.array<domain::Impression>(1);
    impressions[0] = impression(arena);
    made.impressions = impressions;
    return made;
  }

  domain::Consent consent() {
    domain::PrivacySignals signals;
    signals.gdpr = domain::Tri::no;
    signals.us_known = true;
    if (rng_.chance(0.2)) signals.coppa = true;
    if (rng_.chance(0.1)) signals.lmt = true;
    return domain::consent_gate(signals);
  }

  std::vector<std::uint32_t> segments() {
    std::vector<std::uint32_t> made;
    for (std::uint64_t i = rng_.below(4); i > 0; --i) made.push_back(domain::topic_of("segment" + number()));
    return made;
  }

  /// A user who has seen things of this catalogue.
  domain::UserState user(const domain::Catalogue& catalogue, base::WallTime now) {
    domain::UserState state;
    const std::uint32_t now_s = domain::profile_seconds(now);
    for (int i = 0; i < options_.seen; ++i) {
      const auto& item = catalogue.line_items[rng_.below(catalogue.line_items.size())];
      const std::uint32_t at = now_s - static_cast<std::uint32_t>(rng_.below(7'200));
      for (const domain::FrequencyCap& cap : item.caps) {
        const std::uint32_t shown = item.creatives[rng_.below(item.creatives.size())];
        domain::frequency_add(state, domain::frequency_key(cap, catalogue, item, shown), cap.window_s, at);
      }
    }
    return state;
  }

  std::vector<std::uint64_t> open(std::uint32_t line_items, double share) {
    std::vector<std::uint64_t> bits((line_items + 63) / 64, 0);
    for (std::uint32_t i = 0; i < line_items; ++i) {
      if (rng_.chance(share)) bits[i / 64] |= std::uint64_t{1} << (i % 64);
    }
    return bits;
  }

 private:
  std::string number() { return std::to_string(rng_.below(options_.names)); }
  std::string site() { return "site" + number() + ".com"; }
  std::string brand() {
    return rng_.chance(0.3) ? "shop.brand" + number() + ".com" : "brand" + number() + ".com";
  }
  std::string category() {
    const std::string top = "IAB" + std::to_string(1 + rng_.below(4));
    return rng_.chance(0.5) ? top : top + "-" + std::to_string(1 + rng_.below(3));
  }
  std::uint64_t country() {
    return domain::pack8("C" + std::string(1, static_cast<char>('A' + rng_.below(options_.countries))));
  }
  bool restricts() { return rng_.chance(options_.restrict); }

  template <class Make>
  auto some(std::uint64_t most, Make make) {
    std::vector<decltype(make())> made;
    for (std::uint64_t i = 1 + rng_.below(most); i > 0; --i) made.push_back(make());
    return made;
  }
  template <class Make>
  domain::Texts list(base::Arena& arena, std::uint64_t most, Make make) {
    auto texts = arena.array<std::string_view>(rng_.below(most + 1));
    for (std::string_view& text : texts) text = arena.copy(make());
    return texts;
  }

  domain::Advertiser advertiser(std::uint32_t a) {
    domain::Advertiser made;
    made.id = {a + 1};
    made.domain = brand();
    if (rng_.chance(0.7)) made.categories = some(2, [&] { return category(); });
    made.approved = !options_.faults || !rng_.chance(0.05);
    return made;
  }

  domain::Campaign campaign(std::uint32_t c, std::uint32_t advertisers) {
    static constexpr const char* kZones[] = {"UTC", "America/New_York", "Asia/Kolkata",
                                             "Australia/Lord_Howe"};
    domain::Campaign made;
    made.id = {c + 1};
    made.advertiser = static_cast<std::uint32_t>(rng_.below(advertisers));
    made.time_zone = kZones[rng_.below(4)];
    if (rng_.chance(0.3))
      made.start = {static_cast<std::int64_t>(1'700'000'000 + rng_.below(2'000'000)) * 1'000'000'000};
    if (rng_.chance(0.3))
      made.end = {static_cast<std::int64_t>(1'700'000'000 + rng_.below(4'000'000)) * 1'000'000'000};
    if (!options_.faults) made.start = made.end = {};
    made.active = !options_.faults || !rng_.chance(0.05);
    return made;
  }

  domain::LineItem line_item(std::uint32_t i, std::uint32_t campaigns) {
    domain::LineItem made;
    made.id = {i + 1};
    made.campaign = static_cast<std::uint32_t>(rng_.below(campaigns));
    made.priority = static_cast<std::uint8_t>(rng_.chance(0.8) ? 8 : 1 + rng_.below(16));
    made.goal = static_cast<domain::Goal>(rng_.below(3));
    made.value = {static_cast<std::int64_t>(1'000'000 + rng_.below(10'000'000))};
    made.bid_max = {static_cast<std::int64_t>(1'000'000 + rng_.below(10'000'000))};
    made.active = !options_.faults || !rng_.chance(0.05);
    made.targeting = targeting();
    if (rng_.chance(options_.capped)) {
      for (std::uint64_t c = 1 + rng_.below(2); c > 0; --c) {
        made.caps.push_back({static_cast<domain::FrequencyCap::Level>(rng_.below(4)),
                             static_cast<std::uint16_t>(rng_.below(3)), rng_.chance(0.5) ? 3'600u : 86'400u});
        if (!options_.faults) made.caps.back().impressions = 3;
      }
    }
    return made;
  }

  domain::Targeting targeting() {
    domain::Targeting t;
    if (rng_.chance(options_.country_share)) t.countries = some(3, [&] { return country(); });
    if (restricts()) t.countries_not = {country()};
    const auto region = [&] {
      return std::string(rng_.chance(0.5) ? "CA-" : "CB-") + (rng_.chance(0.5) ? "X" : "Y");
    };
    if (restricts()) t.regions = some(2, region);
    if (restricts()) t.regions_not = {region()};
    if (restricts()) t.cities = some(2, [&] { return "City" + number(); });
    if (restricts()) t.zips = some(2, [&] { return "zip" + number(); });
    if (restricts()) t.metros = some(2, [&] { return "60" + number(); });
    if (restricts())
      t.circles = some(2, [&] {
        return domain::Targeting::Circle{
            static_cast<float>(rng_.uniform() * 180 - 90), static_cast<float>(rng_.uniform() * 360 - 180),
            static_cast<float>(rng_.chance(options_.far_circles) ? 3'000 + rng_.below(9'000)
                                                                 : 1 + rng_.below(60))};
      });
    if (restricts()) t.devices = some(3, [&] { return static_cast<domain::DeviceType>(1 + rng_.below(8)); });
    if (restricts()) t.oses = some(3, [&] { return static_cast<domain::Os>(1 + rng_.below(8)); });
    if (restricts()) t.browsers = some(4, [&] { return static_cast<domain::Browser>(1 + rng_.below(9)); });
    if (restricts()) t.languages = some(2, [&] { return domain::pack8(rng_.chance(0.5) ? "en" : "fr"); });
    if (restricts()) t.domains = some(3, [&] { return rng_.chance(0.2) ? "Sub." + site() : site(); });
    if (restricts()) t.domains_not = some(3, [&] { return "www." + site(); });
    if (restricts()) t.apps = some(3, [&] { return "com.app" + number(); });
    if (restricts()) t.apps_not = {"com.app" + number()};
    if (restricts()) t.segments = some(3, [&] { return "segment" + number(); });
    if (restricts()) t.segments_not = {"segment" + number()};
    if (restricts()) t.keywords = some(3, [&] { return "Word" + number(); });
    if (restricts()) t.keywords_not = {"word" + number()};
    if (restricts())
      t.key_values = some(4, [&] {
        return std::pair<std::string, std::string>("key" + std::to_string(rng_.below(3)), "value" + number());
      });
    if (restricts()) {
      for (std::size_t hour = 0; hour < 168; ++hour) t.hours[hour] = rng_.chance(0.5);
    }
    if (restricts()) t.placements = some(3, [&] { return "tag" + number(); });
    if (restricts()) t.placements_not = {"tag" + number()};
    if (restricts()) t.categories = some(3, [&] { return category(); });
    if (restricts()) t.categories_not = {category()};
    if (restricts()) t.exchanges = some(2, [&] { return static_cast<std::uint16_t>(rng_.below(3)); });
    if (restricts()) t.deals = some(3, [&] { return "deal" + number(); });
    if (restricts()) t.connections = some(3, [&] { return static_cast<std::uint8_t>(rng_.below(8)); });
    if (restricts()) t.positions = some(3, [&] { return static_cast<std::uint8_t>(rng_.below(4)); });
    t.rewarded_only = rng_.chance(options_.restrict / 4);
    t.interstitial_ok = !rng_.chance(options_.restrict);
    return t;
  }

  domain::Creative creative(std::uint32_t c, std::uint32_t owner) {
    static constexpr domain::Size kSizes[] = {{300, 250}, {728, 90}, {160, 600}, {320, 50}, {970, 250}};
    domain::Creative made;
    made.id = {c + 1};
    made.advertiser = owner;
    made.type =
        rng_.chance(0.7) ? domain::MediaType::banner : static_cast<domain::MediaType>(1 + rng_.below(4));
    made.size = kSizes[rng_.below(std::size(kSizes))];
    if (rng_.chance(0.3)) made.categories = some(2, [&] { return category(); });
    made.secure = !rng_.chance(0.2);
    if (options_.faults && rng_.chance(0.2)) {
      made.approval =
          rng_.chance(0.5) ? domain::Creative::Approval::pending : domain::Creative::Approval::denied;
    }
    return made;
  }

  domain::Device device(base::Arena& arena) {
    domain::Device made;
    made.type = static_cast<domain::DeviceType>(rng_.below(9));
    made.os = static_cast<domain::Os>(rng_.below(9));
    made.browser = static_cast<domain::Browser>(rng_.below(10));
    made.language = rng_.chance(0.2) ? 0 : domain::pack8(rng_.chance(0.5) ? "en" : "fr");
    made.connection = static_cast<std::uint8_t>(rng_.below(8));
    made.geo.country = rng_.chance(0.1) ? 0 : country();
    if (rng_.chance(0.7))
      made.geo.region = domain::pack8(rng_.chance(0.2) ? "CA-X" : rng_.chance(0.5) ? "X" : "Y");
    if (rng_.chance(0.7)) made.geo.city = arena.copy("ciTy" + number());
    if (rng_.chance(0.7)) made.geo.zip = arena.copy("ZIP" + number());
    if (rng_.chance(0.7)) made.geo.metro = arena.copy("60" + number());
    made.geo.has_position = rng_.chance(0.7);
    made.geo.lat = static_cast<float>(rng_.uniform() * 182 - 91);
    made.geo.lon = static_cast<float>(rng_.uniform() * 362 - 181);
    return made;
  }

  domain::Impression impression(base::Arena& arena) {
    static constexpr domain::Size kSizes[] = {{300, 250}, {728, 90}, {160, 600}, {320, 50},
                                              {970, 250}, {300, 0},  {1, 1}};
    domain::Impression made;
    made.id = "1";
    if (rng_.chance(0.85)) {
      auto* banner = arena.make<domain::Banner>();
      auto sizes = arena.array<domain::Size>(rng_.below(4));
      for (domain::Size& size : sizes) size = kSizes[rng_.below(std::size(kSizes))];
      banner->sizes = sizes;
      banner->pos = static_cast<std::uint8_t>(rng_.below(4));
      made.banner = banner;
    }
    if (rng_.chance(0.2)) made.video = arena.make<domain::TimedMedia>();
    if (rng_.chance(0.1)) made.audio = arena.make<domain::TimedMedia>();
    if (rng_.chance(0.2)) made.native = arena.make<domain::Native>();
    if (rng_.chance(0.8)) made.tag_id = arena.copy("tag" + number());
    made.private_auction = rng_.chance(0.1);
    made.interstitial = rng_.chance(0.2);
    made.rewarded = rng_.chance(0.2);
    made.secure = rng_.chance(0.5);
    auto deals = arena.array<domain::Deal>(rng_.chance(0.5) ? rng_.below(4) : 0);
    for (domain::Deal& deal : deals) {
      deal.id = arena.copy("deal" + number());
      deal.seats = rng_.chance(0.3) ? list(arena, 2, [&] { return "seat" + std::to_string(rng_.below(2)); })
                                    : domain::Texts{};
      deal.advertiser_domains = rng_.chance(0.3) ? list(arena, 3, [&] { return brand(); }) : domain::Texts{};
    }
    made.deals = deals;
    return made;
  }

  base::Rng& rng_;
  WorldOptions options_;
};

}  // namespace bandstand::agents::targeting
