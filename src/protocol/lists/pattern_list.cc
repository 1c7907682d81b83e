// pattern_list: see the header.
#include "protocol/lists/pattern_list.h"

#include <nlohmann/json.hpp>

namespace bandstand::protocol::lists {

base::Result<std::vector<std::string>> read_patterns(std::string_view json) {
  const auto document = nlohmann::json::parse(json, nullptr, false);
  if (!document.is_array()) return base::fail(base::Code::invalid_input, "expected an array of patterns");
  std::vector<std::string> patterns;
  for (const auto& entry : document) {
    const auto* text = &entry;
    if (entry.is_object()) {
      const auto field = entry.find("pattern");
      if (field == entry.end()) return base::fail(base::Code::invalid_input, "an entry has no pattern");
      text = &*field;
    }
    if (!text->is_string()) return base::fail(base::Code::invalid_input, "a pattern is no text");
    patterns.push_back(text->get<std::string>());
  }
  return patterns;
}

}  // namespace bandstand::protocol::lists
