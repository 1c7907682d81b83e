// next_item: one interface for models that name what comes next.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "learning/sequence/visits.h"

namespace bandstand::learning {

struct ScoredItem {
  Item item = 0;
  double score = 0;
  friend bool operator==(const ScoredItem&, const ScoredItem&) = default;
};

/// After training, top() changes nothing but scratch memory. One thread.
class NextItemModel {
 public:
  virtual ~NextItemModel() = default;
  /// The best `k` items after these clicks, best first; fewer if the model knows fewer. The prefix is not empty; it may hold
  /// items that were not in train.
  virtual void top(std::span<const Item> prefix, std::size_t k, std::vector<ScoredItem>& out) = 0;
};

/// Clicks of each item in train; of others 0.
class Popularity {
 public:
  explicit Popularity(const Visits& train);
  [[nodiscard]] std::size_t of(Item item) const { return item < clicks_.size() ? clicks_[item] : 0; }
  [[nodiscard]] std::size_t items() const { return clicks_.size(); }
  /// The rule for ties of all counting models: the greater score, then the more popular, then the smaller number.
  [[nodiscard]] bool before(const ScoredItem& a, const ScoredItem& b) const {
    if (a.score != b.score) return a.score > b.score;
    return of(a.item) != of(b.item) ? of(a.item) > of(b.item) : a.item < b.item;
  }
  /// Sorts, and cuts off what is behind the best k.
  void keep_best(std::vector<ScoredItem>& items, std::size_t k) const;

 private:
  std::vector<std::size_t> clicks_;
};

/// Rank of each target of `visits` in the model's list of kListLength, in their order; 0: not in it.
[[nodiscard]] std::vector<std::uint32_t> rank_visits(NextItemModel& model, const Visits& visits);

}  // namespace bandstand::learning
