// iql: implicit Q-learning: a policy from logs alone that never asks for the value of an action that was not taken,
// after Kostrikov et al. 2022, equations 5 to 7.
//
//   V   expectile tau of Q'(s, a) - V(s):  |tau - 1(d < 0)| d^2
//   Q   (r + g V(s') - Q(s, a))^2
//   pi  -ln pi(a | s), weighted by exp(beta (Q'(s, a) - V(s))), at most 100
#pragma once

#include "learning/control/q_learner.h"

namespace bandstand::learning {

struct IqlOptions {
  QOptions q = {};       ///< its double_q, duelling and conservative are not used
  float tau = 0.7f;
  float beta = 3;
};

/// Deterministic in its seed. One thread.
class IqlLearner {
 public:
  IqlLearner(IqlOptions options, std::uint64_t seed);
  /// One minibatch for V, Q and the policy. Returns the mean squared error of Q.
  double learn(const ReplayBuffer& buffer);
  /// Log odds of the actions, up to a constant: their largest is the action to take.
  [[nodiscard]] const Mlp& policy() const { return policy_; }

 private:
  IqlOptions options_;
  base::Rng rng_;
  QNetwork q_;
  QNetwork target_;
  Mlp v_;
  Mlp policy_;
  long steps_ = 0;
};

}  // namespace bandstand::learning
