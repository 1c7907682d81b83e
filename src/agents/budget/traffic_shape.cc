// traffic_shape: one hour is gathered at a time and folded in when the next begins.
#include "agents/budget/traffic_shape.h"

#include <algorithm>

namespace bandstand::agents::budget {

void TrafficShape::observe(base::WallTime now, base::Duration covered, double offers) {
  const std::size_t hour = hour_of(now);
  if (hour != current_) {
    if (gathered_s_ > 60) {
      const double rate = gathered_ / gathered_s_;
      scale_ = learned_any_ ? scale_ + 0.02 * (rate - scale_) : rate;
      learned_any_ = true;
      if (scale_ > 0) rate_[current_] += weight_ * (std::clamp(rate / scale_, 0.05, 20.0) - rate_[current_]);
    }
    current_ = hour;
    gathered_ = 0;
    gathered_s_ = 0;
  }
  gathered_ += offers;
  gathered_s_ += std::chrono::duration<double>(covered).count();
}

double TrafficShape::mean() const {
  double sum = 0;
  for (const double rate : rate_) sum += rate;
  return sum / 168;
}

double TrafficShape::expected(base::WallTime from, base::WallTime to) const {
  constexpr std::int64_t kHour = std::int64_t{3600} * 1'000'000'000;
  constexpr std::int64_t kWeek = 168 * kHour;
  if (to <= from) return 0;
  double week = 0;
  for (const double rate : rate_) week += rate * 3600;
  const std::int64_t whole = (to.ns - from.ns) / kWeek;
  double total = static_cast<double>(whole) * week;
  for (std::int64_t at = from.ns + whole * kWeek; at < to.ns;) {
    const std::int64_t next = std::min(to.ns, (at / kHour + 1) * kHour);
    total += rate_[hour_of({at})] * static_cast<double>(next - at) * 1e-9;
    at = next;
  }
  return total;
}

}  // namespace bandstand::agents::budget
