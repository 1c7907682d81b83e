// full_softmax: cross entropy over all items, and the ranks of the right ones.
#pragma once

#include <span>
#include <vector>

#include "learning/sequence/sequence_network.h"

namespace bandstand::learning {

/// Scores are products of vectors with item vectors. They are computed in blocks of items that stay in the cache; the exponentials
/// are kept for the second half of the gradient. Memory: 4 bytes a pair of example and item. Scores above 60 count as 60.
class FullSoftmax {
 public:
  /// Sum over examples of -log softmax(scores)[target]. `vectors` [n, d]; gradients, of the mean over examples, are written to
  /// `vectors_gradient` [n, d] and added to `items.gradient`. Cost: 6 n items d operations and an exponential a score.
  double learn(const Matrix& vectors, std::span<const Item> targets, Parameter& items, Matrix& vectors_gradient);

 private:
  std::vector<Matrix> exponentials_;  ///< of each block of items: [n, block]
  Matrix scaled_;
};

/// Rank, from 1, of each target among all items: one more than those with a higher score, or the same and a smaller number.
/// Targets that `items` lacks get rank 0: none. `vectors` [n, d].
void rank_targets(const Matrix& vectors, std::span<const Item> targets, const Matrix& items, std::span<std::uint32_t> ranks);

}  // namespace bandstand::learning
