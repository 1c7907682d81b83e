// us_privacy: the four characters of the IAB's CCPA string ("1YNN").
#pragma once

#include <string_view>

namespace bandstand::protocol::consent {

struct UsPrivacy {
  bool valid = false;    ///< "1", then each Y, N or - (any case)
  bool applies = false;  ///< not "1---"
  bool opt_out = false;  ///< the third character: the user opted out of sale
};

UsPrivacy decode_us_privacy(std::string_view text) noexcept;

}  // namespace bandstand::protocol::consent
