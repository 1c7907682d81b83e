// evaluate: the verb `bandstand evaluate`: would this policy earn more than the one that made the log?
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "learning/offpolicy/evaluation.h"

namespace bandstand::app {

/// As they come from the command line; everything is checked by `evaluate`.
struct EvaluateOptions {
  std::string format = "csv";         ///< csv, obd or bandstand
  std::vector<std::string> log = {};  ///< files; bandstand: the server's data directory
  std::string model = "";             ///< bandstand: file of the model that is judged
  std::string config = "";            ///< bandstand: the server's settings file
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

/// A verdict as `--json` prints it: what the operators' endpoint takes as `evaluation` when a model is rolled out. `model`: its
/// model::model_id, or empty.
std::string evaluation_json(const learning::Evaluation& evaluation, const std::string& title, const std::string& model);

/// Table and verdict to `out`, complaints to `err`. Returns 0 for promote, 1 for do not or cannot tell, 2 for
/// wrong usage or input; with `coverage` 0.
int evaluate(const EvaluateOptions& options, std::ostream& out, std::ostream& err);

}  // namespace bandstand::app
