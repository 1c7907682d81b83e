// evaluate: the verb `bandstand evaluate`: would this policy earn more than the one that made the log?
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace bandstand::app {

/// As they come from the command line; everything is checked by `evaluate`.
struct EvaluateOptions {
  std::string format = "csv";         ///< csv or obd
  std::vector<std::string> log = {};  ///< files
  std::string policy = "";            ///< obd: bts or uniform
  std::string prior = "";             ///< obd, bts: prior_bts.yaml
  std::string campaign = "men";       ///< obd, bts
  int draws = 400'000;                ///< obd, bts: of Thompson sampling
  std::int64_t synthetic = 0;         ///< rounds of a made-up world with known values, in place of a log
  int coverage = 0;                   ///< so many such worlds: how often intervals hold the truth
  std::string estimator = "";         ///< whose interval decides; empty: dr if there is a model, else snips
  int samples = 1000;                 ///< of the bootstrap
  std::uint64_t seed = 1;
  bool json = false;
  std::string svg = "";  ///< file for the picture
};

/// Table and verdict to `out`, complaints to `err`. Returns 0 for promote, 1 for do not or cannot tell, 2 for
/// wrong usage or input; with `coverage` 0.
int evaluate(const EvaluateOptions& options, std::ostream& out, std::ostream& err);

}  // namespace bandstand::app
