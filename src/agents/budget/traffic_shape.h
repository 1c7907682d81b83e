// traffic_shape: how traffic spreads over the hours of a week, learned from what was offered; a flat week to begin with.
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"

namespace bandstand::agents::budget {

/// 168 shares, Monday 00 UTC first, each an exponential average over weeks. One thread.
class TrafficShape {
 public:
  /// `weight` of a new week against the old ones.
  explicit TrafficShape(double weight = 0.3) : weight_(weight) { rate_.fill(1.0); }

  /// `offers` opportunities were seen in the time ending at `now`, which `covered` long lies in one hour.
  void observe(base::WallTime now, base::Duration covered, double offers);
  /// Expected traffic from `from` to `to`, in units that compare with each other.
  [[nodiscard]] double expected(base::WallTime from, base::WallTime to) const;
  /// Everything but the weight, for another process.
  struct State {
    std::array<double, 168> rate{};
    bool learned_any = false;
    double scale = 0;
    std::uint64_t hour = 999;
    double gathered = 0, gathered_s = 0;
  };
  [[nodiscard]] State state() const { return {rate_, learned_any_, scale_, current_, gathered_, gathered_s_}; }
  void restore(const State& state) {
    rate_ = state.rate;
    learned_any_ = state.learned_any;
    scale_ = state.scale;
    current_ = state.hour < 168 ? static_cast<std::size_t>(state.hour) : 999;
    gathered_ = state.gathered;
    gathered_s_ = state.gathered_s;
  }
  /// Share of the hour that holds `t`, relative to a flat week.
  [[nodiscard]] double relative(base::WallTime t) const { return rate_[hour_of(t)] / mean(); }

 private:
  static std::size_t hour_of(base::WallTime t) {
    return static_cast<std::size_t>((t.seconds() / 3600 + 72) % 168);  // 1970-01-01 was a Thursday
  }
  [[nodiscard]] double mean() const;

  double weight_;
  std::array<double, 168> rate_{};
  bool learned_any_ = false;
  double scale_ = 0;             ///< offers a second, overall, once learned
  std::size_t current_ = 999;    ///< hour being gathered
  double gathered_ = 0, gathered_s_ = 0;
};

}  // namespace bandstand::agents::budget
