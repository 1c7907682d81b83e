// popular: counted once; in a visit, counted at once.
#include "learning/sequence/popular.h"

namespace bandstand::learning {

Popular::Popular(const Visits& train) {
  const Popularity popularity(train);
  for (Item item = 0; item < popularity.items(); ++item) order_.push_back({item, static_cast<double>(popularity.of(item))});
  popularity.keep_best(order_, order_.size());
}

void Popular::top(std::span<const Item>, std::size_t k, std::vector<ScoredItem>& out) {
  out.assign(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(std::min(k, order_.size())));
}

VisitPopular::VisitPopular(const Visits& train) : popularity_(train), popular_(train) {}

void VisitPopular::top(std::span<const Item> prefix, std::size_t k, std::vector<ScoredItem>& out) {
  const auto in_list = [&](Item item) {
    return std::find_if(out.begin(), out.end(), [&](const ScoredItem& one) { return one.item == item; });
  };
  out.clear();
  for (const Item item : prefix) {
    const auto found = in_list(item);
    if (found == out.end()) {
      out.push_back({item, 1});
    } else {
      ++found->score;
    }
  }
  const std::size_t distinct = out.size();
  popularity_.keep_best(out, k);
  popular_.top(prefix, k + distinct, all_);
  for (const ScoredItem& one : all_) {
    if (out.size() >= k) break;
    if (in_list(one.item) == out.end()) out.push_back({one.item, 0});
  }
}

}  // namespace bandstand::learning
