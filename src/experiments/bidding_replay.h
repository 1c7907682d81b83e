// bidding_replay: runs a bidder over recorded auctions in episodes, next to the optimum in hindsight.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "experiments/bidder.h"
#include "experiments/bidding_data.h"

namespace bandstand::experiments {

enum class Ties : std::uint8_t { win, lose };  ///< what a bid equal to the price does

/// What one episode came to.
struct EpisodeResult {
  std::int64_t auctions = 0;
  std::int64_t impressions = 0;
  std::int64_t clicks = 0;
  std::int64_t cost = 0;
  double expected_clicks = 0;  ///< R: sum of theta over the wins
};
EpisodeResult total_of(std::span<const EpisodeResult> episodes);

/// Episodes of `auctions_per_episode` auctions; budget and counter start anew in each, the last may be
/// shorter (its counter starts at the full length all the same, since nobody knows that the stream will end).
/// The bid is capped at the remaining budget and at 300; second price: a win pays the recorded price. Rivals
/// do not react: what a replay measures is control of a budget, not what the market would have done.
std::vector<EpisodeResult> replay_episodes(std::span<const RecordedAuction> auctions,
                                           std::int64_t auctions_per_episode, std::int64_t budget, Ties ties,
                                           Bidder& bidder);

/// The optimum in hindsight: in each episode the auctions in falling order of theta / price, taken while they
/// fit.
std::vector<EpisodeResult> replay_clairvoyant(std::span<const RecordedAuction> auctions,
                                              std::int64_t auctions_per_episode, std::int64_t budget);

/// One episode of it. `mu` (if wanted) gets theta / price of the last auction that was taken: the hindsight
/// multiplier.
EpisodeResult knapsack(std::span<const RecordedAuction> auctions, std::int64_t budget, double* mu = nullptr);

}  // namespace bandstand::experiments
