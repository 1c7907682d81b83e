// population_consent: writes TCF v2 consent strings, so that the simulated users can say yes, no, or
// something between.
//
// Source: IAB Europe, "Transparency and Consent String with Global Vendor & CMP List Formats" v2.2, core
// segment, vendors as a bit field.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace bandstand::simulation {

struct ConsentWish {
  std::uint32_t purposes = 0;  ///< bit n-1: consent to purpose n, 1..24
  std::uint32_t legitimate_interests = 0;
  std::initializer_list<std::uint16_t> vendors;  ///< with consent
  std::string_view language = "EN", country = "DE";
  std::int64_t created_ds = 17'200'000'000;  ///< deciseconds since 1970
};

/// The core segment, base64url.
std::string encode_tcf(const ConsentWish& wish);

}  // namespace bandstand::simulation
