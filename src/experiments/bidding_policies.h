// bidding_policies: the policies of the replay by name, each built from what the training days tell.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agents/bid/landscape.h"
#include "experiments/bidder.h"
#include "experiments/bidding_data.h"
#include "experiments/rlb.h"

namespace bandstand::experiments {

/// What a policy may know before the first auction.
struct PolicySetup {
  const CampaignInfo* info = nullptr;
  const agents::bid::Landscape* law = nullptr;  ///< Laplace-smoothed price law of the training days
  std::int64_t budget = 0;                      ///< of one episode
  std::int64_t auctions = 0;                    ///< of one episode
  double lin_b0 = 0;                            ///< base bid of LIN and of what builds on it
  const RlbTable* rlb = nullptr;                ///< only for `rlb` and `ss_mdp`
  std::span<const RecordedAuction>
      head_start;  ///< predicted rates that tabular Q draws from; its clicks are not used
  std::uint64_t seed = 1;
};

/// const random mcpc lin ortb1 ortb2 rlb ss_mdp tabular_q tabular_q_undiscounted textbook_pi pid log_pi dual
/// mpc. `clairvoyant` is no bidder: it knows the prices (see bidding_replay).
const std::vector<std::string>& bidder_names();

/// Null if there is no policy of that name.
std::unique_ptr<Bidder> make_bidder(std::string_view name, const PolicySetup& setup);

/// Largest whole bid whose expected cost does not exceed the budget's share of one auction; at least 1. The
/// constant bid that spends the budget on the training days, and LIN's b0 where none was tuned.
std::int64_t budget_bid(const agents::bid::Landscape& law, double cost_per_auction);

/// c of w(b) = (b / (c + b))^..., by least squares against the law's win curve: ORTB1 (power 1) or ORTB2
/// (power 2, w = b^2 / (c^2 + b^2)). Zhang, Yuan and Wang, "Optimal Real-Time Bidding", KDD 2014.
double fit_ortb_c(const agents::bid::Landscape& law, int power);
double ortb1_bid(double theta, double c, double lambda);
double ortb2_bid(double theta, double c, double lambda);

std::unique_ptr<Bidder> make_paced_bidder(std::string_view name, const PolicySetup& setup);

}  // namespace bandstand::experiments
