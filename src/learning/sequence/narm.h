// narm: Neural Attentive Recommendation Machine: a GRU, attention over its states, a bilinear decoder. It is not a transformer.
#pragma once

#include <cstdint>

#include "learning/sequence/additive_attention.h"
#include "learning/sequence/gru.h"
#include "learning/sequence/sequence_network.h"

namespace bandstand::learning {

/// The paper's values.
struct NarmOptions {
  Eigen::Index width = 50;    ///< of an item's vector
  Eigen::Index hidden = 100;  ///< of the GRU
  Eigen::Index window = 50;   ///< clicks that the attention looks back at
  float input_dropout = .25f, output_dropout = .5f;
  std::uint64_t seed = 1;
};

/// Li, Ren, Chen, Ren, Lian, Ma: Neural Attentive Session-based Recommendation, CIKM 2017:
///   h_t = GRU(e_t), c_t = [h_t ; attention over h_1..h_t], score of item i = e_i . B c_t.
/// forward() gives B c_t, of the items' width.
class Narm final : public SequenceNetwork {
 public:
  Narm(Eigen::Index items, const NarmOptions& options);
  [[nodiscard]] std::string kind() const override { return "profile.narm"; }
  const Matrix& forward(const PackedVisits& batch, base::Rng* dropout) override;
  void backward(const Matrix& gradient) override;

 private:
  NarmOptions options_;
  base::Rng rng_;  ///< of the first values
  Parameter item_vectors_;
  Gru gru_;
  AdditiveAttention attention_;
  Parameter decoder_;  ///< B transposed: [2 hidden, width]
  const PackedVisits* batch_ = nullptr;
  Matrix input_mask_, inputs_, states_, local_, output_mask_, both_, out_;
  Matrix both_gradient_, local_gradient_, states_gradient_, inputs_gradient_;
};

}  // namespace bandstand::learning
