// shadow_price: mu, the price of a unit of budget at which expected spend meets what may be spent, by bisection.
#pragma once

#include <cmath>
#include <span>

namespace bandstand::agents::budget {

struct ShadowPriceBounds {
  double low = 1e-7;   ///< value per unit of money; the bid is value / mu
  double high = 1;
  int bisections = 40;
};

/// Solves  sum over v of cost_of_bid(v / mu) / |values| = target  for mu, on a logarithmic scale (geometric
/// midpoints). `cost_of_bid(bid)` is the expected cost of one auction at that bid: it must not fall as the bid rises.
/// Returns bounds.low if even that spends less than the target, bounds.high if that still spends more.
/// Knapsack optimum: value bidders with budget B do best with bid = v / mu*, E[cost(mu*)] = B (Balseiro and Gur 2019).
/// Cost: bisections * |values| calls, about 50 us for 40 and 500.
template <class CostOfBid>
double solve_shadow_price(std::span<const double> values, double target, const ShadowPriceBounds& bounds,
                          CostOfBid&& cost_of_bid) {
  double low = bounds.low;
  double high = bounds.high;
  const double enough = target * static_cast<double>(values.size());
  for (int i = 0; i < bounds.bisections; ++i) {
    const double mu = std::sqrt(low * high);
    double cost = 0;
    for (const double value : values) cost += cost_of_bid(value / mu);
    if (cost > enough) {
      low = mu;  // spends too much: money must be dearer
    } else {
      high = mu;
    }
  }
  return std::sqrt(low * high);
}

}  // namespace bandstand::agents::budget
