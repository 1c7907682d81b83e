// gru: a gated recurrent unit over packed visits, with its backward pass.
#pragma once

#include "learning/sequence/sequence_network.h"

namespace bandstand::learning {

/// Cho et al. 2014 with the reset gate behind the product (one product a step; cuDNN's form):
///   r = s(x Wr + h Ur + br), z = s(x Wz + h Uz + bz), n = tanh(x Wn + bn + r * (h Un + cn)), h' = (1 - z) n + z h
/// Columns of `input`, `recurrent` and `bias` are r, z, n.
class Gru {
 public:
  Gru(Eigen::Index inputs, Eigen::Index hidden, base::Rng& rng);
  /// The states, [rows, hidden], of inputs [rows, inputs]; both must stay until backward().
  void forward(const PackedVisits& batch, const Matrix& inputs, Matrix& states);
  /// Takes the gradient of the states, which it overwrites, and gives that of the inputs.
  void backward(const PackedVisits& batch, const Matrix& inputs, Matrix& states_gradient,
                Matrix& inputs_gradient);

  Parameter input;         ///< [inputs, 3 hidden]
  Parameter recurrent;     ///< [hidden, 3 hidden]
  Parameter bias;          ///< [1, 3 hidden]
  Parameter candidate_bias;  ///< [1, hidden]: cn

 private:
  Eigen::Index hidden_;
  Matrix gates_;      ///< r, z, n of each row
  Matrix candidate_;  ///< h Un + cn
  Matrix before_;     ///< h
  Matrix gates_gradient_, recurrent_gradient_, product_;
};

}  // namespace bandstand::learning
