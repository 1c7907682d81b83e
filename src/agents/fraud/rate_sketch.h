// rate_sketch: how often a key comes, a minute, for any number of keys in fixed memory.
//
// Count-min (Cormode and Muthukrishnan, 2005) with conservative update (Estan and Varghese, 2002) over two
// rotating windows; what the older window holds fades evenly. Estimates are never below the truth of the
// windows; a row of width w errs by at most e * N / w with probability 1 - 1/e, the least of the rows by more
// than that with e^-rows.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace bandstand::agents::fraud {

struct RateSketchOptions {
  std::uint32_t width = 1 << 15;  ///< counters a row; a power of two
  std::uint32_t rows = 4;         ///< at most 4
  std::int64_t window_ms = 30'000;
};

/// One per shard. Memory: rows * width * 4 bytes (512 KiB by default).
class RateSketch {
 public:
  explicit RateSketch(RateSketchOptions options = {});

  /// Counts one and returns the rate a minute, this one included. About 20 ns.
  float add(std::uint64_t key, base::WallTime now) noexcept;
  /// The rate a minute, without counting.
  [[nodiscard]] float rate(std::uint64_t key, base::WallTime now) noexcept;
  [[nodiscard]] std::size_t bytes() const { return counters_.size() * sizeof(Counter); }

 private:
  struct Counter {
    std::uint16_t now = 0, before = 0;
  };
  struct Places {
    Counter* at[4];
  };

  Places places_of(std::uint64_t key) noexcept;
  void rotate(base::WallTime now) noexcept;
  [[nodiscard]] float per_minute(std::uint32_t now_count, std::uint32_t before_count,
                                 base::WallTime now) const noexcept;

  RateSketchOptions options_;
  std::vector<Counter> counters_;
  std::int64_t window_ = INT64_MIN;  ///< number of the current window
};

}  // namespace bandstand::agents::fraud
