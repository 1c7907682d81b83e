// transformer_block: causal self-attention and a feed-forward layer over packed visits, with their backward passes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "learning/sequence/sequence_network.h"

namespace bandstand::learning {

/// Ba, Kiros, Hinton 2016, of each row: (x - mean) / sqrt(variance + 1e-5) * scale + shift.
class LayerNorm {
 public:
  explicit LayerNorm(Eigen::Index width);
  void forward(const Matrix& in, Matrix& out);
  /// Writes the gradient of the input.
  void backward(const Matrix& out_gradient, Matrix& in_gradient);

  Parameter scale, shift;  ///< [1, width]

 private:
  Matrix normal_;
  Eigen::ArrayXf inverse_;  ///< 1 / deviation of each row
};

/// SASRec's block, one head, over the last `window` clicks up to each:
///   q = LN(x); y = x + drop(softmax(q Wq (q Wk)' / sqrt d) q Wv); out = y + drop(relu(LN(y) W1 + b1) W2 + b2)
/// The authors take keys and values from x, not from LN(x); here all three come from LN(x), as in later transformers.
class TransformerBlock {
 public:
  TransformerBlock(Eigen::Index width, Eigen::Index window, float dropout, base::Rng& rng);
  void forward(const PackedVisits& batch, const Matrix& in, Matrix& out, base::Rng* dropout);
  /// Writes the gradient of the input.
  void backward(const PackedVisits& batch, const Matrix& out_gradient, Matrix& in_gradient);
  /// Enters its parameters under "prefix.".
  void name(const std::string& prefix, std::map<std::string, Parameter*>& parameters);

 private:
  void attend(const PackedVisits& batch);
  void attend_backward(const PackedVisits& batch);

  Eigen::Index width_, window_;
  float dropout_;
  LayerNorm norm1_, norm2_;
  Parameter query_key_value_;  ///< [width, 3 width]
  Parameter inner_, inner_bias_, outer_, outer_bias_;
  Matrix normal1_, projected_, attended_, mask1_, middle_, normal2_, hidden_, mask2_;
  std::vector<float> shares_;  ///< of all pairs (t, j), visit after visit
  Matrix middle_gradient_, attended_gradient_, projected_gradient_, hidden_gradient_, normal_gradient_, rest_gradient_;
};

}  // namespace bandstand::learning
