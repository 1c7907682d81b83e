// simulate_learning: the way of a model from a day's log to everybody, in the simulated world: trained, judged, published, in
// shadow, for a tenth, live; held against the same two days without it.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace bandstand::app {

struct SimulateLearningOptions {
  std::string seeds = "1..20";        ///< first..last, or one
  double day_seconds = 600;           ///< the world's day, squeezed
  double requests_per_second = 100;
  /// creatives: the standard creative world, eight line items of ten banners, cost per click, ample budgets; demo: the sample
  /// catalogue, whose campaigns differ in goal, value and budget.
  std::string catalogue = "creatives";
  std::string write_catalogue;  ///< file for the catalogue of the first seed; nothing is run then
  bool calibration = false;  ///< also: promised over seen clicks on day two's won impressions
  unsigned jobs = 1;  ///< seeds at a time, a thread each
  bool json = false;
};

/// Exit codes: 0 done; 1 a damaged or poisoned model came past the gate, a request was lost or a ledger differs from the
/// exchange's account; 2 wrong options.
int simulate_learning(const SimulateLearningOptions& options, std::ostream& out, std::ostream& err);

}  // namespace bandstand::app
