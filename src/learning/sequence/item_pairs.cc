// item_pairs: all pairs in one array, sorted and summed.
#include "learning/sequence/item_pairs.h"

#include <cmath>

namespace bandstand::learning {
namespace {

constexpr std::size_t kStepsBack = 20;  ///< of sr

struct Pair {
  Item from, to;
  double weight;
};

void add_pairs(std::span<const Item> visit, PairRule rule, std::vector<Pair>& out) {
  if (rule == PairRule::markov) {
    for (std::size_t i = 1; i < visit.size(); ++i) out.push_back({visit[i - 1], visit[i], 1});
  } else if (rule == PairRule::sr) {
    for (std::size_t i = 1; i < visit.size(); ++i) {
      for (std::size_t s = 1; s <= std::min(kStepsBack, i); ++s) {
        out.push_back({visit[i - s], visit[i], 1. / static_cast<double>(s * s)});
      }
    }
  } else {
    std::vector<Item> items(visit.begin(), visit.end());
    if (rule == PairRule::item_knn) {
      std::sort(items.begin(), items.end());
      items.erase(std::unique(items.begin(), items.end()), items.end());
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        out.push_back({items[i], items[j], 1});
        out.push_back({items[j], items[i], 1});
      }
    }
  }
}

std::vector<double> visits_with(const Visits& train, std::size_t items) {
  std::vector<double> out(items, 0);
  std::vector<std::size_t> last(items, 0);  // visit in which it was counted last, from 1
  for (std::size_t v = 0; v < train.size(); ++v) {
    for (const Item item : train[v]) {
      out[item] += last[item] == v + 1 ? 0 : 1;
      last[item] = v + 1;
    }
  }
  return out;
}

}  // namespace

ItemPairs::ItemPairs(const Visits& train, PairRule rule, std::size_t row) {
  const Popularity popularity(train);
  std::vector<Pair> pairs;
  for (std::size_t v = 0; v < train.size(); ++v) add_pairs(train[v], rule, pairs);
  // Stable: the weights of a pair are summed in the order of the visits.
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.from != b.from ? a.from < b.from : a.to < b.to; });
  rows_.resize(popularity.items());
  for (const Pair& pair : pairs) {
    auto& one = rows_[pair.from];
    if (one.empty() || one.back().item != pair.to) one.push_back({pair.to, 0});
    one.back().score += pair.weight;
  }
  const auto visits = visits_with(train, popularity.items());
  for (Item from = 0; from < rows_.size(); ++from) {
    auto& one = rows_[from];
    if (rule == PairRule::item_knn) {
      for (ScoredItem& to : one) to.score /= std::sqrt(visits[from] * visits[to.item]);
    }
    popularity.keep_best(one, row);
    one.shrink_to_fit();
    if (one.empty() || rule == PairRule::markov || rule == PairRule::item_knn) continue;
    const double greatest = one.front().score;
    for (ScoredItem& to : one) to.score /= greatest;
  }
}

void ItemPairs::top(std::span<const Item> prefix, std::size_t k, std::vector<ScoredItem>& out) {
  out.clear();
  if (prefix.empty() || prefix.back() >= rows_.size()) return;
  const auto& row = rows_[prefix.back()];
  out.assign(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(std::min(k, row.size())));
}

}  // namespace bandstand::learning
