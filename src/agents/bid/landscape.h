// landscape: what the market pays, as a law on a grid of prices: chance to win, expected cost, best first-price bid.
//
// 1. Bin k of a grid stands for market prices in (upper(k-1), upper(k)]; a bid of at least upper(k) beats it.
//    The last bin also takes what lies above the grid.
// 2. A Landscape is an immutable snapshot: share it between threads. It is learned by a LandscapeEstimator.
// 3. Money comes in and goes out in one integer unit of the caller's (nanos per impression; CPM units in replay).
//    Chances and expectations are statistics, hence double.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace bandstand::agents::bid {

/// Edges of price bins, rising. Cheap to copy (about 300 integers).
class PriceGrid {
 public:
  /// upper(k) = k * step, so bin 0 is the price 0. `bins` >= 2, `step` >= 1.
  static PriceGrid linear(std::int64_t step, int bins);
  /// upper(0) = first, each further edge `ratio` (> 1) times the one before and at least 1 more. The grid for
  /// markets whose prices span decades: 1.02 and 400 bins reach from 0.01 to 27 CPM with 2 % resolution.
  static PriceGrid geometric(std::int64_t first, double ratio, int bins);

  [[nodiscard]] int size() const { return static_cast<int>(upper_.size()); }
  [[nodiscard]] std::int64_t upper(int bin) const { return upper_[static_cast<std::size_t>(bin)]; }
  [[nodiscard]] std::span<const std::int64_t> uppers() const { return upper_; }
  /// Bin of a market price (the last one for prices above the grid). O(1) if linear, else O(log bins).
  [[nodiscard]] int bin_of(std::int64_t price) const;
  /// Highest bin that a bid of this amount is sure to beat, or -1. O(1) if linear, else O(log bins).
  [[nodiscard]] int beaten_by(std::int64_t bid) const;

 private:
  PriceGrid(std::vector<std::int64_t> upper, std::int64_t step) : upper_(std::move(upper)), step_(step) {}
  std::vector<std::int64_t> upper_;
  std::int64_t step_;  ///< 0 if not linear
};

/// A bid and what it is expected to bring.
struct ShadedBid {
  std::int64_t bid = 0;         ///< 0: no bid is worth making
  double win_probability = 0;
  double surplus = 0;           ///< expected (value - bid) * win, per auction
};

/// The law of the highest competing price. Immutable.
class Landscape {
 public:
  /// `mass` has one weight a bin (>= 0, any scale; all zero means "uniform").
  Landscape(PriceGrid grid, std::span<const double> mass);

  [[nodiscard]] const PriceGrid& grid() const { return grid_; }
  /// P(price in bin). Sums to 1.
  [[nodiscard]] double mass(int bin) const { return mass_[static_cast<std::size_t>(bin)]; }
  [[nodiscard]] std::span<const double> masses() const { return mass_; }

  /// P(win) of a bid that beats all bins up to this one; 0 for bin -1.
  [[nodiscard]] double win_probability_of_bin(int bin) const { return bin < 0 ? 0 : win_[static_cast<std::size_t>(bin)]; }
  [[nodiscard]] double win_probability(std::int64_t bid) const { return win_probability_of_bin(grid_.beaten_by(bid)); }

  /// C(k) = sum over z <= k of m(z) * z: what an auction costs on average, won or not, at second price.
  [[nodiscard]] double expected_cost_of_bin(int bin) const { return bin < 0 ? 0 : cost_[static_cast<std::size_t>(bin)]; }
  [[nodiscard]] double expected_cost(std::int64_t bid) const { return expected_cost_of_bin(grid_.beaten_by(bid)); }
  /// C as an array over bins: with `grid().uppers()` this is what the budget agent's shadow price is solved on.
  [[nodiscard]] std::span<const double> expected_costs() const { return cost_; }
  [[nodiscard]] double mean_price() const { return cost_.back(); }

  /// First price: argmax over b >= floor of (value - b) * F(b), where value is v / mu in money (what the impression
  /// is worth at today's price of budget). Only grid edges and the floor itself are bid, ties go to the lower bid.
  /// O(bins below value): about 150 ns at 300 bins. Allocates nothing.
  [[nodiscard]] ShadedBid best_first_price_bid(double value, std::int64_t floor = 0) const;

 private:
  PriceGrid grid_;
  std::vector<double> edge_;  ///< the grid's, as they enter the search for the best bid
  std::vector<double> mass_;
  std::vector<double> win_;   ///< F(k)
  std::vector<double> cost_;  ///< C(k)
};

}  // namespace bandstand::agents::bid
