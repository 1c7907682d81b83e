// landscape_estimator: product-limit estimate, and its iteration where wins hide the price.
#include "agents/bid/landscape_estimator.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace bandstand::agents::bid {

LandscapeEstimator::LandscapeEstimator(PriceGrid grid, std::span<const double> prior, Options options)
    : grid_(std::move(grid)),
      options_(options),
      seen_(static_cast<std::size_t>(grid_.size())),
      lost_(static_cast<std::size_t>(grid_.size())),
      won_(static_cast<std::size_t>(grid_.size())) {
  BANDSTAND_CHECK(options_.decay >= 0 && options_.decay <= 1 && options_.prior_weight > 0);
  const std::vector<double> flat(prior.empty() ? seen_.size() : 0, 1.0);
  set_prior(prior.empty() ? flat : prior);
}

void LandscapeEstimator::set_prior(std::span<const double> prior) {
  BANDSTAND_CHECK(prior.size() == seen_.size());
  const double sum = std::accumulate(prior.begin(), prior.end(), 0.0);
  BANDSTAND_CHECK(sum > 0);
  prior_.assign(prior.begin(), prior.end());
  for (double& m : prior_) m *= options_.prior_weight / sum;
}

void LandscapeEstimator::observe_loss(std::int64_t bid, double weight) {
  const int bin = std::min(grid_.beaten_by(bid) + 1, grid_.size() - 1);
  lost_[index(bin)] += weight;
}

std::vector<double> LandscapeEstimator::kaplan_meier() const {
  // At bin z, those who could still be there: prices known to be here or higher, and losses whose price is higher
  // for certain. (A loss "in bin z or above" survived all bins below z and then leaves the study.)
  const std::size_t bins = seen_.size();
  std::vector<double> mass(bins);
  double at_risk = weight() + options_.prior_weight;
  for (std::size_t z = 0; z < bins; ++z) at_risk -= won_[z];
  double survival = 1;
  for (std::size_t z = 0; z < bins; ++z) {
    at_risk -= lost_[z];
    const double known = seen_[z] + prior_[z];
    const double hazard = at_risk > 1e-12 ? std::clamp(known / at_risk, 0.0, 1.0) : 0.0;
    mass[z] = survival * hazard;
    survival -= mass[z];
    at_risk -= known;
  }
  mass[bins - 1] += std::max(0.0, survival);  // lost above all that was ever seen
  return mass;
}

Landscape LandscapeEstimator::estimate() const {
  std::vector<double> mass = kaplan_meier();
  if (!any_won_) return {grid_, mass};

  // Self-consistency: each censored observation spreads over its range in proportion to the present law.
  const std::size_t bins = mass.size();
  std::vector<double> next(bins);
  for (int pass = 0; pass < options_.passes; ++pass) {
    double above = std::accumulate(mass.begin(), mass.end(), 0.0);
    double share_of_losses = 0;  // sum over losses reaching down to z of weight / P(their range)
    for (std::size_t z = 0; z < bins; ++z) {
      if (above > 1e-12) share_of_losses += lost_[z] / above;
      next[z] = seen_[z] + prior_[z] + mass[z] * share_of_losses;
      above -= mass[z];
    }
    double below = 0;
    for (const double m : mass) below += m;
    double share_of_wins = 0;
    for (std::size_t z = bins; z-- > 0;) {
      if (below > 1e-12) share_of_wins += won_[z] / below;
      next[z] += mass[z] * share_of_wins;
      below -= mass[z];
    }
    const double sum = std::accumulate(next.begin(), next.end(), 0.0);
    for (std::size_t z = 0; z < bins; ++z) mass[z] = next[z] / sum;
  }
  return {grid_, mass};
}

void LandscapeEstimator::set_evidence(Evidence evidence) {
  BANDSTAND_CHECK(evidence.seen.size() == seen_.size() && evidence.lost.size() == seen_.size() &&
                  evidence.won.size() == seen_.size());
  seen_ = std::move(evidence.seen);
  lost_ = std::move(evidence.lost);
  won_ = std::move(evidence.won);
  any_won_ = std::any_of(won_.begin(), won_.end(), [](double weight) { return weight > 0; });
}

void LandscapeEstimator::decay() {
  for (auto* counts : {&seen_, &lost_, &won_}) {
    for (double& count : *counts) count *= options_.decay;
  }
}

double LandscapeEstimator::weight() const {
  double sum = 0;
  for (const auto* counts : {&seen_, &lost_, &won_}) {
    for (const double count : *counts) sum += count;
  }
  return sum;
}

}  // namespace bandstand::agents::bid
