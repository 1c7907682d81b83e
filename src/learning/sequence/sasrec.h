// sasrec: Self-Attentive Sequential Recommendation: a causal transformer over the clicks of a visit.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "learning/sequence/sequence_network.h"
#include "learning/sequence/transformer_block.h"

namespace bandstand::learning {

struct SasrecOptions {
  Eigen::Index width = 50;   ///< of an item's vector, and inside
  Eigen::Index window = 50;  ///< clicks that attention looks back at, and positions
  Eigen::Index blocks = 2;
  float dropout = .25f;      ///< the authors' .5 is for long histories; short visits need less
  std::uint64_t seed = 1;
};

/// Kang and McAuley, ICDM 2018: x = sqrt(d) E[item] + P[position]; blocks (transformer_block.h); a last normalisation; the
/// score of an item is the product with its vector. One head, as the paper. The loss here is the softmax of SoftmaxLoss, not
/// the paper's binary cross entropy with one negative. Positions beyond the window share the last: visits that long are rare,
/// and states of earlier clicks need not be computed again when a click is added.
class Sasrec final : public SequenceNetwork {
 public:
  Sasrec(Eigen::Index items, const SasrecOptions& options);
  [[nodiscard]] std::string kind() const override { return "profile.sasrec"; }
  const Matrix& forward(const PackedVisits& batch, base::Rng* dropout) override;
  void backward(const Matrix& gradient) override;

 private:
  SasrecOptions options_;
  base::Rng rng_;
  Parameter item_vectors_, positions_;
  std::vector<std::unique_ptr<TransformerBlock>> blocks_;
  LayerNorm last_;
  const PackedVisits* batch_ = nullptr;
  Matrix mask_;
  std::vector<Matrix> states_;  ///< before each block, and behind the last
  Matrix out_, gradient_, before_gradient_;
};

}  // namespace bandstand::learning
