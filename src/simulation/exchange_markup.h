// exchange_markup: finds Bandstand's links in markup, as a browser, a player or an app would follow them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bandstand::simulation {

enum class BeaconKind : std::uint8_t { impression, click, progress, other };

struct Beacon {
  BeaconKind kind = BeaconKind::other;
  std::string target;  ///< path and query, entities resolved
};

/// Path and query of a URL ("https://ads.example:8080/n/v1/x?p=1" -> "/n/v1/x?p=1"); empty if there is no
/// path.
std::string_view target_of(std::string_view url) noexcept;

/// All links with "/e/v1/" or "/n/v1/" in `markup` (HTML, VAST or native JSON), each once, in order. What a
/// link is for shows in what stands before it: an attribute, an XML element, a JSON key. Replaces the first
/// `count` of `out` and returns it.
std::size_t find_beacons(std::string_view markup, std::vector<Beacon>& out);

}  // namespace bandstand::simulation
