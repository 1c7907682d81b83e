// user: what is kept of one user, in fixed size, so that reading and updating cost the same for everyone.
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"
#include "domain/identity.h"

namespace bandstand::domain {

/// Interests live in hashed slots. A topic (category, keyword, segment) is mapped by topic_slot().
inline constexpr int kInterestSlots = 16;
inline constexpr int kFrequencySlots = 16;

/// One interest, decaying at three speeds (half-lives 1 h, 1 d, 14 d): s <- s * 2^(-dt/h) + w.
struct Interest {
  std::uint32_t topic = 0;  ///< 0 = free
  std::uint32_t at_s = 0;   ///< time of the last update, seconds since 2020-01-01
  float fast = 0.0f, day = 0.0f, slow = 0.0f;
};

/// Impressions of one capped thing in its current window.
struct FrequencyCount {
  std::uint32_t key = 0;       ///< hash of level, id and window; 0 = free
  std::uint32_t window_start_s = 0;
  std::uint16_t count = 0;
  std::uint16_t previous = 0;  ///< of the window before, for a sliding estimate
};

/// Everything known of a user with consent. 640 bytes or less, trivially copyable: it is logged with the decision.
struct UserState {
  UserKey key;
  std::uint32_t first_seen_s = 0, last_seen_s = 0;
  std::uint32_t impressions = 0, clicks = 0, conversions = 0, requests = 0;
  std::array<Interest, kInterestSlots> interests{};
  std::array<FrequencyCount, kFrequencySlots> frequency{};
};
static_assert(sizeof(UserState) <= 640);

/// Seconds since 2020-01-01 UTC, which is what the 32-bit times above count.
constexpr std::uint32_t profile_seconds(base::WallTime t) noexcept {
  return static_cast<std::uint32_t>(t.seconds() - 1'577'836'800);
}

}  // namespace bandstand::domain
