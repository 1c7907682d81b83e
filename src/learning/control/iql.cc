// iql: three losses on one minibatch.
#include "learning/control/iql.h"

#include <algorithm>
#include <cmath>

namespace bandstand::learning {
namespace {

QOptions plain(QOptions q) {
  q.double_q = q.duelling = false;
  q.conservative = 0;
  return q;
}

std::vector<int> sizes(const QOptions& q, int outputs) {
  std::vector<int> all = {q.inputs};
  all.insert(all.end(), q.hidden.begin(), q.hidden.end());
  all.push_back(outputs);
  return all;
}

}  // namespace

IqlLearner::IqlLearner(IqlOptions options, std::uint64_t seed)
    : options_(std::move(options)),
      rng_(seed),
      q_(plain(options_.q), rng_),
      target_(q_),
      v_(sizes(options_.q, 1), rng_),
      policy_(sizes(options_.q, options_.q.actions), rng_) {}

double IqlLearner::learn(const ReplayBuffer& buffer) {
  const StepBatch batch = buffer.draw(options_.q.batch, rng_);
  const auto rows = static_cast<Eigen::Index>(batch.action.size());
  const float share = 1 / static_cast<float>(rows);
  const Mlp::Matrix judged = target_.predict(batch.state);
  const Mlp::Matrix next = v_.predict(batch.next);
  const Mlp::Matrix v = v_.forward(batch.state);
  const Mlp::Matrix q = q_.forward(batch.state);
  const Mlp::Matrix logits = policy_.forward(batch.state);
  Mlp::Matrix v_gradient(rows, 1);
  Mlp::Matrix q_gradient = Mlp::Matrix::Zero(rows, q.cols());
  Mlp::Matrix policy_gradient(rows, q.cols());
  double loss = 0;
  for (Eigen::Index i = 0; i < rows; ++i) {
    const auto row = static_cast<std::size_t>(i);
    const int action = batch.action[row];
    const float advantage = judged(i, action) - v(i, 0);
    v_gradient(i, 0) = -2 * share * (advantage < 0 ? 1 - options_.tau : options_.tau) * advantage;
    const float error = q(i, action) - (batch.reward[row] + batch.going[row] * next(i, 0));
    loss += static_cast<double>(error * error);
    q_gradient(i, action) = 2 * share * error;
    const float weight = std::min(100.0f, std::exp(options_.beta * advantage));
    const Eigen::RowVectorXf odds = (logits.row(i).array() - logits.row(i).maxCoeff()).exp().matrix();
    policy_gradient.row(i) = share * weight * odds / odds.sum();
    policy_gradient(i, action) -= share * weight;
  }
  v_.backward(v_gradient);
  v_.step(options_.q.rates, 10);
  q_.backward(q_gradient);
  q_.step(options_.q.rates);
  policy_.backward(policy_gradient);
  policy_.step(options_.q.rates, 10);
  if (++steps_ % options_.q.target_every == 0) target_ = q_;
  return loss / static_cast<double>(rows);
}

}  // namespace bandstand::learning
