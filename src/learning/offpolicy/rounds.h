// rounds: logged rounds, and how another policy would have acted in them; column by column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bandstand::learning {

/// A log. Every column has one entry a round; those of rounds x something are row-major.
/// An action is one of `actions` (`action`, with its probability in `propensity`) or, if `actions` is 0, a
/// number such as a bid (`bid`, with its density in `propensity`).
struct Rounds {
  std::size_t actions = 0;
  std::size_t features = 0;
  std::vector<std::uint32_t> action = {};  ///< 0..actions-1
  std::vector<double> bid = {};
  std::vector<double> propensity = {};  ///< above 0; at most 1 where actions are discrete
  std::vector<double> reward = {};
  std::vector<double> context = {};  ///< rounds x features

  [[nodiscard]] std::size_t size() const { return reward.size(); }
};

/// A policy in the rounds of a log.
struct PolicyColumns {
  std::vector<double> logged = {};  ///< probability of the logged action; empty where actions are numbers
  std::vector<double> distribution =
      {};                        ///< rounds x actions, or empty: then nothing that needs a reward model
  std::vector<double> bid = {};  ///< the number that the policy would have named
};

}  // namespace bandstand::learning
