// admin_status: figures of the last seconds, from counters that only grow: rates, quantiles, shares.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "serving/control.h"
#include "telemetry/metrics.h"

namespace bandstand::serving {

/// A histogram's buckets, summed over threads; one more than edges.
using Buckets = std::vector<std::int64_t>;

/// The counters that the status page is made of, at one moment.
struct StatusSample {
  struct AgentSums {
    std::int64_t fallbacks = 0;
    std::int64_t time_ns = 0;
    Buckets buckets;
  };
  base::MonoTime at;
  base::WallTime wall;
  std::int64_t requests = 0;  ///< bid and decide requests
  std::int64_t requests_with_bid = 0;
  std::int64_t bids = 0, bids_won = 0;
  base::Nanos reward;
  Buckets latency;
  std::vector<AgentSums> agents;
};

/// A value below which the share `q` of the differences `now - before` lies, in the histogram's unit,
/// interpolated within its bucket; -1 if nothing was counted. Beyond the last edge: the last edge. Before may
/// be empty (all since the start).
double quantile_of(std::span<const std::int64_t> edges, const Buckets& now, const Buckets& before, double q);

/// Takes a sample a second and keeps two minutes of them. One thread: control's.
class StatusHistory {
 public:
  static constexpr std::size_t kSamples = 121;
  static constexpr std::size_t kWindowSamples = 10;  ///< "now" means so many seconds
  static constexpr std::size_t kRateSamples = 5;     ///< a point of the history looks back over so many

  /// `sets` are of one struct and outlive this.
  explicit StatusHistory(std::span<const telemetry::MetricSet* const> sets);

  /// Looks at everything now; keeps it as a sample unless the last one is younger than 900 ms.
  void sample(const Control& control, base::MonoTime now, base::WallTime wall);

  /// GET /api/v1/status/history.
  [[nodiscard]] std::string history_json() const;
  /// What the last sample() saw, and the sample that the present window began with. Both valid after the
  /// first.
  [[nodiscard]] const StatusSample& newest() const { return newest_; }
  [[nodiscard]] const StatusSample& window_start() const {
    return before(samples_.size() - 1, kWindowSamples);
  }

  /// Sum of a counter or gauge over all threads and labels, or over rows whose label `label` reads `value`.
  [[nodiscard]] std::int64_t total(std::string_view family) const;
  [[nodiscard]] std::int64_t total(std::string_view family, std::string_view label,
                                   std::string_view value) const;
  [[nodiscard]] std::int64_t total(std::string_view family, std::string_view label, std::string_view value,
                                   std::string_view label_2, std::string_view value_2) const;
  /// The largest over threads.
  [[nodiscard]] std::int64_t largest(std::string_view family) const;
  /// Values of a family's label, in order.
  [[nodiscard]] const std::vector<std::string>& values_of(std::string_view family,
                                                          std::string_view label) const;
  [[nodiscard]] std::span<const std::int64_t> edges_of(std::string_view family) const;

 private:
  [[nodiscard]] std::size_t find(std::string_view family) const;
  [[nodiscard]] Buckets buckets_of(std::string_view family, std::size_t row, std::int64_t& sum) const;
  [[nodiscard]] const StatusSample& before(std::size_t index, std::size_t samples) const {
    return samples_[index > samples ? index - samples : 0];
  }

  std::span<const telemetry::MetricSet* const> sets_;
  std::deque<StatusSample> samples_;
  StatusSample newest_;
};

/// GET /api/v1/status.
std::string status_json(const Control& control, const StatusHistory& history, base::Duration uptime,
                        bool ready, std::string_view version);

}  // namespace bandstand::serving
