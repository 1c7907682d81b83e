// landscape: grids of prices and the law on them.
#include "agents/bid/landscape.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace bandstand::agents::bid {

PriceGrid PriceGrid::linear(std::int64_t step, int bins) {
  BANDSTAND_CHECK(step >= 1 && bins >= 2);
  std::vector<std::int64_t> upper(static_cast<std::size_t>(bins));
  for (std::size_t k = 0; k < upper.size(); ++k) upper[k] = static_cast<std::int64_t>(k) * step;
  return {std::move(upper), step};
}

PriceGrid PriceGrid::geometric(std::int64_t first, double ratio, int bins) {
  BANDSTAND_CHECK(first >= 0 && ratio > 1 && bins >= 2);
  std::vector<std::int64_t> upper;
  upper.reserve(static_cast<std::size_t>(bins));
  double edge = static_cast<double>(first);
  for (int k = 0; k < bins; ++k, edge *= ratio) {
    const auto rounded = static_cast<std::int64_t>(std::llround(edge));
    upper.push_back(upper.empty() ? rounded : std::max(upper.back() + 1, rounded));
  }
  return {std::move(upper), 0};
}

int PriceGrid::bin_of(std::int64_t price) const {
  if (price > upper_.back()) return size() - 1;
  if (price <= upper_.front()) return 0;
  if (step_ > 0) return static_cast<int>((price + step_ - 1) / step_);
  return static_cast<int>(std::lower_bound(upper_.begin(), upper_.end(), price) - upper_.begin());
}

int PriceGrid::beaten_by(std::int64_t bid) const {
  if (bid >= upper_.back()) return size() - 1;
  if (bid < upper_.front()) return -1;
  if (step_ > 0) return static_cast<int>(bid / step_);
  return static_cast<int>(std::upper_bound(upper_.begin(), upper_.end(), bid) - upper_.begin()) - 1;
}

Landscape::Landscape(PriceGrid grid, std::span<const double> mass)
    : grid_(std::move(grid)),
      edge_(grid_.uppers().begin(), grid_.uppers().end()),
      mass_(mass.begin(), mass.end()),
      win_(mass.size()),
      cost_(mass.size()) {
  BANDSTAND_CHECK(mass_.size() == static_cast<std::size_t>(grid_.size()));
  double sum = 0;
  for (const double m : mass_) {
    BANDSTAND_CHECK(m >= 0);
    sum += m;
  }
  if (sum <= 0) {
    std::fill(mass_.begin(), mass_.end(), 1.0);
    sum = static_cast<double>(mass_.size());
  }
  double win = 0;
  double cost = 0;
  for (std::size_t k = 0; k < mass_.size(); ++k) {
    mass_[k] /= sum;
    win += mass_[k];
    cost += mass_[k] * static_cast<double>(grid_.upper(static_cast<int>(k)));
    win_[k] = win;
    cost_[k] = cost;
  }
}

ShadedBid Landscape::best_first_price_bid(double value, std::int64_t floor) const {
  if (!(value > static_cast<double>(floor))) return {};
  const int at_floor = grid_.beaten_by(floor);
  double most = (value - static_cast<double>(floor)) * win_probability_of_bin(at_floor);
  int best = at_floor;
  const auto first = static_cast<std::size_t>(at_floor + 1);
  const auto end = static_cast<std::size_t>(std::lower_bound(edge_.begin(), edge_.end(), value) - edge_.begin());
  for (std::size_t k = first; k < end; ++k) {
    const double surplus = (value - edge_[k]) * win_[k];
    if (surplus > most) {
      most = surplus;
      best = static_cast<int>(k);
    }
  }
  if (!(most > 0)) return {};
  return {best == at_floor ? floor : grid_.upper(best), win_probability_of_bin(best), most};
}

}  // namespace bandstand::agents::bid
