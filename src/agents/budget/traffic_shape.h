// traffic_shape: how traffic spreads over the hours of a week, learned from what was seen; flat to begin with.
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"

namespace bandstand::agents::budget {

/// The day's curve is learned first (one day shows it whole), then what each hour of the week adds to it: a new
/// week would need a week to be seen. Both are exponential averages. One thread.
class TrafficShape {
 public:
  /// `weight` of a new observation against the old ones, once there are 1 / weight of them.
  explicit TrafficShape(double weight = 0.3) : weight_(weight) {
    week_.fill(1.0);
    refresh();
  }

  /// `visits` requests were seen in the time ending at `now`, which `covered` long lies in one hour.
  void observe(base::WallTime now, base::Duration covered, double visits);
  /// Expected traffic from `from` to `to`, in units that compare with each other.
  [[nodiscard]] double expected(base::WallTime from, base::WallTime to) const;

  /// Everything but the weight, for another process.
  struct State {
    std::array<double, 24> day_rate{};
    std::array<std::uint32_t, 24> day_seen{};
    std::array<double, 168> week{};
    std::uint64_t hour = 999;
    double gathered = 0, gathered_s = 0;
  };
  [[nodiscard]] State state() const;
  void restore(const State& state);

 private:
  struct Hour {
    double rate = 0;  ///< visits a second
    std::uint32_t seen = 0;
  };
  static std::size_t hour_of(base::WallTime t) {
    return static_cast<std::size_t>((t.seconds() / 3600 + 72) % 168);  // 1970-01-01 was a Thursday
  }
  void fold(std::size_t hour, double rate);
  void refresh();

  double weight_;
  std::array<Hour, 24> day_{};      ///< by UTC hour
  std::array<double, 168> week_{};  ///< factor on the day's curve; Monday 00 UTC first
  std::array<double, 168> rate_{};  ///< both together; hours never seen are as the mean of those that were
  double whole_week_ = 0;
  std::size_t current_ = 999;  ///< hour being gathered
  double gathered_ = 0, gathered_s_ = 0;
};

}  // namespace bandstand::agents::budget
