// page_topics: what a page or app is about, as topics.
#pragma once

#include <cstdint>
#include <span>

#include "base/arena.h"
#include "domain/auction.h"

namespace bandstand::agents::profile {

/// Topics of the page or app of a request: its categories, then its keywords; at most 16, into the arena. What a learner adds
/// to the user's interests (apply_page), and what stands in for them when the user is unknown.
[[nodiscard]] std::span<const std::uint32_t> page_topics(const domain::Auction& auction, base::Arena& arena);

}  // namespace bandstand::agents::profile
