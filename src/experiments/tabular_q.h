// tabular_q: the textbook learner, as a baseline: Q-learning over buckets of budget, time and predicted click
// rate.
#pragma once

#include <memory>

#include "experiments/bidder.h"
#include "experiments/bidding_policies.h"

namespace bandstand::experiments {

struct TabularQOptions {
  int training_episodes =
      6000;  ///< simulated: prices from the training law, predicted rates from the head start
  double learning_rate = 0.1;
  double discount = 0.9;  ///< as texts print it; it hides a budget that is 20 auctions away. 1 is right here.
  double exploration = 0.1;
};

/// Trains at once (6 million steps, about 0.3 s), then bids greedily. The reward is the predicted rate of
/// each win.
std::unique_ptr<Bidder> make_tabular_q(const PolicySetup& setup, TabularQOptions options);

}  // namespace bandstand::experiments
