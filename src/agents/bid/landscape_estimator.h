// landscape_estimator: learns a Landscape online from wins and losses, where most prices are only partly seen.
#pragma once

#include <span>
#include <vector>

#include "agents/bid/landscape.h"

namespace bandstand::agents::bid {

/// Counts what each auction revealed of the market price and turns it into the law that makes it most likely.
///
/// A second-price win reveals the price; a loss reveals that it was above the bid; a first-price win without
/// AUCTION_MIN_TO_WIN reveals that it was at most the bid. With prices and losses alone the estimate is Kaplan and
/// Meier's (1958), which is what moving the weight of every loss proportionally to the prices above it converges to
/// (Efron 1967, redistribution to the right); with wins of unknown price the same idea is iterated (Turnbull 1976).
/// Not thread-safe: lives in the slow loop.
class LandscapeEstimator {
 public:
  struct Options {
    double decay = 0.8;          ///< weight of all that was seen, multiplied in at the end of each window
    double prior_weight = 50;    ///< auctions that the prior counts for; never decays
    int passes = 12;             ///< iterations when wins of unknown price are among the observations
  };

  /// `prior` has one weight a bin, or is empty for a flat one.
  LandscapeEstimator(PriceGrid grid, std::span<const double> prior, Options options);

  /// The market price is known: a second-price win, or a notice with AUCTION_MIN_TO_WIN.
  void observe_price(std::int64_t price, double weight = 1) { seen_[index(grid_.bin_of(price))] += weight; }
  /// A bid lost: the price is above it (or equal to it, if ties lose and the bid is a grid edge: then pass bid - 1).
  void observe_loss(std::int64_t bid, double weight = 1);
  /// A bid won and the price stayed hidden: it is at most the bid.
  void observe_win(std::int64_t bid, double weight = 1) {
    won_[index(grid_.bin_of(bid))] += weight;
    any_won_ = true;
  }

  /// The present estimate. O(bins), or O(bins * passes) with wins of unknown price.
  [[nodiscard]] Landscape estimate() const;
  /// Replaces the prior (one weight a bin, any scale): for a law that leans on the one above it in a hierarchy.
  void set_prior(std::span<const double> prior);
  /// Forgets a part of what was seen (once per pacing window).
  void decay();
  /// Auctions' worth of observations that are still remembered.
  [[nodiscard]] double weight() const;
  [[nodiscard]] const PriceGrid& grid() const { return grid_; }

  /// What was seen, one weight a bin: prices, losses, wins of unknown price. For an estimator that goes on in another process.
  struct Evidence {
    std::vector<double> seen, lost, won;
  };
  [[nodiscard]] Evidence evidence() const { return {seen_, lost_, won_}; }
  /// Each list has one weight (>= 0) a bin.
  void set_evidence(Evidence evidence);

 private:
  static std::size_t index(int bin) { return static_cast<std::size_t>(bin); }
  [[nodiscard]] std::vector<double> kaplan_meier() const;

  PriceGrid grid_;
  Options options_;
  std::vector<double> prior_;  ///< sums to options_.prior_weight
  std::vector<double> seen_;   ///< price in this bin
  std::vector<double> lost_;   ///< price in this bin or above
  std::vector<double> won_;    ///< price in this bin or below
  bool any_won_ = false;
};

}  // namespace bandstand::agents::bid
