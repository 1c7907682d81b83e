// response_monitor: counting into bins of log odds.
#include "model/response_monitor.h"

#include <algorithm>
#include <cmath>

namespace bandstand::model {
namespace {

constexpr double kLogOddsMin = -10, kBinWidth = 0.5;

std::size_t bin_of(double prediction) {
  const double p = std::clamp(prediction, 1e-9, 1 - 1e-9);
  const double at = (std::log(p / (1 - p)) - kLogOddsMin) / kBinWidth;
  return static_cast<std::size_t>(std::clamp(at, 0.0, static_cast<double>(ResponseMonitor::kBins - 1)));
}

/// Half a row is added to each bin, so that an empty one has a logarithm.
double share(std::uint32_t rows, std::uint64_t all) {
  return (rows + 0.5) / (static_cast<double>(all) + 0.5 * ResponseMonitor::kBins);
}

}  // namespace

bool ResponseMonitor::add(double prediction, bool response) {
  ++now_[bin_of(prediction)];
  ++open_.rows;
  open_.predicted += prediction;
  open_.seen += response;
  if (open_.rows < window_rows_) return false;
  close();
  return true;
}

void ResponseMonitor::close() {
  open_.calibration = (open_.predicted + 1) / (static_cast<double>(open_.seen) + 1);
  if (!has_reference_) {
    reference_ = now_;
    has_reference_ = true;
  }
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    const double now = share(now_[bin], window_rows_);
    const double then = share(reference_[bin], window_rows_);
    open_.psi += (now - then) * std::log(now / then);
  }
  last_ = open_;
  open_ = {};
  now_ = {};
  ++windows_;
}

}  // namespace bandstand::model
