// brownout: what to leave out when requests wait too long, one step at a time (reliability.md 4.4).
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"

namespace bandstand::serving {

/// Levels: 0 all on; 1 no shadows, decision log sampled; 2 half the contenders; 3 few candidates; 4 and 5
/// shed bid requests. Consent, fraud lists, budget, oversight and notices are never left out. One per shard.
class Brownout {
 public:
  /// `waited`: how long the request at hand has been in the queue.
  std::uint8_t observe(base::Duration waited, base::MonoTime now) noexcept {
    static constexpr std::array<std::int64_t, 5> kEnterUs{3'000, 5'000, 7'000, 9'000, 10'000};
    const std::int64_t us = waited.count() / 1'000;
    const bool above = level_ < 5 && us > kEnterUs[level_];
    const bool below = level_ > 0 && us <= kEnterUs[level_ - 1u];
    if (above) {
      calm_since_ = now;
      if (now - rising_since_ >= std::chrono::milliseconds(200)) {
        ++level_;
        rising_since_ = now;
      }
    } else {
      rising_since_ = now;
      if (!below) {
        calm_since_ = now;
      } else if (now - calm_since_ >= std::chrono::seconds(level_ >= 4 ? 1 : 5)) {
        --level_;
        calm_since_ = now;
      }
    }
    return level_;
  }
  [[nodiscard]] std::uint8_t level() const noexcept { return level_; }

 private:
  std::uint8_t level_ = 0;
  base::MonoTime rising_since_, calm_since_;
};

}  // namespace bandstand::serving
