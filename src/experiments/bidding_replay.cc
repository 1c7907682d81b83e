// bidding_replay: the market of a replay.
#include "experiments/bidding_replay.h"

#include <algorithm>
#include <numeric>

namespace bandstand::experiments {

EpisodeResult total_of(std::span<const EpisodeResult> episodes) {
  EpisodeResult total;
  for (const EpisodeResult& episode : episodes) {
    total.auctions += episode.auctions;
    total.impressions += episode.impressions;
    total.clicks += episode.clicks;
    total.cost += episode.cost;
    total.expected_clicks += episode.expected_clicks;
  }
  return total;
}

std::vector<EpisodeResult> replay_episodes(std::span<const RecordedAuction> auctions,
                                           std::int64_t auctions_per_episode, std::int64_t budget, Ties ties,
                                           Bidder& bidder) {
  std::vector<EpisodeResult> episodes;
  for (std::size_t at = 0; at < auctions.size();) {
    EpisodeResult result;
    BidSituation situation{0, budget, auctions_per_episode};
    bidder.start_episode(budget, auctions_per_episode);
    for (; situation.auctions_left > 0 && at < auctions.size(); ++at, --situation.auctions_left) {
      const RecordedAuction& auction = auctions[at];
      situation.theta = auction.theta;
      const std::int64_t bid =
          std::min<std::int64_t>({bidder.bid(situation), situation.budget_left, std::int64_t{kPriceMax}});
      const bool won = ties == Ties::win ? bid >= auction.price : bid > auction.price;
      const std::int64_t paid = won ? auction.price : 0;
      ++result.auctions;
      if (won) {
        ++result.impressions;
        result.clicks += auction.click ? 1 : 0;
        result.cost += paid;
        result.expected_clicks += auction.theta;
      }
      bidder.learn(situation, bid, won, paid);
      situation.budget_left -= paid;
    }
    episodes.push_back(result);
  }
  return episodes;
}

EpisodeResult knapsack(std::span<const RecordedAuction> auctions, std::int64_t budget, double* mu) {
  std::vector<std::uint32_t> order(auctions.size());
  std::iota(order.begin(), order.end(), 0u);
  // theta / price, falling, without dividing by a price of 0.
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t i, std::uint32_t j) {
    return auctions[i].theta * auctions[j].price > auctions[j].theta * auctions[i].price;
  });
  EpisodeResult result;
  result.auctions = static_cast<std::int64_t>(auctions.size());
  std::int64_t left = budget;
  for (const std::uint32_t i : order) {
    const RecordedAuction& auction = auctions[i];
    if (auction.price > left) continue;
    left -= auction.price;
    ++result.impressions;
    result.clicks += auction.click ? 1 : 0;
    result.cost += auction.price;
    result.expected_clicks += auction.theta;
    if (mu != nullptr && auction.price > 0) *mu = auction.theta / auction.price;
  }
  return result;
}

std::vector<EpisodeResult> replay_clairvoyant(std::span<const RecordedAuction> auctions,
                                              std::int64_t auctions_per_episode, std::int64_t budget) {
  std::vector<EpisodeResult> episodes;
  for (std::size_t at = 0; at < auctions.size(); at += static_cast<std::size_t>(auctions_per_episode)) {
    const std::size_t size = std::min(static_cast<std::size_t>(auctions_per_episode), auctions.size() - at);
    episodes.push_back(knapsack(auctions.subspan(at, size), budget));
  }
  return episodes;
}

}  // namespace bandstand::experiments
