// zone: what a clock on a wall shows in an IANA time zone, prepared so that asking costs a binary search.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace bandstand::domain {

/// All offsets of one zone from 1970 to 2100. Immutable; share it between threads.
class Zone {
 public:
  /// Errors: `not_found` for a name that the system's time zone table does not have. Reads files; not for the
  /// hot path.
  static base::Result<Zone> load(const std::string& name);
  /// UTC, which needs no table.
  Zone() : changes_{{INT64_MIN, INT64_MAX, 0}} {}

  /// One span of constant offset: local = UTC + offset in [from_s, until_s).
  struct Span {
    std::int64_t from_s = 0, until_s = 0;
    std::int32_t offset_s = 0;
  };
  [[nodiscard]] const Span& at(std::int64_t utc_s) const noexcept;
  [[nodiscard]] std::int32_t offset_s(base::WallTime t) const noexcept { return at(t.seconds()).offset_s; }
  /// 0 = Monday 00:00 .. 167 = Sunday 23:00, local.
  [[nodiscard]] int hour_of_week(base::WallTime t) const noexcept {
    return hour_of_week_local(t.seconds() + offset_s(t));
  }
  /// The same of a local time in seconds since 1970-01-01, a Thursday.
  static constexpr int hour_of_week_local(std::int64_t local_s) noexcept {
    std::int64_t hour = local_s / 3600 - (local_s % 3600 < 0 ? 1 : 0);
    hour = (hour + 3 * 24) % 168;
    return static_cast<int>(hour < 0 ? hour + 168 : hour);
  }

 private:
  std::vector<Span> changes_;  ///< rising, without gaps, covering all time
};

}  // namespace bandstand::domain
