// gru: one product for all inputs, one a step for the states.
#include "learning/sequence/gru.h"

#include <cmath>

namespace bandstand::learning {
namespace {

float deviation_of(Eigen::Index rows, Eigen::Index columns) {  // Glorot and Bengio 2010, of one gate
  return std::sqrt(2.f / static_cast<float>(rows + columns));
}

}  // namespace

Gru::Gru(Eigen::Index inputs, Eigen::Index hidden, base::Rng& rng)
    : input(inputs, 3 * hidden), recurrent(hidden, 3 * hidden), bias(1, 3 * hidden), candidate_bias(1, hidden), hidden_(hidden) {
  fill_normal(input.value, deviation_of(inputs, hidden), rng);
  fill_normal(recurrent.value, deviation_of(hidden, hidden), rng);
}

void Gru::forward(const PackedVisits& batch, const Matrix& inputs, Matrix& states) {
  const Eigen::Index h = hidden_, rows = batch.rows();
  gates_.noalias() = inputs * input.value;
  gates_.rowwise() += bias.value.row(0);
  candidate_.resize(rows, h);
  before_.resize(rows, h);
  states.resize(rows, h);
  for (Eigen::Index t = 0; t < batch.steps(); ++t) {
    const Eigen::Index begin = batch.begin(t), width = batch.width(t);
    auto before = before_.middleRows(begin, width);
    auto candidate = candidate_.middleRows(begin, width);
    auto gates = gates_.middleRows(begin, width);
    if (t == 0) {
      before.setZero();
      candidate = candidate_bias.value.row(0).replicate(width, 1);
    } else {
      before = states.middleRows(batch.begin(t - 1), width);
      product_.noalias() = before * recurrent.value;
      gates.leftCols(2 * h) += product_.leftCols(2 * h);
      candidate = product_.rightCols(h).rowwise() + candidate_bias.value.row(0);
    }
    gates.leftCols(2 * h).array() = gates.leftCols(2 * h).array().logistic();
    const auto r = gates.leftCols(h).array(), z = gates.middleCols(h, h).array();
    gates.rightCols(h).array() = (gates.rightCols(h).array() + r * candidate.array()).tanh();
    const auto n = gates.rightCols(h).array();
    states.middleRows(begin, width).array() = n + z * (before.array() - n);
  }
}

void Gru::backward(const PackedVisits& batch, const Matrix& inputs, Matrix& states_gradient,
                   Matrix& inputs_gradient) {
  const Eigen::Index h = hidden_, rows = batch.rows();
  gates_gradient_.resize(rows, 3 * h);
  recurrent_gradient_.resize(rows, 3 * h);
  for (Eigen::Index t = batch.steps() - 1; t >= 0; --t) {
    const Eigen::Index begin = batch.begin(t), width = batch.width(t);
    const auto gates = gates_.middleRows(begin, width);
    const auto r = gates.leftCols(h).array(), z = gates.middleCols(h, h).array(), n = gates.rightCols(h).array();
    const auto before = before_.middleRows(begin, width).array();
    const auto dh = states_gradient.middleRows(begin, width).array();
    auto dg = gates_gradient_.middleRows(begin, width);
    auto du = recurrent_gradient_.middleRows(begin, width);
    dg.rightCols(h).array() = dh * (1 - z) * (1 - n.square());
    dg.leftCols(h).array() = dg.rightCols(h).array() * candidate_.middleRows(begin, width).array() * r * (1 - r);
    dg.middleCols(h, h).array() = dh * (before - n) * z * (1 - z);
    du.leftCols(2 * h) = dg.leftCols(2 * h);
    du.rightCols(h).array() = dg.rightCols(h).array() * r;
    if (t == 0) break;
    product_.noalias() = du * recurrent.value.transpose();
    states_gradient.middleRows(batch.begin(t - 1), width).array() += product_.array() + dh * z;
  }
  input.gradient.noalias() += inputs.transpose() * gates_gradient_;
  recurrent.gradient.noalias() += before_.transpose() * recurrent_gradient_;
  bias.gradient.row(0) += gates_gradient_.colwise().sum();
  candidate_bias.gradient.row(0) += recurrent_gradient_.rightCols(h).colwise().sum();
  inputs_gradient.noalias() = gates_gradient_ * input.value.transpose();
}

}  // namespace bandstand::learning
