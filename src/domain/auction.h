// auction: one request for ads as the decision code sees it: no wire format, no user identifier, views into one buffer.
//
// 1. All views and spans live as long as the request's buffer and arena.
// 2. There is no user id in here. Identity is sealed apart (identity.h) and opened by consent alone.
// 3. Absent means unknown: numbers are 0 or -1 as stated, text is empty.
// 4. Prices are nanos per impression (= CPM-micros) in the currency named beside them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/money.h"
#include "domain/vocabulary.h"

namespace bandstand::domain {

using base::Nanos;
using Texts = std::span<const std::string_view>;
using Bytes = std::span<const std::uint8_t>;

struct Size {
  std::uint16_t w = 0;
  std::uint16_t h = 0;
  friend constexpr bool operator==(Size, Size) = default;
};

/// OpenRTB 3.2.6. `sizes` holds format[] or w/h; flexible formats (wratio, hratio, wmin) are listed with w = wmin, h = 0.
struct Banner {
  std::span<const Size> sizes;
  Bytes battr, btype, api, expdir;
  Texts mimes;
  std::uint8_t pos = 0;
  bool top_frame = false;
};

struct DurationFloor {
  std::int32_t min_s = 0, max_s = 0;
  Nanos floor;
};

/// OpenRTB 3.2.7 and 3.2.8: video or audio.
struct TimedMedia {
  Texts mimes;
  std::int32_t min_duration_s = 0, max_duration_s = 0;  ///< max 0 = no limit
  std::span<const std::uint16_t> required_durations_s;
  Bytes protocols, battr, api, delivery, playback;
  Size size;
  std::int32_t start_delay_s = 0;
  bool has_start_delay = false;
  std::uint8_t plcmt = 0, linearity = 0, pos = 0;
  std::int8_t skip = -1;  ///< -1 unknown
  std::int32_t min_bitrate = 0, max_bitrate = 0;
  std::string_view pod_id;
  std::int32_t pod_duration_s = 0, max_in_pod = 0;
  Nanos floor_per_second;  ///< mincpmpersec
  std::span<const DurationFloor> duration_floors;
};

/// An asset of a native 1.2 request.
struct NativeAsset {
  std::int32_t id = 0;
  bool required = false;
  enum class Kind : std::uint8_t { title, image, data, video } kind = Kind::title;
  std::uint8_t type = 0;  ///< image: 1 icon, 3 main; data: 1 sponsored, 2 desc, 12 cta ...
  std::uint16_t len = 0;  ///< title, data
  Size size;              ///< image: w/h if exact
  Size size_min;          ///< image: wmin/hmin
};

struct Native {
  std::string_view version;
  std::span<const NativeAsset> assets;
  Bytes battr, api;
  bool event_pixel = false;  ///< eventtrackers offers event 1 (impression) by method 1 (image)
};

/// OpenRTB 3.2.12. The currency does not inherit from the impression.
struct Deal {
  std::string_view id;
  Nanos floor;
  std::uint64_t floor_currency = pack8("USD");
  std::uint8_t at = 0;  ///< 0 = as the auction; 3 = fixed price
  bool guaranteed = false;
  Texts seats, advertiser_domains;
  Nanos floor_per_second;
  std::span<const DurationFloor> duration_floors;
};

/// One impression opportunity. The index of an impression in Auction::impressions is its name inside a decision.
struct Impression {
  std::string_view id;
  const Banner* banner = nullptr;
  const TimedMedia* video = nullptr;
  const TimedMedia* audio = nullptr;
  const Native* native = nullptr;
  Nanos floor;
  std::uint64_t floor_currency = pack8("USD");
  std::string_view tag_id;  ///< placement
  std::span<const Deal> deals;
  bool private_auction = false;
  bool interstitial = false;
  bool rewarded = false;
  bool secure = false;
  std::int32_t expires_s = 0;  ///< imp.exp; 0 = by the rule of thumb of the placement
  std::int32_t quantity_e6 = 1'000'000;  ///< DOOH qty.multiplier in millionths
};

struct Geo {
  std::uint64_t country = 0;  ///< packed ISO 3166-1 alpha-2, upper case (alpha-3 is converted by the parser)
  std::uint64_t region = 0;   ///< packed region code as sent ("CA", "WI"), upper case
  std::string_view city, zip, metro;
  float lat = 0.0f, lon = 0.0f;
  bool has_position = false;
};

struct Device {
  std::string_view user_agent, ip, ipv6, make, model, os_text, os_version;
  DeviceType type = DeviceType::unknown;
  Os os = Os::unknown;                ///< from device.os, else from the user agent
  Browser browser = Browser::unknown; ///< from the user agent
  std::uint64_t language = 0;         ///< packed ISO 639-1, lower case
  std::uint8_t connection = 0;        ///< AdCOM connection type
  bool js = true;
  Geo geo;
};

enum class Channel : std::uint8_t { unknown, site, app, dooh };

struct SchainNode {
  std::string_view asi, sid;
  bool hp = false;
};

struct SupplyChain {
  bool present = false, complete = false;
  std::span<const SchainNode> nodes;
};

struct Segment {
  std::string_view provider, id;
};

struct Auction {
  std::string_view id;
  std::uint16_t exchange = 0;  ///< index of the exchange in the settings
  bool first_party = false;    ///< from /v1/decide
  std::span<const Impression> impressions;
  Channel channel = Channel::unknown;
  std::string_view source_id, source_name, domain, page, bundle, publisher_id, referrer;  ///< site or app
  std::string_view item;        ///< what the page shows: content.id, or `item` of /v1/decide
  Texts source_categories;      ///< site.cat + pagecat + sectioncat, in source_cattax
  std::uint8_t source_cattax = 1;
  Texts keywords;               ///< site, app and user keywords, lower case
  std::span<const std::pair<std::string_view, std::string_view>> key_values;  ///< first-party key values
  std::span<const Segment> segments;  ///< user.data segments; empty unless consent allows (filled by the gate)
  Device device;
  Texts blocked_categories;     ///< bcat in cattax
  std::uint8_t cattax = 1;
  Texts blocked_domains;        ///< badv
  Texts blocked_apps;           ///< bapp
  Texts seats_allowed, seats_blocked;  ///< wseat, bseat
  Texts languages_allowed;      ///< wlang, wlangb
  Texts languages_blocked;
  Texts categories_allowed;     ///< acat
  Texts currencies;             ///< cur; empty = exchange default
  SupplyChain schain;
  std::int32_t tmax_ms = 0;     ///< 0 = exchange default
  std::uint8_t at = 2;          ///< 1 first price, 2 second price plus, >= 500 exchange-specific (read as 1)
  bool test = false;
  bool all_impressions = false; ///< allimps: roadblock
};

}  // namespace bandstand::domain
