// context_landscape: what the market pays for this impression: the law of its kind, shifted by what is known of the auction.
//
//   logit F(b | c, x) = logit F_c(b) + sum of w over the active features of x
//
// Auctions fall into cells c (say, by predicted rate), each with a law F_c of any shape that leans on the law of all; within
// a cell odds are proportional (McCullagh 1980), so that the spikes of real prices (floors, round numbers) stay where they are.
// With interval censoring every observation says "the price is in (l, u]": known prices one bin, a win without a price
// (0, b], a loss (b, inf); the slope of its log likelihood by the shift is always 1 - F(u | x) - F(l | x).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "agents/bid/landscape.h"
#include "agents/bid/landscape_estimator.h"

namespace bandstand::agents::bid {

/// Indices of the features that are on, each below the model's number of features.
using ActiveFeatures = std::span<const std::uint32_t>;

/// What is known of an auction: its cell, and which features are on.
struct PriceContext {
  std::uint32_t cell = 0;
  ActiveFeatures x = {};
};

/// The reading half. Immutable: share it between threads.
class ContextLandscape {
 public:
  /// One law a cell, all on one grid; at least one.
  ContextLandscape(std::vector<Landscape> cells, std::vector<float> weights);

  /// Sum of the weights, within [-kShiftMax, kShiftMax]. Above 0: cheaper than usual.
  [[nodiscard]] double shift(ActiveFeatures x) const;
  [[nodiscard]] double win_probability(const PriceContext& context, std::int64_t bid) const;
  /// argmax over grid edges and the floor of (value - b) F(b | c, x), as Landscape::best_first_price_bid.
  /// One division a bin below `value`: about 1 us at 200 of them (`bid_bench`). Allocates nothing.
  [[nodiscard]] ShadedBid best_first_price_bid(const PriceContext& context, double value, std::int64_t floor = 0) const;

  static constexpr double kShiftMax = 8;

 private:
  std::vector<Landscape> cells_;
  std::vector<double> edge_;  ///< of the grid
  std::vector<double> odds_;  ///< F / (1 - F) of each bin, cell by cell
  std::vector<float> weights_;
};

/// The learning half: near-line, one thread. Weights by AdaGrad on the censored likelihood, under the laws last published.
class ContextLandscapeLearner {
 public:
  struct Options {
    LandscapeEstimator::Options cell = {};  ///< its prior_weight: auctions that the law of all counts for in a cell
    double prior_weight = 20;               ///< of the flat law that the law of all starts from
    double learning_rate = 0.1;
    double l2 = 1e-4;                       ///< pull to zero, each time a feature is seen
  };
  ContextLandscapeLearner(const PriceGrid& grid, std::size_t cells, std::size_t features, Options options);

  void observe_price(const PriceContext& context, std::int64_t price);
  void observe_win(const PriceContext& context, std::int64_t bid);
  void observe_loss(const PriceContext& context, std::int64_t bid);

  /// Estimates all laws anew, decays what they rest on, and gives the present model. O(cells * bins + features).
  [[nodiscard]] ContextLandscape publish();

 private:
  /// `above`, `upto`: chances by the cell's law that the price is at most l, and at most u.
  void learn(ActiveFeatures x, double above, double upto);

  LandscapeEstimator all_;
  std::vector<LandscapeEstimator> estimators_;  ///< one a cell
  std::vector<Landscape> laws_;                 ///< as last published
  Options options_;
  std::vector<float> weights_;
  std::vector<float> squares_;                  ///< AdaGrad's sums
};

}  // namespace bandstand::agents::bid
