// pattern_list: crawler patterns as others publish them: JSON, or plain text with one a line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bandstand::protocol::lists {

/// An expression and the line that it stands on, from 1.
struct Pattern {
  std::string text;
  std::uint32_t line = 0;
};

/// What is wrong, and where.
struct ListFault {
  std::uint32_t line = 0;
  std::string what;
};

/// Two formats, told apart by how the text begins:
/// * the JSON of the crawler-user-agents list, [{"pattern": "Googlebot\\/", ...}, ...]; fields besides the
/// pattern
///   are ignored, and a plain text may stand for an object;
/// * plain text, one expression a line; blank lines and lines that begin with "#" are passed over.
/// Everything that is wrong is added to `faults`; nothing is left out silently. A list without a pattern is a
/// fault.
std::vector<Pattern> read_pattern_list(std::string_view text, std::vector<ListFault>& faults);

/// The patterns alone. Errors: `invalid_input` if anything is wrong.
base::Result<std::vector<std::string>> read_patterns(std::string_view text);

}  // namespace bandstand::protocol::lists
