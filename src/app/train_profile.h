// train_profile: the verb that trains or counts a model of the next item from visits, judges it on others, and writes it.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "base/clock.h"

namespace bandstand::app {

struct TrainProfileOptions {
  std::string data;                 ///< visits to learn from
  std::string format = "sessions";  ///< learning::visit_formats(), or kLoggedVisits: `data` is a server's data directory
  std::string config;               ///< with kLoggedVisits: the server's settings file; "" = as `serve` without one
  std::string model = "narm";       ///< profile_models()
  std::string test;                 ///< visits that judge, of the same format
  std::string from;                 ///< model file to judge instead of training one
  std::string resume;               ///< OUT.state of an earlier run, to go on from
  std::string out;                  ///< model file of the best epoch; the last with all that is needed to go on: OUT.state
  std::uint64_t seed = 1;
  int epochs = 8;
  std::size_t batch = 512;          ///< examples a step
  double rate = 1e-3;               ///< of Adam
  int halve_from = 4;               ///< first epoch with half the rate of the one before, and so on
  double l2 = 0;
  std::size_t sampled = 0;          ///< items beside the targets that stand for all in the loss; 0: all items
  int full_from = 1000;             ///< epoch from which the loss is over all items
  double holdout = .02;             ///< last share of the training visits, which chooses the epoch
  int patience = 3;                 ///< epochs without a better figure on the held-out visits after which it ends
  int width = 50, hidden = 100;     ///< of an item's vector, of the GRU
  double dropout = .25;             ///< of SASRec; NARM has the paper's
  int window = 50;                  ///< clicks that attention looks back at
  int bootstrap = 1000;             ///< resamples of visits for the intervals; 0: none
  bool json = false;
};

/// ar, itemknn, markov, narm, pop, sasrec, spop, sr, vsknn.
[[nodiscard]] const std::vector<std::string>& profile_models();

/// Progress goes to `err`, the table to `out`. Exit codes: 0 done, 1 a file could not be read or written, 2 wrong options.
int train_profile(const TrainProfileOptions& options, const base::Clock& clock, std::ostream& out, std::ostream& err);

}  // namespace bandstand::app
