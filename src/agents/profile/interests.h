// interests: pure updates of a user's state, and how strong an interest is now: decay is computed when it is read.
//
// 1. Each interest is kept at three speeds (half-lives of 1 hour, 1 day, 14 days): s <- s * 2^(-dt / h) + w. Nothing runs
//    between events; a state that nobody touches costs nothing.
// 2. Time may come out of order: an event from before the last update is added undecayed.
// 3. No allocation, no failure, cost independent of the user's history.
#pragma once

#include <cstdint>
#include <span>

#include "base/clock.h"
#include "domain/event.h"
#include "domain/user.h"

namespace bandstand::agents::profile {

/// What one event adds to an interest. A page seen is the unit.
struct InterestWeights {
  float page = 1.0f;
  float click = 4.0f;
  float conversion = 8.0f;
};

/// Strength of an interest at `now_s` (profile_seconds): half of the fast one, 0.3 of the day's, 0.2 of the slow one, so that
/// what a user does now leads, and what he does each week is not lost overnight. About 15 ns.
[[nodiscard]] float strength(const domain::Interest& interest, std::uint32_t now_s) noexcept;

/// Adds `weight` to a topic. A new topic takes a free slot, else the weakest one's. About 60 ns (weakest: 250 ns).
void add_interest(domain::UserState& user, std::uint32_t topic, float weight, std::uint32_t now_s) noexcept;

/// A page with ads was requested: one request, and its topics (at most the first 8; a page's weight is shared among them).
void apply_page(domain::UserState& user, std::span<const std::uint32_t> topics, base::WallTime now) noexcept;

/// An impression, click or conversion. `topics` are those of what was shown (its categories); clicks and conversions raise
/// them. Frequency is counted apart (domain/frequency.h), since only the catalogue knows which caps there are. Suspicious and
/// test events change nothing. Not idempotent: the caller drops duplicates (outcomes/matcher does).
void apply_event(domain::UserState& user, const domain::Event& event, std::span<const std::uint32_t> topics,
                 base::WallTime now) noexcept;

}  // namespace bandstand::agents::profile
