// q_learner: deep Q-learning with double, duelling and conservative options.
//
//   DQN          y = r + g max_a Q'(s', a), Q' a copy that follows from time to time       Mnih et al. 2015
//   double       y = r + g Q'(s', argmax_a Q(s', a))                                             van Hasselt et al. 2016
//   duelling     Q(s, a) = V(s) + A(s, a) - mean_b A(s, b)                                       Wang et al. 2016, equation 9
//   conservative + alpha (ln sum_a exp Q(s, a) - Q(s, logged action)): learns from logs alone
//                CQL(H), Kumar et al. 2020, equation 4
//
// g is the discount: 1 where a budget has to last a day (DRLB, Wu et al. 2018). The loss is Huber's (delta 1).
#pragma once

#include <span>
#include <vector>

#include "base/rng.h"
#include "learning/control/replay_buffer.h"
#include "learning/neural/mlp.h"

namespace bandstand::learning {

struct QOptions {
  int inputs = 0;   ///< state values
  int actions = 0;
  std::vector<int> hidden = {64, 64};
  bool double_q = false;
  bool duelling = false;
  float conservative = 0;    ///< alpha of CQL; 0: none
  AdamRates rates = {};
  std::size_t batch = 32;
  int target_every = 200;    ///< learning steps between two copies to Q'
};

/// Action values of a state: a perceptron, with a value and an advantage head if duelling. A value.
class QNetwork {
 public:
  using Matrix = Mlp::Matrix;
  QNetwork(const QOptions& options, base::Rng& rng);

  [[nodiscard]] Matrix predict(const Matrix& states) const { return combine(net_.predict(states)); }
  Matrix forward(const Matrix& states) { return combine(net_.forward(states)); }
  /// `gradient` [rows, actions] of the loss by the last forward's action values.
  void backward(const Matrix& gradient);
  void step(const AdamRates& rates) { net_.step(rates, 10); }
  /// A plain perceptron with the same outputs: both heads are linear, so their combination is one linear layer.
  [[nodiscard]] Mlp folded() const;

 private:
  [[nodiscard]] Matrix combine(const Matrix& heads) const;
  bool duelling_;
  Mlp net_;
};

/// Learns action values from a replay buffer. Deterministic in its seed. One thread.
class QLearner {
 public:
  QLearner(QOptions options, std::uint64_t seed);

  /// The best action; with probability `epsilon` any.
  [[nodiscard]] int act(std::span<const float> state, double epsilon, base::Rng& rng) const;
  /// One minibatch. Returns its mean temporal-difference loss.
  double learn(const ReplayBuffer& buffer);
  [[nodiscard]] const QNetwork& network() const { return net_; }

 private:
  QOptions options_;
  base::Rng rng_;
  QNetwork net_;
  QNetwork target_;
  long steps_ = 0;
};

/// Whether a row of values rises to one peak and then falls. DRLB explores more where the action values do not.
[[nodiscard]] bool is_unimodal(std::span<const float> values);

}  // namespace bandstand::learning
