// catalogue: what may be shown, for whom, at what price: an immutable snapshot, checked when it was built.
//
// 1. A snapshot never changes. A reload builds a new one; requests in flight keep theirs.
// 2. Everything refers by dense index (position in the vectors below); ids are what files, logs and ledgers use.
// 3. Texts are owned here; views into them live as long as the snapshot.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/money.h"
#include "domain/auction.h"
#include "domain/vocabulary.h"

namespace bandstand::domain {

struct Advertiser {
  base::AdvertiserId id;
  std::string name;
  std::string domain;                   ///< adomain
  std::vector<std::string> categories;  ///< IAB Content Taxonomy 1.0 ("IAB2-3")
  std::string exclusion_label;          ///< competitive separation: two of one label never share a page
  bool sensitive = false;               ///< needs approval; never with user-level targeting
  bool approved = true;
};

enum class Pacing : std::uint8_t { even, asap, front_loaded };

struct Campaign {
  base::CampaignId id;
  std::string name;
  std::uint32_t advertiser = 0;  ///< index
  Nanos budget;                  ///< lifetime
  Nanos daily_budget;            ///< 0 = none
  std::uint64_t currency = pack8("USD");
  std::string time_zone = "UTC"; ///< IANA name; days and hours of the week are counted in it
  base::WallTime start;          ///< 0 = from the beginning
  base::WallTime end;            ///< 0 = open
  Pacing pacing = Pacing::even;
  bool active = true;
};

/// What an outcome is worth. `cpm`: the value is the price itself, per impression.
enum class Goal : std::uint8_t { cpm, cpc, cpa };

struct FrequencyCap {
  enum class Level : std::uint8_t { creative, line_item, campaign, advertiser } level = Level::line_item;
  std::uint16_t impressions = 0;
  std::uint32_t window_s = 86'400;  ///< 60 .. 30 days
};

/// Empty lists do not restrict. In a list with both, deny wins.
struct Targeting {
  std::vector<std::uint64_t> countries, countries_not;  ///< packed
  std::vector<std::string> regions, regions_not;        ///< "US-CA"
  std::vector<std::string> cities, zips, metros;
  struct Circle {
    float lat, lon, radius_km;
  };
  std::vector<Circle> circles;
  std::vector<DeviceType> devices;
  std::vector<Os> oses;
  std::vector<Browser> browsers;
  std::vector<std::uint64_t> languages;
  std::vector<std::string> domains, domains_not;  ///< parent domains match their children
  std::vector<std::string> apps, apps_not;        ///< bundles
  std::vector<std::string> segments, segments_not;
  std::vector<std::string> keywords, keywords_not;
  std::vector<std::pair<std::string, std::string>> key_values;  ///< all keys must match; values of one key are alternatives
  std::bitset<168> hours;          ///< hour of week in the campaign's zone, Monday 00 first; none set = always
  std::vector<std::string> placements, placements_not;  ///< tag ids
  std::vector<std::string> categories, categories_not;  ///< of the page or app
  std::vector<std::uint16_t> exchanges;  ///< indexes in the settings
  std::vector<std::string> deals;        ///< only through these; empty = open auction
  std::vector<std::uint8_t> connections;
  std::vector<std::uint8_t> positions;   ///< fold
  bool rewarded_only = false, interstitial_ok = true;
};

/// What every decision asks of its candidates stands in the first cache line.
struct alignas(64) LineItem {
  base::LineItemId id;
  std::uint32_t campaign = 0;  ///< index
  std::uint8_t priority = 8;   ///< 1 sponsorship .. 8 auction .. 16 house; a lower number is served first (first-party only)
  Goal goal = Goal::cpm;
  bool active = true;
  Nanos value;                 ///< of one goal event: per impression (cpm), click or conversion
  Nanos bid_max;               ///< per impression; never exceeded
  Nanos bid_default;           ///< the conservative constant of the bid fallback; 0 = no fallback bid
  std::vector<std::uint32_t> creatives;  ///< indexes
  std::vector<FrequencyCap> caps;
  Targeting targeting;
  std::string name;
};

/// One asset of a native creative.
struct NativeContent {
  std::string title, description, sponsored, call_to_action, icon_url, image_url;
  Size icon_size, image_size;
  std::string rating;
};

/// What decides whether it fits an impression stands first.
struct alignas(64) Creative {
  enum class Approval : std::uint8_t { pending, approved, denied };

  base::CreativeId id;
  std::uint32_t advertiser = 0;  ///< index
  MediaType type = MediaType::banner;
  Approval approval = Approval::approved;
  bool secure = true;            ///< every URL in it is https
  bool skippable = false;
  std::uint8_t ad_type = 0;      ///< btype
  Size size;
  std::int32_t duration_s = 0, bitrate_kbps = 0;
  std::vector<std::uint8_t> attributes;  ///< AdCOM creative attributes
  std::vector<std::uint8_t> apis;
  std::string mime;              ///< of the media ("video/mp4", "text/html", "image/png")
  std::string language;
  std::string app_bundle;        ///< app promotion
  NativeContent native;
  std::string markup;            ///< banner: HTML with {CLICK_URL}, {IMP_URL}, {CACHEBUSTER}; video: empty (VAST is built)
  std::string media_url;         ///< video and audio file, or the banner's image when markup is empty
  std::string landing_page;      ///< where a click goes, and nowhere else
  std::vector<std::string> categories;  ///< in addition to the advertiser's
  /// Features for the response model, hashed names ("headline=free", "color=red"); at most 16.
  std::vector<std::string> features;
  std::string name;
};

struct Catalogue {
  std::uint64_t version = 0;  ///< hash of the content: equal content has equal versions
  std::vector<Advertiser> advertisers;
  std::vector<Campaign> campaigns;
  std::vector<LineItem> line_items;
  std::vector<Creative> creatives;
  std::unordered_map<std::uint32_t, std::uint32_t> campaign_index, line_item_index, creative_index;  ///< id -> index

  [[nodiscard]] const Campaign& campaign_of(const LineItem& item) const { return campaigns[item.campaign]; }
  [[nodiscard]] const Advertiser& advertiser_of(const LineItem& item) const {
    return advertisers[campaigns[item.campaign].advertiser];
  }
};

using CatalogueSnapshot = std::shared_ptr<const Catalogue>;

}  // namespace bandstand::domain
