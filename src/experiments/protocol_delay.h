// protocol_delay: how much late feedback costs Thompson sampling (Chapelle and Li 2011, section 3, table 1).
#pragma once

#include <cstdint>

namespace bandstand::experiments {

/// Ten arms with rates ~ Beta(4, 4). At each step one arm, with chance 1/1000, retires for a new one, of which nothing is known.
/// Thompson sampling on a Beta(1, 1) belief an arm.
struct DelayProtocol {
  std::uint32_t arms = 10;
  double retire = 1e-3;
  double rate_shape = 4;
  double prior = 1;
  std::int64_t steps = 1'000'000;
};

enum class Feedback : std::uint8_t {
  in_batches,  ///< every `delay` steps, all that is open
  late,        ///< each by itself, `delay` steps later (1: before the next step)
};

/// Regret: sum of (best present rate - rate of the arm played). Feedback of an arm that has retired is lost. 1 us a step.
double run_delay(const DelayProtocol& protocol, Feedback feedback, std::int64_t delay, std::uint64_t seed);

}  // namespace bandstand::experiments
