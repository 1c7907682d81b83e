// train_bid: the verb that trains a control of the bid's shadow price on recorded auctions and writes it as a model file.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace bandstand::app {

struct TrainBidOptions {
  std::string info;       ///< statistics of the campaign's training days (JSON)
  std::string auctions;   ///< rows "click price pctr"
  std::string method = "mpc_pi_residual";  ///< of experiments::control_methods()
  std::string out;        ///< model file
  double first = 1;       ///< share of the auctions that is trained on, from the start
  int days = 400;
  int windows = 96;
  std::int64_t day = 20'000;  ///< auctions of a training day
  std::uint64_t seed = 1;
};

/// Progress goes to `err`, a summary to `out`. Exit codes: 0 done, 1 a file could not be read or written, 2 wrong options.
int train_bid(const TrainBidOptions& options, std::ostream& out, std::ostream& err);

}  // namespace bandstand::app
