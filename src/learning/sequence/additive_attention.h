// additive_attention: what matters of the clicks so far, asked anew at each click.
#pragma once

#include <vector>

#include "learning/sequence/sequence_network.h"

namespace bandstand::learning {

/// NARM's local encoder (Li et al. 2017, equations 6 to 8): c_t = sum_j a_tj h_j, a_tj = v . s(A1 h_t + A2 h_j), without a
/// softmax, j over the last `window` clicks up to t.
class AdditiveAttention {
 public:
  AdditiveAttention(Eigen::Index hidden, Eigen::Index window, base::Rng& rng);
  /// [rows, hidden] of states [rows, hidden].
  void forward(const PackedVisits& batch, const Matrix& states, Matrix& out);
  /// Adds to the gradient of the states.
  void backward(const PackedVisits& batch, const Matrix& states, const Matrix& out_gradient, Matrix& states_gradient);

  Parameter query, key;  ///< A1, A2: [hidden, hidden], used as h * A
  Parameter weight;      ///< v: [1, hidden]

 private:
  Eigen::Index window_;
  Matrix queries_, keys_, queries_gradient_, keys_gradient_;
  std::vector<Matrix> gates_;  ///< of each visit: s(...) of the pairs (t, j), a row each
};

}  // namespace bandstand::learning
