// tcf: the consent string of IAB Europe's Transparency and Consent Framework, version 2.x, read for one
// vendor.
//
// Source: "Transparency and Consent String with Global Vendor & CMP List Formats", v2.2, sections "TC string
// format" and "Publisher restrictions".
#pragma once

#include <cstdint>
#include <string_view>

namespace bandstand::protocol::consent {

/// What a TC string says about one vendor.
struct Tcf {
  bool valid = false;  ///< version 2, complete, well-formed
  bool vendor_consent = false;
  bool vendor_interest = false;        ///< legitimate interest established (not objected to)
  std::uint32_t purpose_consents = 0;  ///< bit n-1: purpose n, 1 to 24
  std::uint32_t purpose_interests = 0;
  std::uint32_t forbidden = 0;  ///< by publisher restriction, for this vendor
  std::uint32_t consent_required = 0;
  std::uint32_t interest_required = 0;
  std::uint8_t policy_version = 0;
  std::uint16_t publisher_country = 0;  ///< two letters, 'A' + 5 bits each, as (first << 8) | second

  /// Purposes that this vendor may pursue: by consent, or by legitimate interest where the law and the
  /// framework's policy allow it (never purpose 1; since policy 4 not 3 to 6), publisher restrictions
  /// applied.
  [[nodiscard]] std::uint32_t purposes() const noexcept;
};

/// Decodes the core segment (other segments are not needed). Any input; about 150 ns, more for range
/// encodings. Vendor id 0 is no vendor.
Tcf decode_tcf(std::string_view text, std::uint16_t vendor_id) noexcept;

}  // namespace bandstand::protocol::consent
