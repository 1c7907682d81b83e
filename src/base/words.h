// words: the pieces of a line, and numbers in them.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace bandstand::base {

/// Takes the next word, between blanks and tabs, off the line; empty at its end.
inline std::string_view next_word(std::string_view& rest) {
  const auto begin = rest.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  const auto end = std::min(rest.find_first_of(" \t", begin), rest.size());
  const std::string_view word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

/// Whether all of the text is a number of this type (std::from_chars: no blanks, no "+"; infinities and NaN are numbers to it).
template <class T>
bool read_number(std::string_view text, T& out) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  return code == std::errc() && end == text.data() + text.size();
}

/// "A..B" with A <= B.
inline std::optional<std::pair<std::uint64_t, std::uint64_t>> read_range(std::string_view text) {
  std::pair<std::uint64_t, std::uint64_t> range;
  const auto dots = text.find("..");
  if (dots == std::string_view::npos || !read_number(text.substr(0, dots), range.first) ||
      !read_number(text.substr(dots + 2), range.second) || range.second < range.first) {
    return std::nullopt;
  }
  return range;
}

/// The same, or one number: as verbs take seeds.
inline std::optional<std::pair<std::uint64_t, std::uint64_t>> read_seeds(std::string_view text) {
  std::uint64_t one = 0;
  if (read_number(text, one)) return std::pair{one, one};
  return read_range(text);
}

}  // namespace bandstand::base
