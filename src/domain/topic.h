// topic: categories, keywords and segments as 32-bit numbers, the same ones everywhere.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/hash.h"

namespace bandstand::domain {

/// The number of a category, keyword or segment: never 0, which means "none". Two names share one with chance
/// 2^-32.
inline std::uint32_t topic_of(std::string_view name) noexcept {
  const auto low = static_cast<std::uint32_t>(base::hash64(name));
  return low == 0 ? 1 : low;
}

}  // namespace bandstand::domain
