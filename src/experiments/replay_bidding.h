// replay_bidding: the verb `bandstand replay bidding`: reads files, runs a protocol, prints a table.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "base/clock.h"
#include "experiments/table.h"

namespace bandstand::experiments {

/// As they come from the command line; everything is checked here, so that the caller only fills them in.
struct ReplayBiddingOptions {
  std::string protocol = "rlb";  ///< rlb, sam, pid, day, shading, shading_features, learned or learned_day
  std::string info = "";         ///< rlb, day, shading: statistics of the training days (JSON)
  std::string auctions = "";     ///< all: rows "click price pctr"
  std::string train =
      "";  ///< sam, learned: rows of the training days; learned without it: first half of `auctions`
  std::string budget = "1/32,1/16,1/8,1/4,1/2";  ///< rlb and day
  std::int64_t episode = 1000;                   ///< rlb
  std::string policies = "all";                  ///< rlb and day
  std::string ties =
      "";  ///< win or lose; empty: as the protocol was published (rlb, day: win; sam, pid: lose)
  std::string lin_b0 = "";    ///< rlb: tuned b0 of LIN (JSON); without it b0 comes from the info file
  std::string campaign = "";  ///< whose b0; empty: the info file's name up to its first point
  /// rlb: resamplings of the 95 % interval of clicks against `baseline`; adds three columns and rows "all"
  /// (the sum over the budgets). 0: none. shading: of the surplus against `best_factor`, over blocks of 1,000
  /// auctions.
  std::int64_t bootstrap = 0;
  std::string baseline = "lin";
  std::uint64_t seed = 1;
  int seeds = 10;                      ///< learned: trainings of each policy
  int training_days = 400;             ///< learned: days (or episodes) a training
  const base::Clock* clock = nullptr;  ///< learned: to time decisions with
  TableFormat format = TableFormat::aligned;
};

/// Prints the table to `out` and complaints to `err`. Returns 0, or 2 for wrong usage or input.
int replay_bidding(const ReplayBiddingOptions& options, std::ostream& out, std::ostream& err);

}  // namespace bandstand::experiments
