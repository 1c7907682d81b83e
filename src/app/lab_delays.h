// lab_delays: the verb that measures conversion rates learned from a log that ends today, in a world of known rates.
#pragma once

#include <cstdint>
#include <iosfwd>

namespace bandstand::app {

struct LabDelaysOptions {
  std::uint64_t clicks = 300'000;
  double days = 60;
  int epochs = 5;
  std::uint64_t seed = 1;  ///< the first
  int seeds = 10;          ///< worlds
  bool json = false;
};

/// Prints mean and range of each way's bias over the worlds. Exit codes: 0 done, 2 wrong options.
int lab_delays(const LabDelaysOptions& options, std::ostream& out, std::ostream& err);

}  // namespace bandstand::app
