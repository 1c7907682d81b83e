// train_creative: the verb `bandstand-lab train creative`: a server's log becomes a model file for its creative agent.
#pragma once

#include <iosfwd>
#include <string>

namespace bandstand::app {

struct TrainCreativeOptions {
  std::string data;    ///< data directory; empty: as the settings say
  std::string config;  ///< settings file; empty: what `serve` has without one
  std::string out;     ///< model file
  double share = 0.7;  ///< of the log's time; the rest is left for `bandstand evaluate`
  int rounds = 1;      ///< of experiments::CreativeTrainingOptions
};

/// Exit codes: 0 written, 2 wrong or unreadable input, or nothing to learn from.
int train_creative(const TrainCreativeOptions& options, std::ostream& out, std::ostream& err);

}  // namespace bandstand::app
