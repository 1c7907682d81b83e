// maddpg: several agents that act at once, each by a small network of its own view, taught by a critic that sees them all.
//
//   y = r + g Q'(s', mu'_1(o'_1), .., mu'_N(o'_N));  the critic descends (Q(s, a_1, .., a_N) - y)^2;
//   actor i ascends d Q / d a_i at a_i = mu_i(o_i), the others' actions as they were      Lowe et al. 2017, equations 5 and 6
//
// Independent learners are the same without the view of the others: Q_i(o_i, a_i), each with a reward of its own (DDPG, Lillicrap
// et al. 2016). Deterministic in the seed. One thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/rng.h"
#include "learning/neural/mlp.h"

namespace bandstand::learning {

struct JointOptions {
  int agents = 1;
  int features = 1;             ///< of an agent's view
  std::vector<int> owner = {};  ///< by agent: which reward and which view are its own
  int owners = 1;
  /// True: one critic of all views and actions, taught the sum of the rewards. False: one critic an agent, of its own view,
  /// action and reward.
  bool shared_critic = true;
  int actor_hidden = 16, critic_hidden = 48;
  AdamRates actor_rates = {.rate = 1e-3f}, critic_rates = {.rate = 2e-3f};
  float discount = 0.97f;
  float follow = 0.02f;   ///< share by which target networks follow in a step
  float limit = 1;        ///< actions lie in [-limit, limit]: the trust region around the policy that they are added to
  float noise = 0.3f;     ///< deviation of the exploration, as a share of `limit`
  std::size_t batch = 64;
  std::size_t capacity = 20'000;
};

/// One step of all agents. `views` [owners x features]; `actions` [agents]; `rewards` [owners].
struct JointStep {
  std::vector<float> views, actions, rewards, next;
  bool last = false;
};

class JointLearner {
 public:
  using Matrix = Mlp::Matrix;
  JointLearner(JointOptions options, std::uint64_t seed);

  /// Actions of all agents, each in [-limit, limit]; before anything is learned all are 0. `views` [owners x features].
  [[nodiscard]] std::vector<float> act(std::span<const float> views) const;
  /// The same with exploration by the agents of `exploring` (empty: all).
  [[nodiscard]] std::vector<float> explore(std::span<const float> views, std::span<const char> exploring);
  void add(JointStep step);
  /// One minibatch for critics and for the actors of `learning` (empty: all). Nothing before there is a batch.
  void learn(std::span<const char> learning = {});

 private:
  struct Critic {
    Mlp now, target;
  };
  struct Batch;
  [[nodiscard]] Matrix view_of(int agent, const Matrix& views) const;
  [[nodiscard]] Matrix actions_of(const std::vector<Mlp>& actors, const Matrix& views) const;
  [[nodiscard]] Matrix input_of(int critic, const Matrix& views, const Matrix& actions) const;
  void teach_critic(int critic, const Batch& batch, const Matrix& next_actions);
  void teach_actor(int agent, const Batch& batch);

  JointOptions options_;
  base::Rng rng_;
  std::vector<Mlp> actors_, actor_targets_;
  std::vector<Critic> critics_;
  std::vector<JointStep> memory_;
  std::size_t at_ = 0;
};

}  // namespace bandstand::learning
