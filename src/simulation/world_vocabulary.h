// world_vocabulary: what the simulated world is made of: topics, countries, devices, sites' formats, deals.
// Tables written for this project; shares are rounded figures of the public web, not measurements.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace bandstand::simulation {

/// A topic is an IAB Content Taxonomy 1.0 category, the interest segment that goes with it, and words of its
/// pages.
struct Topic {
  std::string_view category;  ///< "IAB2"
  std::string_view detail;    ///< "IAB2-3"
  std::string_view segment;   ///< "in-market-auto"
  std::array<std::string_view, 3> keywords;
  double share;  ///< of page views, roughly
};
inline constexpr int kTopics = 16;
std::span<const Topic, kTopics> topics() noexcept;

struct Country {
  std::string_view alpha3, alpha2, language;
  std::array<std::string_view, 3> regions, cities, zips;
  float lat, lon;
  std::uint8_t address_prefix;  ///< first byte of its households' IPv4 addresses
  bool gdpr;
  double share;
};
std::span<const Country> countries() noexcept;

enum class Channel : std::uint8_t { web, app, ctv };

/// A kind of device with a user agent.
struct DeviceKind {
  std::string_view user_agent, os, os_version, make, model;
  std::uint8_t type;  ///< AdCOM device type
  Channel channel;    ///< what its owner uses: web pages or apps; phones have a row for each
  double share;
};
std::span<const DeviceKind> device_kinds() noexcept;
/// User agents that say what they are, or give it away.
std::span<const std::string_view> crawler_agents() noexcept;
/// First two bytes of address ranges of hosting companies.
std::span<const std::array<std::uint8_t, 2>> data_centre_prefixes() noexcept;

struct SizeWish {
  std::uint16_t w, h;
};
/// A kind of ad slot.
struct SlotKind {
  std::string_view name;
  enum class Media : std::uint8_t { banner, video, native } media;
  std::array<SizeWish, 3> sizes;  ///< {0, 0} ends the list
  std::uint8_t position;          ///< AdCOM placement position
  double appeal;                  ///< added to the logit of a click
  double price;                   ///< factor on the market's price
};
std::span<const SlotKind> slot_kinds() noexcept;

/// A private deal: an agreement between exchange and buyer on some placements.
struct DealKind {
  std::string_view id;
  std::string_view exchange;
  std::uint8_t at;  ///< 1 first price, 2 second price, 3 fixed
  double floor_cpm;
  int topic;  ///< offered on pages of this topic
};
std::span<const DealKind> deal_kinds() noexcept;

inline constexpr std::array<std::string_view, 2> kExchangeNames = {"alpha", "beta"};

}  // namespace bandstand::simulation
