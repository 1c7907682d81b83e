// train_response_segments: whether predicted rates come true in parts of the traffic, one by one.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "experiments/statistics.h"
#include "learning/dataset/dataset.h"
#include "learning/response/calibration.h"

namespace bandstand::app {

/// Which part each row belongs to: the `top` most frequent values of a field by rows (ties by hash), then all others as one.
class Segments {
 public:
  Segments(std::span<const std::uint64_t> values, std::size_t top);
  [[nodiscard]] std::size_t size() const { return values_.size() + 1; }
  /// Number of the segment of a value; size() - 1 is the others'.
  [[nodiscard]] std::size_t of(std::uint64_t value) const;
  /// Text of a value where it is known, else its hash; "others".
  [[nodiscard]] std::string name(std::size_t segment, const learning::ValueNames& names) const;

 private:
  std::vector<std::uint64_t> values_;
  std::unordered_map<std::uint64_t, std::size_t> numbers_;
};

struct SegmentFigures {
  std::size_t segment = 0;
  std::uint64_t rows = 0, positives = 0;
  double expected = 0;                 ///< sum of the predictions
  experiments::Interval calibration;   ///< expected / positives; all 1 without positives
  double calibration_error = 0;        ///< over the segment's base rate, 10 bins
  experiments::Interval log_loss;
};

/// Figures of one predictor in each segment that has rows. Intervals of 95 %: of the mean log loss by the normal law; of the
/// ratio by that of its logarithm, linearised (sd = sqrt(sum (p - R y)^2) / sum p), too narrow below some ten positives.
[[nodiscard]] std::vector<SegmentFigures> segment_figures(std::span<const double> p, std::span<const std::uint8_t> y,
                                                          std::span<const std::uint64_t> values, const Segments& segments);

/// A Platt curve for each segment, fitted on its rows where these have at least 100 positives, else the one of all.
class SegmentPlatt {
 public:
  SegmentPlatt(std::span<const double> p, std::span<const std::uint8_t> y, std::span<const std::uint64_t> values,
               const Segments& segments);
  [[nodiscard]] double operator()(double p, std::size_t segment) const { return curves_[segment](p); }

 private:
  std::vector<learning::Platt> curves_;
};

}  // namespace bandstand::app
