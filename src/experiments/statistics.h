// statistics: how sure a figure is: paired bootstrap over episodes, area under the ROC curve.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace bandstand::experiments {

/// A figure with its 95 % interval.
struct Interval {
  double value = 0;
  double low = 0;
  double high = 0;
};

/// Percentile bootstrap of sum(a) - sum(b), where a[i] and b[i] belong to the same episode and are drawn
/// together. `samples` resamplings (0: no interval, low = high = value). O(samples * episodes).
Interval paired_bootstrap(std::span<const double> a, std::span<const double> b, int samples,
                          std::uint64_t seed);

/// Mean of independent values with a percentile bootstrap of 95 %; 0 for none. O(samples * values).
Interval bootstrap_mean(std::span<const double> values, int samples, std::uint64_t seed);

/// Mean of independent values (one a seed) with Student's 95 % interval; low = high = value for fewer than two.
Interval mean_interval(std::span<const double> values);

/// Quantile q of the values (linear between neighbours); sorts a copy.
double quantile(std::vector<double> values, double q);

/// P(score of a positive > score of a negative), ties half. 0.5 if one class is absent. O(n log n).
double area_under_roc(std::span<const double> scores, std::span<const std::uint8_t> positive);

}  // namespace bandstand::experiments
