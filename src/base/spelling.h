// spelling: which known name a misspelt one was meant to be.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace bandstand::base {

/// Letters to add, drop or replace to get from one to the other (Levenshtein). O(a b).
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

/// The nearest of `known` within a fourth of the name's letters (two at least), or "".
template <class Names>
std::string nearest(std::string_view name, const Names& known) {
  std::size_t best = std::max<std::size_t>(2, name.size() / 4) + 1;
  std::string out;
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best) {
      best = distance;
      out = candidate;
    }
  }
  return out;
}

}  // namespace bandstand::base
