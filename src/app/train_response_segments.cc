// train_response_segments: rows sorted into parts, then the usual figures of each.
#include "app/train_response_segments.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "learning/response/metrics.h"

namespace bandstand::app {
namespace {

constexpr std::uint64_t kPositivesForACurve = 100;
constexpr double kNormal95 = 1.959964;

struct Rows {
  std::vector<double> p;
  std::vector<std::uint8_t> y;
};

std::vector<Rows> by_segment(std::span<const double> p, std::span<const std::uint8_t> y, std::span<const std::uint64_t> values,
                             const Segments& segments) {
  std::vector<Rows> out(segments.size());
  for (std::size_t i = 0; i < p.size(); ++i) {
    Rows& rows = out[segments.of(values[i])];
    rows.p.push_back(p[i]);
    rows.y.push_back(y[i]);
  }
  return out;
}

experiments::Interval log_loss_of(const Rows& rows) {
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < rows.p.size(); ++i) {
    const double loss = learning::log_loss({&rows.p[i], 1}, {&rows.y[i], 1});
    sum += loss;
    squares += loss * loss;
  }
  const auto n = static_cast<double>(rows.p.size());
  const double mean = sum / n;
  const double half = kNormal95 * std::sqrt(std::max(0.0, squares / n - mean * mean) / n);
  return {mean, mean - half, mean + half};
}

experiments::Interval ratio_of(const Rows& rows, double expected, std::uint64_t positives) {
  if (positives == 0 || !(expected > 0)) return {1, 1, 1};
  const double ratio = expected / static_cast<double>(positives);
  double squares = 0;
  for (std::size_t i = 0; i < rows.p.size(); ++i) {
    const double rest = rows.p[i] - ratio * rows.y[i];
    squares += rest * rest;
  }
  const double factor = std::exp(kNormal95 * std::sqrt(squares) / expected);
  return {ratio, ratio / factor, ratio * factor};
}

}  // namespace

Segments::Segments(std::span<const std::uint64_t> values, std::size_t top) {
  std::unordered_map<std::uint64_t, std::uint64_t> rows;
  for (const std::uint64_t value : values) ++rows[value];
  std::vector<std::pair<std::uint64_t, std::uint64_t>> all(rows.begin(), rows.end());
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  for (std::size_t i = 0; i < std::min(top, all.size()); ++i) {
    numbers_[all[i].first] = values_.size();
    values_.push_back(all[i].first);
  }
}

std::size_t Segments::of(std::uint64_t value) const {
  const auto found = numbers_.find(value);
  return found == numbers_.end() ? values_.size() : found->second;
}

std::string Segments::name(std::size_t segment, const learning::ValueNames& names) const {
  if (segment == values_.size()) return "others";
  const auto found = names.find(values_[segment]);
  if (found != names.end()) return found->second.empty() ? "(empty)" : found->second;
  char text[20];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(values_[segment]));
  return text;
}

std::vector<SegmentFigures> segment_figures(std::span<const double> p, std::span<const std::uint8_t> y,
                                            std::span<const std::uint64_t> values, const Segments& segments) {
  std::vector<SegmentFigures> out;
  const auto parts = by_segment(p, y, values, segments);
  for (std::size_t segment = 0; segment < parts.size(); ++segment) {
    const Rows& rows = parts[segment];
    if (rows.p.empty()) continue;
    SegmentFigures one;
    one.segment = segment;
    one.rows = rows.p.size();
    one.positives = static_cast<std::uint64_t>(std::count(rows.y.begin(), rows.y.end(), 1));
    for (const double rate : rows.p) one.expected += rate;
    one.calibration = ratio_of(rows, one.expected, one.positives);
    const double base = static_cast<double>(std::max<std::uint64_t>(one.positives, 1)) / static_cast<double>(one.rows);
    one.calibration_error = learning::calibration_error(rows.p, rows.y, 10) / base;
    one.log_loss = log_loss_of(rows);
    out.push_back(one);
  }
  return out;
}

SegmentPlatt::SegmentPlatt(std::span<const double> p, std::span<const std::uint8_t> y, std::span<const std::uint64_t> values,
                           const Segments& segments) {
  const learning::Platt all = learning::fit_platt(p, y);
  for (const Rows& rows : by_segment(p, y, values, segments)) {
    const auto positives = static_cast<std::uint64_t>(std::count(rows.y.begin(), rows.y.end(), 1));
    curves_.push_back(positives < kPositivesForACurve ? all : learning::fit_platt(rows.p, rows.y));
  }
}

}  // namespace bandstand::app
