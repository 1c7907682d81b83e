// next_item: ties, and lists against what was clicked.
#include "learning/sequence/next_item.h"

#include "learning/sequence/ranking.h"

namespace bandstand::learning {

Popularity::Popularity(const Visits& train) {
  for (std::size_t v = 0; v < train.size(); ++v) {
    for (const Item item : train[v]) {
      if (item >= clicks_.size()) clicks_.resize(item + 1, 0);
      ++clicks_[item];
    }
  }
}

void Popularity::keep_best(std::vector<ScoredItem>& items, std::size_t k) const {
  const auto order = [this](const ScoredItem& a, const ScoredItem& b) { return before(a, b); };
  const auto middle = items.begin() + static_cast<std::ptrdiff_t>(std::min(k, items.size()));
  std::partial_sort(items.begin(), middle, items.end(), order);
  items.erase(middle, items.end());
}

std::vector<std::uint32_t> rank_visits(NextItemModel& model, const Visits& visits) {
  std::vector<std::uint32_t> out;
  out.reserve(visits.targets());
  std::vector<ScoredItem> list;
  for (std::size_t v = 0; v < visits.size(); ++v) {
    const auto visit = visits[v];
    for (std::size_t p = visits.first_target(v); p < visit.size(); ++p) {
      model.top(visit.first(p), kListLength, list);
      const auto found = std::find_if(list.begin(), list.end(), [&](const ScoredItem& one) { return one.item == visit[p]; });
      out.push_back(found == list.end() ? 0 : static_cast<std::uint32_t>(found - list.begin()) + 1);
    }
  }
  return out;
}

}  // namespace bandstand::learning
