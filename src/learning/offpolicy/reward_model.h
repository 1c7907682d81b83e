// reward_model: the expected reward of an action in a context, by models that did not see the round they
// judge.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "learning/offpolicy/rounds.h"

namespace bandstand::learning {

struct RewardModelOptions {
  int folds = 3;      ///< at least 2; drawn by chance, since neighbours in a log belong together
  double ridge = 10;  ///< penalty on how far an action's coefficients leave those of all actions; features
                      ///< have deviation 1
  std::uint64_t seed = 1;
};

/// Cross-fitted: each round is judged by the model of the other folds (Chernozhukov et al., 2018; Kallus and
/// Uehara, 2019).
struct Predictions {
  std::vector<double> logged = {};  ///< q(x, a) of the logged action
  std::vector<double> all = {};     ///< rounds x actions; empty where actions are numbers
};

/// A regression on all actions together, then one for each action that starts from it (an action that was
/// rarely played stays near the mean of all). Logistic where every reward is 0 or 1, else linear; ridge, by
/// Newton's method. Cost: O(folds x iterations x rounds x features^2). `rounds.actions` above 0, at least as
/// many rounds as folds.
Predictions cross_fit(const Rounds& rounds, const RewardModelOptions& options);

/// The same where the action is a number: features, bid and its square. `judged` is the number that a policy
/// would have named. Returns q(x, bid), then for each policy in `judged` q(x, its bid).
std::vector<std::vector<double>> cross_fit_bids(const Rounds& rounds,
                                                std::span<const std::span<const double>> judged,
                                                const RewardModelOptions& options);

/// Mean of `all` under a policy's distribution (both rounds x actions).
std::vector<double> mean_under(std::span<const double> all, std::span<const double> distribution,
                               std::size_t actions);

}  // namespace bandstand::learning
