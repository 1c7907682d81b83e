// protocol_sam: value, linear and ORTB bidding for profit on one stream with one budget, as in the demo of
// "Statistical Arbitrage Mining for Display Advertising" (Zhang and Wang, KDD 2015).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "experiments/bidding_data.h"
#include "experiments/bidding_replay.h"

namespace bandstand::experiments {

struct SamRow {
  std::string policy;
  double profit = 0;  ///< clicks * pay-off - cost / 1000
  std::int64_t clicks = 0;
  std::int64_t bids = 0;  ///< auctions seen before the budget was gone
  std::int64_t impressions = 0;
  double budget = 0;
  double cost = 0;
  double up = 0;  ///< added to each market price, and paid
};

/// const, truth, lin, ortb, sam1, sam1c, sam2, sam2c. Base rate and pay-off come from `train` (a click pays
/// 0.2 times its eCPC); the parameters of the bids are those of the published run. Budget: the sum of the
/// test prices / 16. The published program loses ties: `ties` is a parameter all the same. Error: no click in
/// `train`.
Loaded<std::vector<SamRow>> run_sam_protocol(std::span<const RecordedAuction> train,
                                             std::span<const RecordedAuction> test, Ties ties);

}  // namespace bandstand::experiments
