// parameter: an array that is trained, its gradient, and Adam's step.
#pragma once

#include <Eigen/Core>
#include <cmath>

namespace bandstand::learning {

/// Adam: Kingma and Ba 2015, algorithm 1. L2 enters the gradient (as the papers' "weight decay" of 2017), not the step.
struct AdamRates {
  float rate = 1e-3f;
  float beta1 = .9f, beta2 = .999f;
  float epsilon = 1e-8f;
  float l2 = 0;
};

/// A matrix [rows, columns], row by row as in a model file. Whoever learns adds to `gradient` and then steps, which clears it.
struct Parameter {
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Matrix value, gradient, first, second;

  Parameter() = default;
  Parameter(Eigen::Index rows, Eigen::Index columns)
      : value(Matrix::Zero(rows, columns)), gradient(value), first(value), second(value) {}

  /// One step down the gradient; `step` counts from 1. Cost: one pass over the array.
  void adam(const AdamRates& rates, long step) {
    if (rates.l2 > 0) gradient += rates.l2 * value;
    first = rates.beta1 * first + (1 - rates.beta1) * gradient;
    second = rates.beta2 * second + (1 - rates.beta2) * gradient.cwiseAbs2();
    const auto t = static_cast<double>(step);
    const auto unbias1 = static_cast<float>(1 / (1 - std::pow(static_cast<double>(rates.beta1), t)));
    const auto unbias2 = static_cast<float>(1 / (1 - std::pow(static_cast<double>(rates.beta2), t)));
    value.array() -= rates.rate * unbias1 * first.array() / ((second.array() * unbias2).sqrt() + rates.epsilon);
    gradient.setZero();
  }
};

}  // namespace bandstand::learning
