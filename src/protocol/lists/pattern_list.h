// pattern_list: crawler patterns from JSON: an array of objects with a "pattern", or of plain strings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bandstand::protocol::lists {

/// Reads the format of the crawler-user-agents list ([{"pattern": "Googlebot\\/", ...}, ...]); fields besides
/// the pattern are ignored. Errors: `invalid_input` if it is no such array; nothing is left out silently.
base::Result<std::vector<std::string>> read_patterns(std::string_view json);

}  // namespace bandstand::protocol::lists
