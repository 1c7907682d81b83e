// anomaly: says when a rate leaves its usual course: spend, win rate, click rate, or an agent that falls silent.
//
// 1. Robust: the centre and the width are a median and a median absolute deviation of the recent past, so that the anomaly
//    itself does not become the norm at once, and one wild value does not blind the watch.
// 2. Counting noise is part of the width: a rate of few events has to go far to be remarkable.
// 3. Flags, never acts. Who acts is an operator, a guardrail or an alert rule.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace bandstand::outcomes {

enum class Watch : std::uint8_t { spend, win_rate, click_rate, agent_answers, count_ };
inline constexpr int kWatches = static_cast<int>(Watch::count_);
const char* name_of(Watch watch) noexcept;

/// What one look came to.
struct Reading {
  enum class State : std::uint8_t { learning, usual, high, low, silent } state = State::learning;
  double z = 0;       ///< distance from the median, in robust deviations
  double usual = 0;   ///< median of the recent past
};

/// One series: a count per look (spend, answers) or a share (wins of bids, clicks of impressions). Looks come at even times.
/// Fixed memory; one thread.
class AnomalyWatch {
 public:
  struct Options {
    double z_flag = 6;            ///< deviations that are remarkable
    int looks_min = 12;           ///< looks before anything is said
    double smoothing = 0.3;       ///< of the value that is compared (EWMA over looks)
    double width_min_share = 0.05;///< a calm series is not punished for a small step: width is at least this of the median
    int silent_looks = 3;         ///< zeros in a row, where there usually is something, that mean silence
  };
  AnomalyWatch() : AnomalyWatch(Options{}) {}
  explicit AnomalyWatch(Options options) : options_(options) {}

  /// `events` in this look, out of `trials` (0 = a plain count, and `events` may be money of any unit).
  Reading look(double events, double trials = 0);
  [[nodiscard]] const Reading& last() const { return last_; }

 private:
  static constexpr std::size_t kPast = 64;
  [[nodiscard]] double width(double centre, double trials) const;

  Options options_;
  std::array<double, kPast> past_{};  ///< smoothed values, a ring
  std::size_t size_ = 0, next_ = 0;
  double smooth_ = 0, smooth_trials_ = 0;
  int zeros_ = 0;
  bool started_ = false;
  Reading last_;
};

}  // namespace bandstand::outcomes
