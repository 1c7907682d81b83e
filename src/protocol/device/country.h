// country: ISO 3166-1 alpha-3 codes, as OpenRTB sends them, to alpha-2, as we keep them, and back.
#pragma once

#include <cstdint>
#include <string_view>

namespace bandstand::protocol::device {

/// A country as domain::Geo packs it: upper-case alpha-2. Takes alpha-3 or alpha-2, any case; 0 if unknown.
/// About 10 ns.
std::uint64_t country_of(std::string_view code) noexcept;

/// The alpha-3 code of an alpha-2 one (upper case); empty if unknown. For writers; walks the table.
std::string_view alpha3_of(std::string_view alpha2) noexcept;

}  // namespace bandstand::protocol::device
