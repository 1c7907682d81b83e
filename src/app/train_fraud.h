// train_fraud: the verb that trains the fraud agent's classifier on attacks of simulated worlds.
#pragma once

#include <iosfwd>
#include <string>

namespace bandstand::app {

struct TrainFraudOptions {
  std::string seeds = "101..103";  ///< worlds to train on; do not measure on these
  std::string test = "201";        ///< worlds that judge
  std::string out;                 ///< model file; "": none
  int epochs = 20;
  double rate = .05, decay = 1e-4;  ///< of AdaGrad; L2
  double valid_share = .97;         ///< what the public is of the traffic where the model will serve
  double valid_refused_max = 3e-4;  ///< of valid requests, in training worlds that a first model polices: the margin
};

/// Exit codes: 0 done, 1 the file could not be written, 2 wrong options.
int train_fraud(const TrainFraudOptions& options, std::ostream& out, std::ostream& err);

}  // namespace bandstand::app
