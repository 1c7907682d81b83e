// pattern_list: see the header.
#include "protocol/lists/pattern_list.h"

#include <nlohmann/json.hpp>

#include "base/line_iterator.h"

namespace bandstand::protocol::lists {
namespace {

using nlohmann::json;

/// Takes patterns from a list of objects or texts; whatever is nested deeper is passed over.
class Collector final : public nlohmann::json_sax<json> {
 public:
  Collector(const std::uint32_t& line, std::vector<Pattern>& patterns, std::vector<ListFault>& faults)
      : line_(line), patterns_(patterns), faults_(faults) {}

  bool null() override { return other(); }
  bool boolean(bool) override { return other(); }
  bool number_integer(number_integer_t) override { return other(); }
  bool number_unsigned(number_unsigned_t) override { return other(); }
  bool number_float(number_float_t, const string_t&) override { return other(); }
  bool binary(binary_t&) override { return other(); }
  bool string(string_t& text) override {
    if (depth_ == 1 || (depth_ == 2 && in_pattern_)) {
      patterns_.push_back({text, line_});
      found_ = true;
    } else if (depth_ == 0) {
      return other();
    }
    return true;
  }
  bool start_array(std::size_t) override {
    if (depth_ > 0) other();
    in_pattern_ = false;
    ++depth_;
    return true;
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool start_object(std::size_t) override {
    if (depth_ == 0) return other();
    if (depth_ == 1) {
      found_ = in_pattern_ = false;
      object_line_ = line_;
    } else {
      other();
      in_pattern_ = false;
    }
    ++depth_;
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ == 2) in_pattern_ = name == "pattern";
    return true;
  }
  bool end_object() override {
    if (--depth_ == 1 && !found_) fault(object_line_, "an entry has no \"pattern\"");
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    fault(line_, "is no JSON");
    return false;
  }

 private:
  /// Something that is no text, where a text or an object should be.
  bool other() {
    if (depth_ == 0) {
      fault(line_, "expected a list of patterns");
      return false;
    }
    if (depth_ == 1) fault(line_, "expected a text or an object with a \"pattern\"");
    if (depth_ == 2 && in_pattern_) {
      fault(line_, "\"pattern\" is no text");
      found_ = true;
    }
    return true;
  }
  void fault(std::uint32_t line, std::string what) { faults_.push_back({line, std::move(what)}); }

  const std::uint32_t& line_;
  std::vector<Pattern>& patterns_;
  std::vector<ListFault>& faults_;
  int depth_ = 0;
  std::uint32_t object_line_ = 0;
  bool in_pattern_ = false, found_ = false;
};

/// A plain expression may begin with a bracket too ("[wW]get"), but not go on as a list or an object does.
bool is_json(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return false;
  if (text[first] == '{') return true;
  if (text[first] != '[') return false;
  const auto second = text.find_first_not_of(" \t\r\n", first + 1);
  return second == std::string_view::npos || text[second] == '{' || text[second] == '"' ||
         text[second] == ']';
}

void read_lines(std::string_view text, std::vector<Pattern>& patterns) {
  for (std::uint32_t line = 1; !text.empty(); ++line) {
    const auto end = text.find('\n');
    std::string_view pattern = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto first = pattern.find_first_not_of(" \t\r");
    if (first == std::string_view::npos || pattern[first] == '#') continue;
    pattern.remove_prefix(first);
    pattern = pattern.substr(0, pattern.find_last_not_of(" \t\r") + 1);
    patterns.push_back({std::string(pattern), line});
  }
}

}  // namespace

std::vector<Pattern> read_pattern_list(std::string_view text, std::vector<ListFault>& faults) {
  const std::size_t before = faults.size();
  std::vector<Pattern> patterns;
  if (is_json(text)) {
    std::uint32_t line = 1;
    Collector collector(line, patterns, faults);
    const base::LineIterator begin(text.data(), &line);
    const base::LineIterator end(text.data() + text.size(), &line);
    json::sax_parse(begin, end, &collector);
  } else {
    read_lines(text, patterns);
  }
  if (patterns.empty() && faults.size() == before) faults.push_back({1, "holds no pattern"});
  return patterns;
}

base::Result<std::vector<std::string>> read_patterns(std::string_view text) {
  std::vector<ListFault> faults;
  std::vector<std::string> out;
  for (auto& pattern : read_pattern_list(text, faults)) out.push_back(std::move(pattern.text));
  if (!faults.empty()) return base::fail(base::Code::invalid_input, "is no list of patterns");
  return out;
}

}  // namespace bandstand::protocol::lists
