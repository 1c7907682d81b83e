// recorded: a line of recorded traffic (Datacratic's canonical JSON) as the OpenRTB 2.6 request that it once
// was.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace bandstand::protocol::openrtb {

struct RecordedAuction {
  base::WallTime at;     ///< to the microsecond
  std::string exchange;  ///< "dblclk_adx", "context_web"
  std::string request;   ///< OpenRTB 2.6
};

/// Converts one line. What has no place in OpenRTB is left out: AdX's creative attributes and sensitive
/// categories (lists of its own numbers). Page verticals become site.content.data (with their weights) and
/// keywords ("adx12"). About 30 us; allocates. Errors: `invalid_input`.
base::Result<RecordedAuction> convert_recorded(std::string_view line);

}  // namespace bandstand::protocol::openrtb
