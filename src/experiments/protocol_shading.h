// protocol_shading: first-price auctions on recorded prices: what each way to shade earns of what could be
// earned.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "experiments/bidding_data.h"

namespace bandstand::experiments {

struct ShadingRow {
  std::string policy;
  double value_factor = 0;   ///< value of an impression of mean rate / mean price of the training days
  double surplus_share = 0;  ///< sum of (value - bid) over wins / sum of max(0, value - price)
  double mean_paid = 0;      ///< per win
  double win_rate = 0;
  std::vector<double> blocks = {};  ///< surplus of each 1,000 auctions, as a share of the clairvoyant's whole
};

/// truthful; best_factor (the best constant share of the value in hindsight); empirical (the training law);
/// log_normal (fitted to the training law's moments of ln price); log_logistic (WinModel fitted on 50,000
/// simulated wins and losses at random bids in the training law); and the landscape learned while bidding,
/// from a flat prior, re-estimated each 500 auctions: online_notices (the exchange names the minimum to win,
/// after wins and losses) and online_blind (won or lost is all that is known); context_notices and
/// context_blind: the same with a law for each step of the predicted rate and a shift by the prices told of
/// late. Value is proportional to the predicted rate; bids are whole, at most 300; one that equals the price
/// wins.
std::vector<ShadingRow> run_shading_protocol(const CampaignInfo& info,
                                             std::span<const RecordedAuction> auctions, std::uint64_t seed);

/// An auction with its features instead of a predicted rate.
struct FeaturedAuction {
  std::int32_t price = 0;
  std::vector<std::uint32_t> features = {};  ///< below FeaturedAuctions::features
};
struct FeaturedAuctions {
  std::vector<FeaturedAuction> auctions = {};
  std::size_t features = 0;
};
/// Rows "click price id:1 id:1 ...", separated by spaces; ids are numbered anew in the order of their first
/// use.
Loaded<FeaturedAuctions> load_featured_auctions(const std::string& path);

/// As run_shading_protocol on auctions with features: truthful, best_factor, online_notices, and
/// context_notices, which learns a shift by the features and, for each step of that shift, a law of its own.
/// The file has no rates, so values are drawn: log-normal with deviation .5 and the mean x times the mean
/// price, independent of the features. `blocks` holds one figure a seed: the surplus share.
std::vector<ShadingRow> run_shading_features(const FeaturedAuctions& data, std::uint64_t seed, int seeds);

}  // namespace bandstand::experiments
