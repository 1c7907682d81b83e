// win_model: log-logistic market prices in context.
#include "agents/bid/win_model.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace bandstand::agents::bid {
namespace {

double sigmoid(double t) { return 1 / (1 + std::exp(-t)); }

}  // namespace

double shade_log_logistic(double value, double eta, double k) {
  if (!(value > 0)) return 0;
  // With t = ln b:  g(t) = t + ln(1 + 1 / (k (1 - F))) - ln value, rising, and 1 / (1 - F) = 1 + exp(eta + k t).
  // Start below the root, from the bid that would be right if F were small: value k / (k + 1).
  double t = std::log(value) - std::log1p(1 / k);
  for (int i = 0; i < 6; ++i) {
    const double odds = std::exp(std::min(700.0, eta + k * t));
    const double factor = 1 + (1 + odds) / k;
    const double step = (t + std::log(factor) - std::log(value)) / (1 + odds / factor);
    t -= step;
    if (std::abs(step) < 1e-9) break;
  }
  return std::min(value, std::exp(t));
}

WinModel::WinModel(int features, double typical_price, Options options)
    : options_(options),
      weights_(static_cast<std::size_t>(features)),
      squares_(static_cast<std::size_t>(features) + 1, 1e-2),
      k_(options.k_start),
      log_typical_(std::log(typical_price)) {
  BANDSTAND_CHECK(features >= 1 && typical_price > 0);
}

double WinModel::log_of(double money) const { return std::log(money) - log_typical_; }

double WinModel::score(std::span<const double> x) const {
  BANDSTAND_CHECK(x.size() == weights_.size());
  double eta = 0;
  for (std::size_t i = 0; i < x.size(); ++i) eta += weights_[i] * x[i];
  return eta;
}

double WinModel::win_probability(std::span<const double> x, double bid) const {
  return bid > 0 ? sigmoid(score(x) + k_ * log_of(bid)) : 0;
}

double WinModel::best_first_price_bid(std::span<const double> x, double value) const {
  return shade_log_logistic(value, score(x) - k_ * log_typical_, k_);
}

void WinModel::observe_price(std::span<const double> x, double price) {
  if (!(price > 0)) return;
  // ln f = ln k + eta - 2 ln(1 + e^eta) + const, with eta = a.x + k ln(price / m).
  const double log_price = log_of(price);
  const double slope = 1 - 2 * sigmoid(score(x) + k_ * log_price);
  step(x, slope, 1 / k_ + slope * log_price);
}

void WinModel::observe_win(std::span<const double> x, double bid) {
  if (!(bid > 0)) return;
  const double log_bid = log_of(bid);
  const double slope = 1 - sigmoid(score(x) + k_ * log_bid);
  step(x, slope, slope * log_bid);
}

void WinModel::observe_loss(std::span<const double> x, double bid) {
  if (!(bid > 0)) return;
  const double log_bid = log_of(bid);
  const double slope = -sigmoid(score(x) + k_ * log_bid);
  step(x, slope, slope * log_bid);
}

void WinModel::step(std::span<const double> x, double gradient_eta, double gradient_k) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double g = gradient_eta * x[i];
    squares_[i] += g * g;
    weights_[i] += options_.learning_rate * g / std::sqrt(squares_[i]);
  }
  squares_.back() += gradient_k * gradient_k;
  k_ = std::clamp(k_ + options_.learning_rate * gradient_k / std::sqrt(squares_.back()), options_.k_min,
                  options_.k_max);
}

}  // namespace bandstand::agents::bid
