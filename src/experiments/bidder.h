// bidder: what a bidding policy is in a replay: it sees a predicted click rate and its budget, and names a
// price.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace bandstand::experiments {

/// What is known before bidding.
struct BidSituation {
  double theta = 0;                ///< predicted click rate
  std::int64_t budget_left = 0;    ///< of this episode
  std::int64_t auctions_left = 0;  ///< of this episode, this one included
};

/// One policy over the whole stream, episode after episode. One thread.
class Bidder {
 public:
  virtual ~Bidder() = default;
  /// A new episode: budget and counter start anew.
  virtual void start_episode(std::int64_t /*budget*/, std::int64_t /*auctions*/) {}
  /// The bid; the replay caps it at what is left and at 300.
  virtual std::int64_t bid(const BidSituation& situation) = 0;
  /// What came of it: the price paid if won; nothing is revealed of a lost auction but that it was lost.
  virtual void learn(const BidSituation& /*situation*/, std::int64_t /*bid*/, bool /*won*/,
                     std::int64_t /*paid*/) {}
};

}  // namespace bandstand::experiments
