// traffic_shape: one hour is gathered at a time and folded in when the next begins.
#include "agents/budget/traffic_shape.h"

#include <algorithm>

namespace bandstand::agents::budget {
namespace {

constexpr double kLeastGathered_s = 60;  // less of an hour than this says nothing about it

}  // namespace

void TrafficShape::observe(base::WallTime now, base::Duration covered, double visits) {
  const std::size_t hour = hour_of(now);
  if (hour != current_) {
    if (gathered_s_ > kLeastGathered_s) fold(current_, gathered_ / gathered_s_);
    current_ = hour;
    gathered_ = 0;
    gathered_s_ = 0;
  }
  gathered_ += visits;
  gathered_s_ += std::chrono::duration<double>(covered).count();
}

void TrafficShape::fold(std::size_t hour, double rate) {
  Hour& day = day_[hour % 24];
  if (day.seen > 0 && day.rate > 0) {
    week_[hour] += weight_ * (std::clamp(rate / day.rate, 0.1, 10.0) - week_[hour]);
  }
  ++day.seen;
  day.rate += std::max(1.0 / day.seen, weight_) * (rate - day.rate);
  refresh();
}

void TrafficShape::refresh() {
  double sum = 0;
  int seen = 0;
  for (const Hour& hour : day_) {
    if (hour.seen == 0) continue;
    sum += hour.rate;
    ++seen;
  }
  const double mean = sum > 0 ? sum / seen : 1;
  whole_week_ = 0;
  for (std::size_t i = 0; i < rate_.size(); ++i) {
    const Hour& hour = day_[i % 24];
    // An hour without a single visit keeps a little, so that no plan is without any share.
    rate_[i] = std::max(hour.seen > 0 ? hour.rate : mean, mean / 100) * week_[i];
    whole_week_ += rate_[i] * 3600;
  }
}

TrafficShape::State TrafficShape::state() const {
  State out;
  for (std::size_t i = 0; i < day_.size(); ++i) {
    out.day_rate[i] = day_[i].rate;
    out.day_seen[i] = day_[i].seen;
  }
  out.week = week_;
  out.hour = current_;
  out.gathered = gathered_;
  out.gathered_s = gathered_s_;
  return out;
}

void TrafficShape::restore(const State& state) {
  for (std::size_t i = 0; i < day_.size(); ++i) day_[i] = {state.day_rate[i], state.day_seen[i]};
  week_ = state.week;
  current_ = state.hour < 168 ? static_cast<std::size_t>(state.hour) : 999;
  gathered_ = state.gathered;
  gathered_s_ = state.gathered_s;
  refresh();
}

double TrafficShape::expected(base::WallTime from, base::WallTime to) const {
  constexpr std::int64_t kHour = std::int64_t{3600} * 1'000'000'000;
  constexpr std::int64_t kWeek = 168 * kHour;
  if (to <= from) return 0;
  const std::int64_t whole = (to.ns - from.ns) / kWeek;
  double total = static_cast<double>(whole) * whole_week_;
  for (std::int64_t at = from.ns + whole * kWeek; at < to.ns;) {
    const std::int64_t next = std::min(to.ns, (at / kHour + 1) * kHour);
    total += rate_[hour_of({at})] * static_cast<double>(next - at) * 1e-9;
    at = next;
  }
  return total;
}

}  // namespace bandstand::agents::budget
