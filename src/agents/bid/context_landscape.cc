// context_landscape: odds times odds.
#include "agents/bid/context_landscape.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace bandstand::agents::bid {
namespace {

constexpr double kOddsMax = 1e9;  // F0 = 1 keeps odds that can be shifted

double odds_of(double chance) { return std::min(kOddsMax, chance / std::max(1e-12, 1 - chance)); }
double chance_of(double odds) { return odds / (1 + odds); }

double sum_of(const std::vector<float>& weights, ActiveFeatures x) {
  double sum = 0;
  for (const std::uint32_t feature : x) sum += static_cast<double>(weights[feature]);
  return std::clamp(sum, -ContextLandscape::kShiftMax, ContextLandscape::kShiftMax);
}

}  // namespace

ContextLandscape::ContextLandscape(std::vector<Landscape> cells, std::vector<float> weights)
    : cells_(std::move(cells)), weights_(std::move(weights)) {
  BANDSTAND_CHECK(!cells_.empty());
  const PriceGrid& grid = cells_.front().grid();
  for (const std::int64_t upper : grid.uppers()) edge_.push_back(static_cast<double>(upper));
  for (const Landscape& law : cells_) {
    BANDSTAND_CHECK(law.grid().size() == grid.size());
    for (int bin = 0; bin < grid.size(); ++bin) odds_.push_back(odds_of(law.win_probability_of_bin(bin)));
  }
}

double ContextLandscape::shift(ActiveFeatures x) const { return sum_of(weights_, x); }

double ContextLandscape::win_probability(const PriceContext& context, std::int64_t bid) const {
  const int bin = cells_.front().grid().beaten_by(bid);
  const double* const odds = odds_.data() + context.cell * edge_.size();
  return bin < 0 ? 0 : chance_of(odds[bin] * std::exp(shift(context.x)));
}

ShadedBid ContextLandscape::best_first_price_bid(const PriceContext& context, double value, std::int64_t floor) const {
  const PriceGrid& grid = cells_.front().grid();
  const double* const odds = odds_.data() + context.cell * edge_.size();
  const double factor = std::exp(shift(context.x));
  ShadedBid best;
  const auto consider = [&](std::int64_t bid, double at) {
    const double win = chance_of(at * factor);
    const double surplus = (value - static_cast<double>(bid)) * win;
    if (surplus > best.surplus) best = {bid, win, surplus};
  };
  const int at_floor = grid.beaten_by(floor);
  if (floor > 0 && at_floor >= 0) consider(floor, odds[at_floor]);
  for (auto bin = static_cast<std::size_t>(at_floor + 1); bin < edge_.size() && edge_[bin] < value; ++bin) {
    if (edge_[bin] > 0) consider(grid.upper(static_cast<int>(bin)), odds[bin]);
  }
  return best;
}

ContextLandscapeLearner::ContextLandscapeLearner(const PriceGrid& grid, std::size_t cells, std::size_t features, Options options)
    : all_(grid, {}, {.decay = options.cell.decay, .prior_weight = options.prior_weight, .passes = options.cell.passes}),
      estimators_(cells, LandscapeEstimator(grid, {}, options.cell)),
      laws_(cells, all_.estimate()),
      options_(options),
      weights_(features),
      squares_(features, 1e-2f) {
  BANDSTAND_CHECK(cells >= 1);
}

void ContextLandscapeLearner::learn(ActiveFeatures x, double above, double upto) {
  const double factor = std::exp(sum_of(weights_, x));
  const double low = above <= 0 ? 0 : chance_of(odds_of(above) * factor);
  const double high = upto >= 1 ? 1 : chance_of(odds_of(upto) * factor);
  const double slope = 1 - high - low;
  for (const std::uint32_t feature : x) {
    const double gradient = slope - options_.l2 * static_cast<double>(weights_[feature]);
    squares_[feature] += static_cast<float>(gradient * gradient);
    weights_[feature] +=
        static_cast<float>(options_.learning_rate * gradient / std::sqrt(static_cast<double>(squares_[feature])));
  }
}

void ContextLandscapeLearner::observe_price(const PriceContext& context, std::int64_t price) {
  const Landscape& law = laws_[context.cell];
  const int bin = law.grid().bin_of(price);
  learn(context.x, law.win_probability_of_bin(bin - 1), law.win_probability_of_bin(bin));
  estimators_[context.cell].observe_price(price);
  all_.observe_price(price);
}

void ContextLandscapeLearner::observe_win(const PriceContext& context, std::int64_t bid) {
  learn(context.x, 0, laws_[context.cell].win_probability(bid));
  estimators_[context.cell].observe_win(bid);
  all_.observe_win(bid);
}

void ContextLandscapeLearner::observe_loss(const PriceContext& context, std::int64_t bid) {
  learn(context.x, laws_[context.cell].win_probability(bid), 1);
  estimators_[context.cell].observe_loss(bid);
  all_.observe_loss(bid);
}

ContextLandscape ContextLandscapeLearner::publish() {
  const Landscape all = all_.estimate();
  all_.decay();
  for (std::size_t cell = 0; cell < estimators_.size(); ++cell) {
    estimators_[cell].set_prior(all.masses());
    laws_[cell] = estimators_[cell].estimate();
    estimators_[cell].decay();
  }
  return {laws_, weights_};
}

}  // namespace bandstand::agents::bid
