// item_pairs: models that look at the last click alone: a row of items that went with it.
#pragma once

#include <cstdint>

#include "learning/sequence/next_item.h"

namespace bandstand::learning {

enum class PairRule : std::uint8_t {
  markov,    ///< y follows x at once: 1
  item_knn,  ///< x and y != x share a visit: visits with both / sqrt(visits with x * visits with y) (Linden et al. 2003, cosine)
  ar,        ///< any two positions of a visit, in both directions: 1 (Ludewig and Jannach 2018, "AR"); score / the row's greatest
  sr,        ///< x at s = 1..20 positions before y: 1 / s^2 ("SR", quadratic); score / the row's greatest
};

/// The row of the last click, best first. Training: O(pairs log pairs); top(): copies a row.
class ItemPairs final : public NextItemModel {
 public:
  /// `row` items of a row are kept.
  ItemPairs(const Visits& train, PairRule rule, std::size_t row = 20);
  void top(std::span<const Item> prefix, std::size_t k, std::vector<ScoredItem>& out) override;

 private:
  std::vector<std::vector<ScoredItem>> rows_;
};

}  // namespace bandstand::learning
