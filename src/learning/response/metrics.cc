// metrics: sums over sorted rows.
#include "learning/response/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "base/check.h"
#include "base/rng.h"

namespace bandstand::learning {
namespace {

std::vector<std::uint32_t> order_of(std::span<const double> p) {
  std::vector<std::uint32_t> order(p.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return p[a] < p[b]; });
  return order;
}

/// AUC where row i counts weight(i) times.
template <class Weight>
double weighted_auc(std::span<const double> p, std::span<const std::uint8_t> y, std::span<const std::uint32_t> order,
                    Weight weight) {
  double pairs = 0, negatives = 0, positives = 0;
  for (std::size_t begin = 0; begin < order.size();) {
    double tied_positives = 0, tied_negatives = 0;
    std::size_t end = begin;
    for (; end < order.size() && p[order[end]] == p[order[begin]]; ++end) {
      (y[order[end]] != 0 ? tied_positives : tied_negatives) += weight(order[end]);
    }
    pairs += tied_positives * (negatives + 0.5 * tied_negatives);
    positives += tied_positives;
    negatives += tied_negatives;
    begin = end;
  }
  return positives == 0 || negatives == 0 ? 0.5 : pairs / (positives * negatives);
}

double positives_of(std::span<const std::uint8_t> y) {
  return static_cast<double>(std::count_if(y.begin(), y.end(), [](std::uint8_t one) { return one != 0; }));
}

}  // namespace

double area_under_curve(std::span<const double> p, std::span<const std::uint8_t> y) {
  BANDSTAND_CHECK(p.size() == y.size());
  return weighted_auc(p, y, order_of(p), [](std::uint32_t) { return 1.0; });
}

std::vector<double> bootstrap_auc(std::span<const double> p, std::span<const std::uint8_t> y, int samples, std::uint64_t seed) {
  BANDSTAND_CHECK(p.size() == y.size());
  const auto order = order_of(p);
  base::Rng rng(seed);
  std::vector<double> out;
  std::vector<std::uint32_t> drawn(p.size());
  for (int sample = 0; sample < samples; ++sample) {
    std::fill(drawn.begin(), drawn.end(), 0u);
    for (std::size_t i = 0; i < p.size(); ++i) ++drawn[rng.below(p.size())];
    out.push_back(weighted_auc(p, y, order, [&](std::uint32_t row) { return static_cast<double>(drawn[row]); }));
  }
  return out;
}

double log_loss(std::span<const double> p, std::span<const std::uint8_t> y) {
  BANDSTAND_CHECK(p.size() == y.size());
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double bounded = std::clamp(p[i], 1e-12, 1 - 1e-12);
    sum -= std::log(y[i] != 0 ? bounded : 1 - bounded);
  }
  return p.empty() ? 0 : sum / static_cast<double>(p.size());
}

double normalised_entropy(std::span<const double> p, std::span<const std::uint8_t> y) {
  if (y.empty()) return 1;
  const double rate = positives_of(y) / static_cast<double>(y.size());
  if (rate == 0 || rate == 1) return 1;
  return log_loss(p, y) / -(rate * std::log(rate) + (1 - rate) * std::log(1 - rate));
}

double calibration_ratio(std::span<const double> p, std::span<const std::uint8_t> y) {
  const double positives = positives_of(y);
  return positives == 0 ? 1 : std::accumulate(p.begin(), p.end(), 0.0) / positives;
}

double calibration_error(std::span<const double> p, std::span<const std::uint8_t> y, std::size_t bins) {
  BANDSTAND_CHECK(p.size() == y.size() && bins > 0);
  const auto order = order_of(p);
  double error = 0, in_bin = 0;
  std::size_t bin = 1;
  for (std::size_t i = 0; i < order.size(); ++i) {
    in_bin += p[order[i]] - y[order[i]];
    const bool last = i + 1 == order.size();
    if (!last && ((i + 1) * bins < bin * order.size() || p[order[i + 1]] == p[order[i]])) continue;
    error += std::abs(in_bin);
    in_bin = 0;
    while (bin * order.size() <= (i + 1) * bins) ++bin;
  }
  return order.empty() ? 0 : error / static_cast<double>(order.size());
}

double field_calibration_error(std::span<const double> p, std::span<const std::uint8_t> y, std::span<const std::uint64_t> value) {
  BANDSTAND_CHECK(p.size() == y.size() && p.size() == value.size());
  std::unordered_map<std::uint64_t, double> sums;
  for (std::size_t i = 0; i < p.size(); ++i) sums[value[i]] += p[i] - y[i];
  double error = 0;
  for (const auto& [one, sum] : sums) error += std::abs(sum);
  return p.empty() ? 0 : error / static_cast<double>(p.size());
}

}  // namespace bandstand::learning
