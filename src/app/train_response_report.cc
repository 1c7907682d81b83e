// train_response_report: figures from columns of predictions.
#include "app/train_response_report.h"

#include <algorithm>

#include "learning/response/metrics.h"

namespace bandstand::app {
namespace {

using experiments::Interval;

Interval interval_of(double value, const std::vector<double>& samples) {
  if (samples.empty()) return {value, value, value};
  return {value, experiments::quantile(samples, 0.025), experiments::quantile(samples, 0.975)};
}

ResponseFigures figures_of(const std::vector<double>& p, const std::vector<std::uint8_t>& y,
                           const std::vector<std::uint64_t>& values, const ReportOptions& options) {
  ResponseFigures out;
  out.rows = y.size();
  out.positives = static_cast<std::uint64_t>(std::count(y.begin(), y.end(), 1));
  out.auc = interval_of(learning::area_under_curve(p, y), learning::bootstrap_auc(p, y, options.bootstrap, options.seed));
  out.log_loss = learning::log_loss(p, y);
  out.normalised_entropy = learning::normalised_entropy(p, y);
  out.calibration = learning::calibration_ratio(p, y);
  const double rate = static_cast<double>(std::max<std::uint64_t>(out.positives, 1)) /
                      static_cast<double>(std::max<std::uint64_t>(out.rows, 1));
  out.calibration_error = learning::calibration_error(p, y) / rate;
  out.field_calibration_error = learning::field_calibration_error(p, y, values) / rate;
  return out;
}

}  // namespace

std::vector<ResponseFigures> response_figures(const JudgedRows& rows, const ReportOptions& options) {
  std::vector<ResponseFigures> out;
  const auto add = [&](const std::string& name, const char* rows_of, ResponseFigures figures) {
    figures.predictor = name;
    figures.rows_of = rows_of;
    out.push_back(std::move(figures));
  };
  for (const auto& [name, p] : rows.predictors) {
    add(name, "all", figures_of(p, rows.labels, rows.values, options));
    if (options.won_at <= 0 || rows.prices.size() != p.size() || options.base_rate <= 0) continue;
    std::vector<double> won_p;
    std::vector<std::uint8_t> won_labels;
    std::vector<std::uint64_t> won_values;
    for (std::size_t i = 0; i < p.size(); ++i) {
      if (options.won_at * p[i] / options.base_rate < rows.prices[i]) continue;
      won_p.push_back(p[i]);
      won_labels.push_back(rows.labels[i]);
      won_values.push_back(rows.values[i]);
    }
    add(name, "won", figures_of(won_p, won_labels, won_values, options));
  }
  return out;
}

Interval auc_difference(const JudgedRows& rows, std::size_t a, std::size_t b, const ReportOptions& options) {
  const auto& first = rows.predictors[a].p;
  const auto& second = rows.predictors[b].p;
  auto samples = learning::bootstrap_auc(first, rows.labels, options.bootstrap, options.seed);
  const auto others = learning::bootstrap_auc(second, rows.labels, options.bootstrap, options.seed);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] -= others[i];
  return interval_of(learning::area_under_curve(first, rows.labels) - learning::area_under_curve(second, rows.labels), samples);
}

}  // namespace bandstand::app
