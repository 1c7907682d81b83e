// response_monitor: does a model in use still say what happens, and is it still asked what it was trained for?
//
// Two figures over a window of answers: the calibration ratio (predicted over seen responses) and the population stability index
// of the predictions, PSI = sum over bins (now - then) ln(now / then): below .1 nothing moved, above .25 a shift to look at
// (Siddiqi, "Credit Risk Scorecards", 2006).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace bandstand::model {

/// What a closed window showed.
struct MonitorReading {
  std::uint64_t rows = 0;
  double predicted = 0;    ///< sum of probabilities
  std::uint64_t seen = 0;  ///< responses
  double calibration = 1;  ///< (predicted + 1) / (seen + 1), so that a window without responses has a ratio
  double psi = 0;          ///< against the first window; 0 for that one
};

/// A small value (about 0.5 KB), one writer. Feed it answers whose response is known (joined outcomes).
class ResponseMonitor {
 public:
  static constexpr std::size_t kBins = 24;  ///< by log odds, half a unit each, from -10 to 2

  /// A window closes after so many answers; at least 1.
  explicit ResponseMonitor(std::uint64_t window_rows) : window_rows_(window_rows == 0 ? 1 : window_rows) {}

  /// One answer and what came of it; true when that closed a window, whose figures are then in last(). About 20 ns.
  bool add(double prediction, bool response);
  /// Windows closed so far.
  [[nodiscard]] std::uint64_t windows() const { return windows_; }
  /// The last closed window; empty before the first.
  [[nodiscard]] const MonitorReading& last() const { return last_; }
  /// The next window is the one that later ones are compared with: after a new model.
  void forget_reference() { has_reference_ = false; }

 private:
  void close();

  std::uint64_t window_rows_;
  std::uint64_t windows_ = 0;
  std::array<std::uint32_t, kBins> now_{}, reference_{};
  bool has_reference_ = false;
  MonitorReading open_, last_;
};

}  // namespace bandstand::model
