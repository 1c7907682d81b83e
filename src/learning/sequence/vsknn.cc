// vsknn: an inverted index from items to visits.
#include "learning/sequence/vsknn.h"

#include <cmath>
#include <functional>
#include <numeric>

namespace bandstand::learning {

Vsknn::Vsknn(const Visits& train, std::span<const double> times, const VsknnOptions& options)
    : options_(options), popularity_(train), with_(popularity_.items()), scores_(popularity_.items(), 0) {
  std::vector<std::size_t> order(train.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto earlier = [&](std::size_t a, std::size_t b) { return times[a] < times[b]; };
  if (!times.empty()) std::stable_sort(order.begin(), order.end(), earlier);
  for (const std::size_t v : order) {
    std::vector<Item> items(train[v].begin(), train[v].end());
    std::sort(items.begin(), items.end());
    items.erase(std::unique(items.begin(), items.end()), items.end());
    for (const Item item : items) with_[item].push_back(static_cast<std::uint32_t>(visits_.size()));
    visits_.push_back(std::move(items));
  }
  for (Item item = 0; item < popularity_.items(); ++item) {
    const auto clicks = static_cast<double>(std::max<std::size_t>(popularity_.of(item), 1));
    votes_.push_back(1 + options.rarity * std::log(static_cast<double>(train.size()) / clicks));
  }
}

void Vsknn::top(std::span<const Item> prefix, std::size_t k, std::vector<ScoredItem>& out) {
  candidates_.clear();
  std::vector<std::pair<Item, std::size_t>> last_clicks;  // item and its last position, from 1
  for (std::size_t i = prefix.size(); i > 0; --i) {
    const Item item = prefix[i - 1];
    const auto same = [&](const auto& one) { return one.first == item; };
    if (std::any_of(last_clicks.begin(), last_clicks.end(), same)) continue;
    last_clicks.emplace_back(item, i);
    if (item >= with_.size()) continue;
    const auto& visits = with_[item];
    const std::size_t from = visits.size() - std::min(visits.size(), options_.recent);  // older ones cannot be among the latest
    candidates_.insert(candidates_.end(), visits.begin() + static_cast<std::ptrdiff_t>(from), visits.end());
  }
  std::sort(candidates_.begin(), candidates_.end(), std::greater<>());
  candidates_.erase(std::unique(candidates_.begin(), candidates_.end()), candidates_.end());
  if (candidates_.size() > options_.recent) candidates_.resize(options_.recent);

  struct Neighbour {
    std::uint32_t visit;
    double similarity, decay;
  };
  std::vector<Neighbour> neighbours;
  const auto length = static_cast<double>(prefix.size());
  for (const std::uint32_t visit : candidates_) {
    Neighbour one{visit, 0, 0};
    for (const auto& [item, position] : last_clicks) {
      if (!std::binary_search(visits_[visit].begin(), visits_[visit].end(), item)) continue;
      const double weight = static_cast<double>(position) / length;
      one.similarity += weight * weight / static_cast<double>(last_clicks.size());
      if (one.decay == 0) one.decay = 1. / static_cast<double>(prefix.size() - position + 1);
    }
    neighbours.push_back(one);
  }
  std::stable_sort(neighbours.begin(), neighbours.end(),
                   [](const Neighbour& a, const Neighbour& b) { return a.similarity > b.similarity; });
  const std::size_t cut = options_.neighbours;
  tied_ = neighbours.size() > cut && neighbours[cut - 1].similarity - neighbours[cut].similarity < 1e-12;
  if (neighbours.size() > cut) neighbours.resize(cut);

  out.clear();
  for (const Neighbour& one : neighbours) {
    for (const Item item : visits_[one.visit]) {
      if (scores_[item] == 0) out.push_back({item, 0});
      scores_[item] += one.similarity * one.decay * votes_[item];
    }
  }
  for (ScoredItem& one : out) {
    one.score = scores_[one.item];
    scores_[one.item] = 0;
  }
  popularity_.keep_best(out, k);
  if (out.empty()) return;
  const double greatest = out.front().score;
  for (ScoredItem& one : out) one.score /= greatest;
}

}  // namespace bandstand::learning
