// replay_creatives: the verb `bandstand replay creatives`: runs a protocol over seeds, prints a table with intervals.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "experiments/table.h"

namespace bandstand::experiments {

/// As they come from the command line; everything is checked here.
struct ReplayCreativesOptions {
  std::string protocol = "aes";  ///< aes, delay or world
  std::string policies = "all";  ///< those of the protocol
  std::string seeds = "1..10";   ///< A..B
  std::string table = "";        ///< aes: rows "id t a b c d rate"
  std::string tree = "";         ///< aes: what elements depend on each other
  std::string baseline = "";     ///< aes, world: what regrets are compared with; empty: linear_ts, production_thompson
  std::string horizons = "50000,1000000";  ///< aes
  std::int64_t steps = 1'000'000;          ///< delay
  double base_rate = 0.05;                 ///< world
  TableFormat format = TableFormat::aligned;
};

/// Prints the table to `out` and complaints to `err`. Returns 0, or 2 for wrong usage or input. Regrets are per cent of the
/// clairvoyant's clicks, means over the seeds with Student's 95 % interval; `vs_...` is the mean difference to the baseline
/// on the same traffic.
int replay_creatives(const ReplayCreativesOptions& options, std::ostream& out, std::ostream& err);

}  // namespace bandstand::experiments
