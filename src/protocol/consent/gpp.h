// gpp: the IAB Global Privacy Platform string: which sections it holds, and what the ones we know say.
//
// Source: "Global Privacy Platform String", sections "Header" and "Fibonacci coding"; section specifications
// of the US National and the state strings. Known: 2 (EU TCF), 6 (us_privacy), 7 (US national), 8 to 12 (CA,
// VA, CO, UT, CT).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/consent/tcf.h"

namespace bandstand::protocol::consent {

struct Gpp {
  bool valid =
      false;  ///< a header that could be read, as many sections as it promises, all known ones readable
  std::uint64_t sections = 0;  ///< bit n: section n is present (n < 64)
  bool has_tcf = false;
  Tcf tcf;                  ///< of section 2
  bool us_known = false;    ///< a US section that applies could be read
  bool us_opt_out = false;  ///< of sale, sharing or targeted advertising, or GPC, in one of them
};

/// `applicable` is gpp_sid: US sections outside it are ignored if it is not empty. Any input; about 0.3 us.
Gpp decode_gpp(std::string_view text, std::span<const std::uint16_t> applicable,
               std::uint16_t vendor_id) noexcept;

}  // namespace bandstand::protocol::consent
