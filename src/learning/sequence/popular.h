// popular: what is clicked most, by everybody or in this visit.
#pragma once

#include "learning/sequence/next_item.h"

namespace bandstand::learning {

/// POP: the items with the most clicks in train.
class Popular final : public NextItemModel {
 public:
  explicit Popular(const Visits& train);
  void top(std::span<const Item> prefix, std::size_t k, std::vector<ScoredItem>& out) override;

 private:
  std::vector<ScoredItem> order_;  ///< all items
};

/// S-POP (Hidasi et al. 2016): the items of the visit by their clicks in it, then the popular items that it lacks.
class VisitPopular final : public NextItemModel {
 public:
  explicit VisitPopular(const Visits& train);
  void top(std::span<const Item> prefix, std::size_t k, std::vector<ScoredItem>& out) override;

 private:
  Popularity popularity_;
  Popular popular_;
  std::vector<ScoredItem> all_;
};

}  // namespace bandstand::learning
