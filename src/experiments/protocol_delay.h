// protocol_delay: how much late feedback costs a bandit without context (Chapelle and Li 2011, section 3, table 1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bandstand::experiments {

/// Ten arms with rates ~ Beta(4, 4). At each step one arm, with chance 1/1000, retires for a new one, of which nothing is known.
struct DelayProtocol {
  std::uint32_t arms = 10;
  double retire = 1e-3;
  double rate_shape = 4;
  double prior = 1;
  std::int64_t steps = 1'000'000;
};

/// `thompson`: sampling on a Beta(1, 1) belief an arm. `ucb`: the bound that Chapelle and Li compare it with. `linucb`:
/// algorithm 1 of Li et al. (2010) with an intercept alone, width 1. `squarecb`: gamma = g sqrt(K n), n answers of the arms that
/// are there. `epsilon_greedy`: 0.1. `greedy`.
const std::vector<std::string>& delay_policy_names();

enum class Feedback : std::uint8_t {
  in_batches,  ///< every `delay` steps, all that is open
  late,        ///< each by itself, `delay` steps later (1: before the next step)
};

/// Regret: sum of (best present rate - rate of the arm played). Feedback of an arm that has retired is lost. At most 1 us a step.
/// `policy` is one of delay_policy_names(). All policies of a seed meet the same arms.
double run_delay(std::string_view policy, const DelayProtocol& protocol, Feedback feedback, std::int64_t delay,
                 std::uint64_t seed);

}  // namespace bandstand::experiments
