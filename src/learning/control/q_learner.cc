// q_learner: targets, losses, gradients.
#include "learning/control/q_learner.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace bandstand::learning {
namespace {

std::vector<int> sizes_of(const QOptions& options) {
  BANDSTAND_CHECK(options.inputs >= 1 && options.actions >= 2);
  std::vector<int> sizes = {options.inputs};
  sizes.insert(sizes.end(), options.hidden.begin(), options.hidden.end());
  sizes.push_back(options.actions + (options.duelling ? 1 : 0));
  return sizes;
}

}  // namespace

QNetwork::QNetwork(const QOptions& options, base::Rng& rng) : duelling_(options.duelling), net_(sizes_of(options), rng) {
  // Small first values: with a discount of 1 a wrong start is passed on along the whole episode.
  net_.layers().back().weight.value *= 0.1f;
}

QNetwork::Matrix QNetwork::combine(const Matrix& heads) const {
  if (!duelling_) return heads;
  const Eigen::Index actions = heads.cols() - 1;
  Matrix q = heads.rightCols(actions);
  const Eigen::VectorXf shift = heads.col(0) - q.rowwise().mean();
  q.colwise() += shift;
  return q;
}

void QNetwork::backward(const Matrix& gradient) {
  if (!duelling_) return net_.backward(gradient);
  Matrix heads(gradient.rows(), gradient.cols() + 1);
  const Eigen::VectorXf sum = gradient.rowwise().sum();
  heads.col(0) = sum;
  heads.rightCols(gradient.cols()) = gradient.colwise() - sum / static_cast<float>(gradient.cols());
  net_.backward(heads);
}

Mlp QNetwork::folded() const {
  Mlp plain = net_;
  if (!duelling_) return plain;
  Mlp::Layer& last = plain.layers().back();
  const auto fold = [](const Matrix& heads) {  // rows: value, then advantages
    Matrix q = heads.bottomRows(heads.rows() - 1);
    const Eigen::RowVectorXf shift = heads.row(0) - q.colwise().mean();
    q.rowwise() += shift;
    return q;
  };
  const Matrix weight = fold(last.weight.value);
  const Matrix bias = fold(last.bias.value.transpose()).transpose();
  last = {{weight.rows(), weight.cols()}, {1, weight.rows()}};
  last.weight.value = weight;
  last.bias.value = bias;
  return plain;
}

QLearner::QLearner(QOptions options, std::uint64_t seed)
    : options_(std::move(options)), rng_(seed), net_(options_, rng_), target_(net_) {}

int QLearner::act(std::span<const float> state, double epsilon, base::Rng& rng) const {
  if (rng.chance(epsilon)) return static_cast<int>(rng.below(static_cast<std::uint64_t>(options_.actions)));
  const QNetwork::Matrix row = Eigen::Map<const QNetwork::Matrix>(state.data(), 1, static_cast<Eigen::Index>(state.size()));
  Eigen::Index best = 0;
  net_.predict(row).row(0).maxCoeff(&best);
  return static_cast<int>(best);
}

double QLearner::learn(const ReplayBuffer& buffer) {
  const StepBatch batch = buffer.draw(options_.batch, rng_);
  const auto rows = static_cast<Eigen::Index>(batch.action.size());
  const QNetwork::Matrix next = target_.predict(batch.next);
  const QNetwork::Matrix chooser = options_.double_q ? net_.predict(batch.next) : next;
  const QNetwork::Matrix q = net_.forward(batch.state);
  QNetwork::Matrix gradient = QNetwork::Matrix::Zero(rows, q.cols());
  const float share = 1 / static_cast<float>(rows);
  double loss = 0;
  for (Eigen::Index i = 0; i < rows; ++i) {
    const auto row = static_cast<std::size_t>(i);
    Eigen::Index best = 0;
    chooser.row(i).maxCoeff(&best);
    const float error = q(i, batch.action[row]) - (batch.reward[row] + batch.going[row] * next(i, best));
    loss += std::abs(error) < 1 ? 0.5 * static_cast<double>(error * error) : static_cast<double>(std::abs(error)) - 0.5;
    gradient(i, batch.action[row]) += share * std::clamp(error, -1.0f, 1.0f);
    if (options_.conservative <= 0) continue;
    const Eigen::RowVectorXf odds = (q.row(i).array() - q.row(i).maxCoeff()).exp().matrix();
    gradient.row(i) += options_.conservative * share * odds / odds.sum();
    gradient(i, batch.action[row]) -= options_.conservative * share;
  }
  net_.backward(gradient);
  net_.step(options_.rates);
  if (++steps_ % options_.target_every == 0) target_ = net_;
  return loss / static_cast<double>(rows);
}

bool is_unimodal(std::span<const float> values) {
  const auto peak = std::max_element(values.begin(), values.end());
  return std::is_sorted(values.begin(), peak + 1) && std::is_sorted(peak, values.end(), std::greater<>());
}

}  // namespace bandstand::learning
