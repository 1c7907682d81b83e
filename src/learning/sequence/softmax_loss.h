// softmax_loss: cross entropy over all items, or over a sample of them; the ranks of the right ones.
#pragma once

#include <span>
#include <vector>

#include "learning/sequence/sequence_network.h"

namespace bandstand::learning {

/// Scores are products of vectors with item vectors. They are computed in blocks of items that stay in the cache; the
/// exponentials are kept for the second half of the gradient. Memory: 4 bytes a pair of example and item. Scores above 60 count
/// as 60.
class SoftmaxLoss {
 public:
  /// Sum over examples of -log softmax(scores)[target]. `vectors` [n, d]; gradients, of the mean over examples, are written to
  /// `vectors_gradient` [n, d] and added to `items.gradient`. Cost: 6 n items d operations and an exponential a score.
  double learn(const Matrix& vectors, std::span<const Item> targets, Parameter& items, Matrix& vectors_gradient);

  /// The same with an unbiased estimate of the denominators: the targets of all examples count once, `sampled` of the other
  /// items, drawn without replacement, count for all others. What they leave out is noise, not bias, in the denominator; its
  /// logarithm is biased a little. Cost as above, for targets and sample instead of all items.
  double learn_sampled(const Matrix& vectors, std::span<const Item> targets, Parameter& items, Matrix& vectors_gradient,
                       std::size_t sampled, base::Rng& rng);

 private:
  using Columns = Eigen::MatrixXf;  ///< column by column
  /// `weights`: how many items a row of `values` stands for; empty: one.
  double learn(const Matrix& vectors, std::span<const Item> rows, const Matrix& values, const Eigen::ArrayXf& weights,
               Matrix& gradient, Matrix& vectors_gradient);

  std::vector<Columns> exponentials_;  ///< of each block of items: [block, n]
  Columns scores_, block_gradient_;
  std::vector<Item> candidates_, order_;
  std::vector<Item> row_of_;  ///< of an item among the candidates
  Matrix candidate_values_, candidate_gradient_;
};

/// Rank, from 1, of each target among all items: one more than those with a higher score, or the same and a smaller number.
/// Targets that `items` lacks get rank 0: none. `vectors` [n, d].
void rank_targets(const Matrix& vectors, std::span<const Item> targets, const Matrix& items, std::span<std::uint32_t> ranks);

}  // namespace bandstand::learning
