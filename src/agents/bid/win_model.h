// win_model: the chance to win as a logistic function of log bid and context, and the first-price bid it implies.
#pragma once

#include <span>
#include <vector>

namespace bandstand::agents::bid {

/// F(b|x) = 1 / (1 + exp(-(a.x + k ln(b / m)))): log-logistic market prices whose scale depends on the context x; m is
/// a typical price, so that a and k are learned apart from each other. Learned by the censored likelihood: a known
/// price adds its density, a win without one F(b), a loss 1 - F(b). AdaGrad steps. Money in any one unit.
class WinModel {
 public:
  struct Options {
    double learning_rate = 0.2;
    double k_start = 2;
    double k_min = 0.2;
    double k_max = 20;
  };

  /// `features` >= 1; give a constant 1 as one of them. `typical_price` > 0.
  WinModel(int features, double typical_price, Options options);

  [[nodiscard]] double win_probability(std::span<const double> x, double bid) const;
  /// Root of b (1 + 1 / (k (1 - F(b)))) = value: the bid with the largest (value - b) F(b|x). Newton steps on ln b,
  /// six at most. Returns 0 for value <= 0.
  [[nodiscard]] double best_first_price_bid(std::span<const double> x, double value) const;

  void observe_price(std::span<const double> x, double price);
  void observe_win(std::span<const double> x, double bid);
  void observe_loss(std::span<const double> x, double bid);

  [[nodiscard]] double k() const { return k_; }
  /// ln m.
  [[nodiscard]] double log_typical_price() const { return log_typical_; }
  [[nodiscard]] std::span<const double> weights() const { return weights_; }

 private:
  /// a.x
  [[nodiscard]] double score(std::span<const double> x) const;
  /// ln(money / m)
  [[nodiscard]] double log_of(double money) const;
  void step(std::span<const double> x, double gradient_eta, double gradient_k);

  Options options_;
  std::vector<double> weights_;
  std::vector<double> squares_;  ///< AdaGrad's sums; the last one belongs to k
  double k_;
  double log_typical_;
};

/// The same root for F = 1 / (1 + exp(-(eta + k ln b))): eta = a.x - k ln m (a served snapshot needs no WinModel).
double shade_log_logistic(double value, double eta, double k);

}  // namespace bandstand::agents::bid
