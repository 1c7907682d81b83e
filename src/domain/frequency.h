// frequency: how often a user saw a capped thing: keys, counting over a sliding window, and the cap itself.
//
// 1. A count's window begins with an impression, so a cap of one is exact: W seconds from that impression on.
// 2. What was seen before the window began fades as it would if it had been spread evenly (sliding-window
// counter); the estimate is rounded up, so that a doubt keeps the ad back.
// 3. A user has kFrequencySlots counts; the oldest one makes room for a new one.
#pragma once

#include <cstdint>

#include "base/rng.h"
#include "domain/catalogue.h"
#include "domain/user.h"

namespace bandstand::domain {

/// Names a capped thing and its window inside a UserState: never 0. Caps of one thing over one window share a
/// count.
constexpr std::uint32_t frequency_key(FrequencyCap::Level level, std::uint32_t id,
                                      std::uint32_t window_s) noexcept {
  const std::uint64_t thing = (static_cast<std::uint64_t>(level) + 1) << 32 | id;
  const auto key = static_cast<std::uint32_t>(base::mix64(base::mix64(thing) ^ window_s) >> 32);
  return key == 0 ? 1 : key;
}

/// The key of a line item's cap. `creative` is an index and matters to caps of that level only.
inline std::uint32_t frequency_key(const FrequencyCap& cap, const Catalogue& catalogue, const LineItem& item,
                                   std::uint32_t creative = UINT32_MAX) noexcept {
  std::uint32_t id = item.id.value;
  switch (cap.level) {
    case FrequencyCap::Level::line_item:
      break;
    case FrequencyCap::Level::campaign:
      id = catalogue.campaign_of(item).id.value;
      break;
    case FrequencyCap::Level::advertiser:
      id = catalogue.advertiser_of(item).id.value;
      break;
    case FrequencyCap::Level::creative:
      id = creative < catalogue.creatives.size() ? catalogue.creatives[creative].id.value : 0;
      break;
  }
  return frequency_key(cap.level, id, cap.window_s);
}

/// Impressions in the `window_s` seconds before `now_s`, rounded up; 0 once nothing can be left of them. A
/// clock that went back counts everything.
constexpr std::uint32_t sliding_count(const FrequencyCount& seen, std::uint32_t window_s,
                                      std::uint32_t now_s) noexcept {
  const std::uint64_t window = window_s == 0 ? 1 : window_s;
  const std::uint64_t age = now_s > seen.window_start_s ? now_s - seen.window_start_s : 0;
  if (age < window) {
    return seen.count + static_cast<std::uint32_t>((seen.previous * (window - age) + window - 1) / window);
  }
  // The first of `count` happened at the window's start and is out; the others fade over the window that
  // follows.
  if (age >= 2 * window || seen.count <= 1) return 0;
  return static_cast<std::uint32_t>(((seen.count - 1u) * (2 * window - age) + window - 1) / window);
}

/// Impressions that the user has of `key`. 16 compares.
inline std::uint32_t frequency_count(const UserState& user, std::uint32_t key, std::uint32_t window_s,
                                     std::uint32_t now_s) noexcept {
  for (const FrequencyCount& seen : user.frequency) {
    if (seen.key == key) return sliding_count(seen, window_s, now_s);
  }
  return 0;
}

/// Counts one impression of `key`. Whoever records impressions calls this once for each cap of the line item
/// shown.
inline void frequency_add(UserState& user, std::uint32_t key, std::uint32_t window_s,
                          std::uint32_t now_s) noexcept {
  FrequencyCount* place = &user.frequency[0];
  for (FrequencyCount& seen : user.frequency) {
    if (seen.key == key) {
      if (now_s < seen.window_start_s + static_cast<std::uint64_t>(window_s)) {
        if (seen.count < UINT16_MAX) ++seen.count;
      } else {
        seen.previous = static_cast<std::uint16_t>(sliding_count(seen, window_s, now_s));
        seen.count = 1;
        seen.window_start_s = now_s;
      }
      return;
    }
    if (place->key != 0 && (seen.key == 0 || seen.window_start_s < place->window_start_s)) place = &seen;
  }
  *place = {.key = key, .window_start_s = now_s, .count = 1, .previous = 0};
}

/// Takes back one impression that frequency_add() counted a short while ago (a bid that was not won). Where it
/// had begun a window, the window stays where it is: a doubt keeps the ad back.
inline void frequency_take_back(UserState& user, std::uint32_t key) noexcept {
  for (FrequencyCount& seen : user.frequency) {
    if (seen.key != key) continue;
    if (seen.count > 0) --seen.count;
    if (seen.count == 0 && seen.previous == 0) seen = {};
    return;
  }
}

/// Does this cap hold the user back now? A cap of 0 impressions always does. `user` nullptr: unknown, it does
/// not.
inline bool is_capped(const FrequencyCap& cap, std::uint32_t key, const UserState* user,
                      std::uint32_t now_s) noexcept {
  if (user == nullptr) return false;
  return frequency_count(*user, key, cap.window_s, now_s) >= cap.impressions;
}

}  // namespace bandstand::domain
