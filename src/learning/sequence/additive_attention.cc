// additive_attention: two products for all rows, then pair by pair within each visit.
#include "learning/sequence/additive_attention.h"

#include <algorithm>
#include <cmath>

namespace bandstand::learning {

AdditiveAttention::AdditiveAttention(Eigen::Index hidden, Eigen::Index window, base::Rng& rng)
    : query(hidden, hidden), key(hidden, hidden), weight(1, hidden), window_(window) {
  const float deviation = std::sqrt(1.f / static_cast<float>(hidden));
  fill_normal(query.value, deviation, rng);
  fill_normal(key.value, deviation, rng);
  fill_normal(weight.value, deviation, rng);
}

void AdditiveAttention::forward(const PackedVisits& batch, const Matrix& states, Matrix& out) {
  queries_.noalias() = states * query.value;
  keys_.noalias() = states * key.value;
  out.setZero(states.rows(), states.cols());
  gates_.resize(static_cast<std::size_t>(batch.visits()));
  for (Eigen::Index visit = 0; visit < batch.visits(); ++visit) {
    Matrix& gates = gates_[static_cast<std::size_t>(visit)];
    const Eigen::Index length = batch.length(visit);
    Eigen::Index pairs = 0, pair = 0;
    for (Eigen::Index t = 0; t < length; ++t) pairs += std::min(t + 1, window_);
    gates.resize(pairs, states.cols());
    for (Eigen::Index t = 0; t < length; ++t) {
      const auto asked = queries_.row(batch.row(visit, t));
      for (Eigen::Index j = std::max<Eigen::Index>(0, t + 1 - window_); j <= t; ++j) {
        gates.row(pair++) = asked + keys_.row(batch.row(visit, j));
      }
    }
    gates.array() = gates.array().logistic();
    pair = 0;
    for (Eigen::Index t = 0; t < length; ++t) {
      for (Eigen::Index j = std::max<Eigen::Index>(0, t + 1 - window_); j <= t; ++j) {
        out.row(batch.row(visit, t)) += gates.row(pair++).dot(weight.value.row(0)) * states.row(batch.row(visit, j));
      }
    }
  }
}

void AdditiveAttention::backward(const PackedVisits& batch, const Matrix& states, const Matrix& out_gradient,
                                 Matrix& states_gradient) {
  queries_gradient_.setZero(states.rows(), states.cols());
  keys_gradient_.setZero(states.rows(), states.cols());
  Eigen::RowVectorXf before(states.cols());
  for (Eigen::Index visit = 0; visit < batch.visits(); ++visit) {
    const Matrix& gates = gates_[static_cast<std::size_t>(visit)];
    Eigen::Index pair = 0;
    for (Eigen::Index t = 0; t < batch.length(visit); ++t) {
      const Eigen::Index at = batch.row(visit, t);
      for (Eigen::Index j = std::max<Eigen::Index>(0, t + 1 - window_); j <= t; ++j, ++pair) {
        const Eigen::Index from = batch.row(visit, j);
        const auto gate = gates.row(pair);
        const float share_gradient = out_gradient.row(at).dot(states.row(from));
        states_gradient.row(from) += gate.dot(weight.value.row(0)) * out_gradient.row(at);
        weight.gradient.row(0) += share_gradient * gate;
        before.array() = share_gradient * weight.value.row(0).array() * gate.array() * (1 - gate.array());
        queries_gradient_.row(at) += before;
        keys_gradient_.row(from) += before;
      }
    }
  }
  query.gradient.noalias() += states.transpose() * queries_gradient_;
  key.gradient.noalias() += states.transpose() * keys_gradient_;
  states_gradient.noalias() += queries_gradient_ * query.value.transpose();
  states_gradient.noalias() += keys_gradient_ * key.value.transpose();
}

}  // namespace bandstand::learning
