// item: pages and products that people look at, as 64-bit numbers, the same ones in events, models and training data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/hash.h"

namespace bandstand::domain {

/// The number of an item: a decimal number of at most 18 digits, written as one writes numbers, is that number; any other text a
/// hash with the highest bit set, so that the two never meet. 0: none.
inline std::uint64_t item_of(std::string_view id) noexcept {
  if (id.empty()) return 0;
  std::uint64_t number = 0;
  bool is_number = id.size() <= 18 && id.front() != '0';
  for (const char c : id) {
    is_number = is_number && c >= '0' && c <= '9';
    if (!is_number) return base::hash64(id) | std::uint64_t{1} << 63;
    number = 10 * number + static_cast<std::uint64_t>(c - '0');
  }
  return number;
}

}  // namespace bandstand::domain
