// breaker: stops asking an agent that fails or is slow, and asks again, carefully, after a while.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/rng.h"

namespace bandstand::orchestrator {

struct BreakerOptions {
  base::Duration window = std::chrono::seconds(1);
  std::uint32_t calls_min = 50;          ///< below this in a window nothing is judged
  std::uint32_t failed_percent = 50;     ///< errors, or answers slower than the stage's share
  base::Duration open_first = std::chrono::milliseconds(250);
  base::Duration open_max = std::chrono::seconds(5);
  std::uint32_t probes = 5;              ///< calls let through when half open; all must do well
};

/// One per agent and shard; not thread-safe. A few ns a call.
class Breaker {
 public:
  enum class State : std::uint8_t { closed, open, half_open };

  explicit Breaker(BreakerOptions options = {}) : options_(options) {}

  /// May the agent be asked now?
  bool allows(base::MonoTime now) noexcept {
    if (state_ == State::closed) return true;
    if (state_ == State::open) {
      if (now < open_until_) return false;
      state_ = State::half_open;
      probes_left_ = options_.probes;
      probes_good_ = 0;
    }
    if (probes_left_ == 0) return false;
    --probes_left_;
    return true;
  }

  /// How the call went. `good` = an answer within its share of time.
  void report(bool good, base::MonoTime now) noexcept {
    if (state_ == State::half_open) {
      if (!good) {
        trip(now);
      } else if (++probes_good_ == options_.probes) {
        state_ = State::closed;
        pause_ = base::Duration{0};
        start_window(now);
      }
      return;
    }
    if (state_ == State::open) return;
    if (now - window_start_ > options_.window) start_window(now);
    ++calls_;
    failed_ += good ? 0 : 1;
    if (calls_ >= options_.calls_min && failed_ * 100 >= calls_ * options_.failed_percent) trip(now);
  }

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] std::uint64_t trips() const noexcept { return trips_; }

 private:
  void start_window(base::MonoTime now) noexcept {
    window_start_ = now;
    calls_ = 0;
    failed_ = 0;
  }

  void trip(base::MonoTime now) noexcept {
    ++trips_;
    pause_ = pause_.count() == 0 ? options_.open_first : pause_ * 2;
    if (pause_ > options_.open_max) pause_ = options_.open_max;
    // +-20 % by the count of trips, so that shards do not probe together.
    const auto jitter = static_cast<std::int64_t>(base::mix64(trips_) % 41) - 20;
    open_until_ = now + pause_ * (100 + jitter) / 100;
    state_ = State::open;
  }

  BreakerOptions options_;
  State state_ = State::closed;
  base::MonoTime window_start_;
  base::MonoTime open_until_;
  base::Duration pause_{0};
  std::uint32_t calls_ = 0, failed_ = 0, probes_left_ = 0, probes_good_ = 0;
  std::uint64_t trips_ = 0;
};

}  // namespace bandstand::orchestrator
