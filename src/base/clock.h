// clock: time is handed in; only this folder asks the machine for it.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace bandstand::base {

/// Nanoseconds, signed; a length of time.
using Duration = std::chrono::nanoseconds;

/// Monotonic time in nanoseconds since an arbitrary start of this process: for deadlines, leases and delays.
struct MonoTime {
  std::int64_t ns = 0;
  friend constexpr auto operator<=>(const MonoTime&, const MonoTime&) = default;
  friend constexpr MonoTime operator+(MonoTime t, Duration d) { return {t.ns + d.count()}; }
  friend constexpr Duration operator-(MonoTime a, MonoTime b) { return Duration{a.ns - b.ns}; }
};

/// Wall time in nanoseconds since 1970-01-01 UTC: for records, budget days and hours of the week. May jump.
struct WallTime {
  std::int64_t ns = 0;
  friend constexpr auto operator<=>(const WallTime&, const WallTime&) = default;
  friend constexpr WallTime operator+(WallTime t, Duration d) { return {t.ns + d.count()}; }
  friend constexpr Duration operator-(WallTime a, WallTime b) { return Duration{a.ns - b.ns}; }
  [[nodiscard]] constexpr std::int64_t seconds() const { return ns / 1'000'000'000; }
  [[nodiscard]] constexpr std::int64_t millis() const { return ns / 1'000'000; }
};

/// Source of both times. Implementations are thread-safe unless they say otherwise.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual MonoTime mono() const noexcept = 0;
  [[nodiscard]] virtual WallTime wall() const noexcept = 0;
};

/// The machine's clocks. Thread-safe; about 30 ns a call.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] MonoTime mono() const noexcept override;
  [[nodiscard]] WallTime wall() const noexcept override;
};

/// Time that moves only when told to. For tests and simulation; one thread.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime start = {1'700'000'000'000'000'000}) : wall_(start) {}
  [[nodiscard]] MonoTime mono() const noexcept override { return mono_; }
  [[nodiscard]] WallTime wall() const noexcept override { return wall_; }
  void advance(Duration by) {
    mono_.ns += by.count();
    wall_.ns += by.count();
  }
  /// Moves wall time alone, as an operator or NTP would.
  void jump_wall(Duration by) { wall_.ns += by.count(); }

 private:
  MonoTime mono_{1'000'000'000};
  WallTime wall_;
};

}  // namespace bandstand::base
