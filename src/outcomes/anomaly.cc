// anomaly: medians of a short past.
#include "outcomes/anomaly.h"

#include <algorithm>
#include <cmath>

namespace bandstand::outcomes {
namespace {

constexpr double kMadToDeviation = 1.4826;  // of a normal distribution

double median_of(std::array<double, 64> values, std::size_t size) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(size / 2);
  std::nth_element(values.begin(), middle, values.begin() + static_cast<std::ptrdiff_t>(size));
  return *middle;
}

}  // namespace

const char* name_of(Watch watch) noexcept {
  static constexpr const char* kNames[] = {"spend", "win_rate", "click_rate", "agent_answers"};
  return watch < Watch::count_ ? kNames[static_cast<int>(watch)] : "unknown";
}

double AnomalyWatch::width(double centre, double trials) const {
  std::array<double, kPast> distances{};
  for (std::size_t i = 0; i < size_; ++i) distances[i] = std::abs(past_[i] - centre);
  double width = kMadToDeviation * median_of(distances, size_);
  if (trials > 0) {
    // Binomial noise of a smoothed share: smoothing leaves s / (2 - s) of the variance.
    const double share = std::clamp(centre, 0.5 / trials, 1.0);
    width = std::max(width, std::sqrt(share * (1 - share) / trials * options_.smoothing / (2 - options_.smoothing)));
  }
  return std::max({width, options_.width_min_share * std::abs(centre), 1e-12});
}

Reading AnomalyWatch::look(double events, double trials) {
  zeros_ = events > 0 ? 0 : zeros_ + 1;
  if (trials < 0 || (trials == 0 && smooth_trials_ > 0)) return last_;  // nothing was tried: a share says nothing
  const double value = trials > 0 ? events / trials : events;
  smooth_ = started_ ? smooth_ + options_.smoothing * (value - smooth_) : value;
  smooth_trials_ = started_ ? smooth_trials_ + options_.smoothing * (trials - smooth_trials_) : trials;
  started_ = true;

  Reading reading;
  if (size_ >= static_cast<std::size_t>(options_.looks_min)) {
    reading.usual = median_of(past_, size_);
    reading.z = (smooth_ - reading.usual) / width(reading.usual, smooth_trials_);
    reading.state = Reading::State::usual;
    if (reading.z > options_.z_flag) reading.state = Reading::State::high;
    if (reading.z < -options_.z_flag) reading.state = Reading::State::low;
    if (trials == 0 && zeros_ >= options_.silent_looks && reading.usual > 0) reading.state = Reading::State::silent;
  }
  past_[next_] = smooth_;
  next_ = (next_ + 1) % kPast;
  size_ = std::min(size_ + 1, kPast);
  return last_ = reading;
}

}  // namespace bandstand::outcomes
