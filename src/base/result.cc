// result: names of the codes.
#include "base/result.h"

namespace bandstand::base {

const char* name_of(Code code) noexcept {
  switch (code) {
    case Code::invalid_input: return "invalid_input";
    case Code::deadline: return "deadline";
    case Code::unavailable: return "unavailable";
    case Code::exhausted: return "exhausted";
    case Code::conflict: return "conflict";
    case Code::corrupt: return "corrupt";
    case Code::not_found: return "not_found";
    case Code::forbidden: return "forbidden";
  }
  return "unknown";
}

}  // namespace bandstand::base
