// replay_openrtb_recorded: one line of a file to replay, as a request to send.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace bandstand::app {

/// A request to send.
struct ReplayRequest {
  std::string id;
  std::string body;
  double at_s = -1;   ///< when it was recorded, in seconds since 1970; below 0: not known
};

/// An OpenRTB request (it has `imp`) as it is, or a recorded auction (it has `spots`) as protocol/openrtb/recorded converts
/// it. Errors: `invalid_input`. About 40 us.
base::Result<ReplayRequest> replay_request(std::string_view line);

}  // namespace bandstand::app
