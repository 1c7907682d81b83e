// rate_sketch: see the header.
#include "agents/fraud/rate_sketch.h"

#include <algorithm>

#include "base/check.h"
#include "base/rng.h"

namespace bandstand::agents::fraud {

RateSketch::RateSketch(RateSketchOptions options)
    : options_(options), counters_(static_cast<std::size_t>(options.width) * options.rows) {
  BANDSTAND_CHECK(options.width > 0 && (options.width & (options.width - 1)) == 0);
  BANDSTAND_CHECK(options.rows >= 1 && options.rows <= 4 && options.window_ms > 0);
}

RateSketch::Places RateSketch::places_of(std::uint64_t key) noexcept {
  // Two mixed halves give all rows (Kirsch and Mitzenmacher, 2006).
  const std::uint64_t mixed = base::mix64(key);
  const auto low = static_cast<std::uint32_t>(mixed);
  const auto high = static_cast<std::uint32_t>(mixed >> 32) | 1;
  Places places{};
  for (std::uint32_t row = 0; row < options_.rows; ++row) {
    places.at[row] = &counters_[static_cast<std::size_t>(row) * options_.width +
                                ((low + row * high) & (options_.width - 1))];
  }
  return places;
}

void RateSketch::rotate(base::WallTime now) noexcept {
  const std::int64_t window = now.millis() / options_.window_ms;
  if (window <= window_) return;  // a clock that went back counts on in the current window
  const bool next = window == window_ + 1;
  window_ = window;
  for (Counter& counter : counters_) {
    counter.before = next ? counter.now : std::uint16_t{0};
    counter.now = 0;
  }
}

float RateSketch::per_minute(std::uint32_t now_count, std::uint32_t before_count,
                             base::WallTime now) const noexcept {
  const float window_ms = static_cast<float>(options_.window_ms);
  const float elapsed =
      std::clamp(static_cast<float>(now.millis() - window_ * options_.window_ms), 0.0f, window_ms);
  const float in_window =
      static_cast<float>(now_count) + static_cast<float>(before_count) * (1.0f - elapsed / window_ms);
  return in_window * 60'000.0f / window_ms;
}

float RateSketch::add(std::uint64_t key, base::WallTime now) noexcept {
  rotate(now);
  const Places places = places_of(key);
  std::uint32_t least = UINT16_MAX;
  std::uint32_t before = UINT16_MAX;
  for (std::uint32_t row = 0; row < options_.rows; ++row) {
    least = std::min<std::uint32_t>(least, places.at[row]->now);
    before = std::min<std::uint32_t>(before, places.at[row]->before);
  }
  if (least < UINT16_MAX) {
    ++least;
    for (std::uint32_t row = 0; row < options_.rows; ++row) {
      // Conservative: a counter above the least belongs to other keys as well and stays.
      places.at[row]->now = static_cast<std::uint16_t>(std::max<std::uint32_t>(places.at[row]->now, least));
    }
  }
  return per_minute(least, before, now);
}

float RateSketch::rate(std::uint64_t key, base::WallTime now) noexcept {
  rotate(now);
  const Places places = places_of(key);
  std::uint32_t least = UINT16_MAX;
  std::uint32_t before = UINT16_MAX;
  for (std::uint32_t row = 0; row < options_.rows; ++row) {
    least = std::min<std::uint32_t>(least, places.at[row]->now);
    before = std::min<std::uint32_t>(before, places.at[row]->before);
  }
  return per_minute(least, before, now);
}

}  // namespace bandstand::agents::fraud
