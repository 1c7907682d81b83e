// statistics: resampling and ranks.
#include "experiments/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "base/rng.h"

namespace bandstand::experiments {

Interval paired_bootstrap(std::span<const double> a, std::span<const double> b, int samples,
                          std::uint64_t seed) {
  BANDSTAND_CHECK(a.size() == b.size());
  std::vector<double> difference(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) difference[i] = a[i] - b[i];
  const double sum = std::accumulate(difference.begin(), difference.end(), 0.0);
  if (samples <= 0 || difference.empty()) return {sum, sum, sum};
  base::Rng rng(seed);
  std::vector<double> sums(static_cast<std::size_t>(samples));
  for (double& total : sums) {
    for (std::size_t i = 0; i < difference.size(); ++i) total += difference[rng.below(difference.size())];
  }
  std::sort(sums.begin(), sums.end());
  return {sum, quantile(sums, 0.025), quantile(sums, 0.975)};
}

Interval bootstrap_mean(std::span<const double> values, int samples, std::uint64_t seed) {
  const std::vector<double> zero(values.size());
  const Interval all = paired_bootstrap(values, zero, samples, seed);
  const auto n = static_cast<double>(std::max<std::size_t>(1, values.size()));
  return {all.value / n, all.low / n, all.high / n};
}

Interval mean_interval(std::span<const double> values) {
  if (values.empty()) return {};
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  if (values.size() < 2) return {mean, mean, mean};
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  // Quantile .975 of Student's t: exact up to five degrees of freedom, then the expansion of Cornish and Fisher (to .002).
  constexpr double kExact[] = {12.706, 4.303, 3.182, 2.776, 2.571};
  constexpr double z = 1.959964, z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
  const double free = count - 1;
  const double t = free <= 5 ? kExact[values.size() - 2]
                             : z + (z3 + z) / (4 * free) +
                                   (5 * z5 + 16 * z3 + 3 * z) / (96 * free * free) +
                                   (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * free * free * free);
  const double half = t * std::sqrt(squares / free / count);
  return {mean, mean - half, mean + half};
}

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double at = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

double area_under_roc(std::span<const double> scores, std::span<const std::uint8_t> positive) {
  BANDSTAND_CHECK(scores.size() == positive.size());
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return scores[i] < scores[j]; });
  double ranks_of_positives = 0;
  double positives = 0;
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    double here = 0;
    while (end < order.size() && scores[order[end]] == scores[order[begin]])
      here += positive[order[end++]] != 0;
    ranks_of_positives += here * (static_cast<double>(begin + end + 1) / 2);  // the mean rank of the tie
    positives += here;
    begin = end;
  }
  const double negatives = static_cast<double>(scores.size()) - positives;
  if (positives == 0 || negatives == 0) return 0.5;
  return (ranks_of_positives - positives * (positives + 1) / 2) / (positives * negatives);
}

}  // namespace bandstand::experiments
