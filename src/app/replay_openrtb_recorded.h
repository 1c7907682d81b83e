// replay_openrtb_recorded: auctions as Datacratic's RTBkit recorded them, as OpenRTB 2.6 requests.
//
// Mapping: id; timestamp (to be sent at); spots -> imp.banner (formats -> format, w and h of the first;
// reservePrice -> bidfloor, given where it is not 0); url -> site.page and site.domain; segments.adxVerticals
// -> site.content.data; userAgent, ipAddress, language, location -> device and device.geo (utcoffset in
// minutes); userIds.xchg (else the first) -> user.id; restrictions.creativeAttribute -> banner.battr,
// restrictions.clickUrl -> badv. What is missing stays missing.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace bandstand::app {

/// A request to send.
struct ReplayRequest {
  std::string id;
  std::string body;
  double at_s = -1;  ///< when it was recorded, in seconds since 1970; below 0: not known
};

/// One line: an OpenRTB request as it is, or a recorded auction converted. Errors: `invalid_input`. About 30
/// us.
base::Result<ReplayRequest> replay_request(std::string_view line, int tmax_ms = 120);

}  // namespace bandstand::app
