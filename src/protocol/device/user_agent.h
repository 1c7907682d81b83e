// user_agent: system, browser and kind of device from a User-Agent header, by a few literals; for the hot
// path.
//
// Coarse on purpose: targeting asks for no more. The full parser, driven by uap-core's patterns, is uap.h.
#pragma once

#include <string_view>

#include "domain/vocabulary.h"

namespace bandstand::protocol::device {

struct UserAgent {
  domain::Os os = domain::Os::unknown;
  domain::Browser browser = domain::Browser::unknown;
  domain::DeviceType type = domain::DeviceType::unknown;
};

/// About 150 ns for a usual header of 120 bytes. An empty one is unknown in all three.
UserAgent classify_user_agent(std::string_view text) noexcept;

/// device.os (or sua.platform.brand) as exchanges spell it: "iOS", "Mac OS X", "Fire OS", "webOS" ...
domain::Os os_of(std::string_view name) noexcept;

}  // namespace bandstand::protocol::device
