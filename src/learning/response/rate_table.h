// rate_table: the response rate of each value of one field, smoothed: a baseline, and what a model may start from.
#pragma once

#include <cmath>
#include <vector>

#include "base/result.h"
#include "model/safetensors.h"

namespace bandstand::learning {

/// (positives + smoothing x base rate) / (rows + smoothing) by hashed value (a target encoding; Micci-Barreca 2001).
class RateTable {
 public:
  /// 2^bits values of 8 bytes. `base_rate` in (0, 1).
  RateTable(int bits, float base_rate, float smoothing = 10)
      : mask_((std::uint64_t{1} << bits) - 1), base_rate_(base_rate), smoothing_(smoothing), table_(mask_ + 1) {}

  void learn(std::uint64_t value, bool label) {
    Counts& counts = table_[value & mask_];
    counts.rows += 1;
    counts.positives += label ? 1.0f : 0.0f;
  }
  [[nodiscard]] double rate(std::uint64_t value) const {
    const Counts& counts = table_[value & mask_];
    return (counts.positives + smoothing_ * base_rate_) / (counts.rows + smoothing_);
  }
  /// ln(rate / (1 - rate)).
  [[nodiscard]] float log_odds(std::uint64_t value) const {
    const double p = rate(value);
    return static_cast<float>(std::log(p / (1 - p)));
  }

  /// Arrays "rate.counts" [2^bits, 2] and "rate.base" [2].
  void save(model::ModelFile& file) const;
  /// Errors: of model::tensor_of; `corrupt` for counts that cannot be.
  [[nodiscard]] base::Result<std::monostate> load(const model::ModelFile& file);

 private:
  struct Counts {
    float rows = 0, positives = 0;
  };
  std::uint64_t mask_;
  float base_rate_, smoothing_;
  std::vector<Counts> table_;
};

}  // namespace bandstand::learning
