// geo_point: places on the globe: regions as one key, circles as a chord on the unit sphere.
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

#include "domain/auction.h"
#include "domain/vocabulary.h"

namespace bandstand::agents::targeting {

/// A region and its country; {0, 0} is unknown.
struct RegionKey {
  std::uint64_t country = 0, region = 0;
  friend constexpr bool operator==(const RegionKey&, const RegionKey&) = default;
};

/// Of a request. Exchanges send "CA" or, by ISO 3166-2, "US-CA"; both mean the same.
constexpr RegionKey region_of(const domain::Geo& geo) noexcept {
  if (geo.region == 0) return {};
  const bool full = ((geo.region >> 16) & 0xff) == '-';
  return {full ? geo.region & 0xffff : geo.country, full ? geo.region >> 24 : geo.region};
}

/// Of a catalogue's "US-CA".
constexpr RegionKey region_of(std::string_view text) noexcept {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return {};
  return {domain::pack8(text.substr(0, dash)), domain::pack8(text.substr(dash + 1))};
}

/// Is this a position on the globe at all?
constexpr bool is_place(double lat, double lon) noexcept {
  return lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180;
}

/// A position as a unit vector.
struct GeoPoint {
  GeoPoint(double lat_degrees, double lon_degrees) noexcept {
    constexpr double kRadians = 3.14159265358979323846 / 180.0;
    const double lat = lat_degrees * kRadians;
    const double lon = lon_degrees * kRadians;
    x = std::cos(lat) * std::cos(lon);
    y = std::cos(lat) * std::sin(lon);
    z = std::sin(lat);
  }
  double x, y, z;
};

inline constexpr double kEarthRadiusKm = 6371.0088;

/// A spherical cap. Being inside is one subtraction, three products and a compare: no arc function at request
/// time.
struct GeoCircle {
  GeoCircle(double lat, double lon, double radius_km) noexcept : centre(lat, lon) {
    const double angle = radius_km / kEarthRadiusKm;
    const double half_chord = angle >= 3.141592653589793 ? 1.0 : std::sin(angle / 2);
    chord2_max = radius_km < 0 ? -1.0 : 4 * half_chord * half_chord;
  }
  [[nodiscard]] bool contains(const GeoPoint& p) const noexcept {
    const double dx = p.x - centre.x;
    const double dy = p.y - centre.y;
    const double dz = p.z - centre.z;
    return dx * dx + dy * dy + dz * dz <= chord2_max;
  }
  GeoPoint centre;
  double chord2_max;
};

}  // namespace bandstand::agents::targeting
