// pattern_list: many regular expressions of which the first match is wanted, most of them ruled out by
// literals. Internal to this folder.
#pragma once

#include <re2/filtered_re2.h>

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace bandstand::protocol::device {

/// An ordered list of patterns. RE2 finds for each the literals ("atoms") of which some must occur in what it
/// matches; a text is searched for atoms once, and only the patterns that remain are run.
class PatternList {
 public:
  static constexpr int kGroupsMax = 10;
  using Groups =
      std::array<std::string_view, kGroupsMax>;  ///< [0] the match; a group that took no part is empty

  /// Errors: `invalid_input` for a pattern that does not compile.
  base::Result<bool> add(const std::string& pattern, bool ignore_case);
  /// To be called once, after the last add().
  void finish();
  /// Index of the first pattern that matches somewhere in `text`, or -1. Groups are views into `text`.
  int first_match(std::string_view text, Groups& groups);
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(patterns_.NumRegexps()); }

 private:
  static constexpr int kAtomBytesMin = 3;
  struct Atom {
    std::string text;
    int index;
  };
  void find_atoms(std::string_view text);

  re2::FilteredRE2 patterns_{kAtomBytesMin};
  std::unordered_map<std::uint32_t, std::vector<Atom>> atoms_;  ///< by their first three bytes
  std::vector<std::uint32_t> found_at_;                         ///< by atom: the search that found it last
  std::uint32_t search_ = 0;
  std::string lower_;
  std::vector<int> found_, candidates_;
};

}  // namespace bandstand::protocol::device
