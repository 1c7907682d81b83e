// packed_visits: sorts by length, then writes click after click.
#include "learning/sequence/packed_visits.h"

#include <algorithm>
#include <numeric>

namespace bandstand::learning {

void PackedVisits::pack(std::span<const std::span<const Item>> prefixes) {
  order_.resize(prefixes.size());
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(),
                   [&](std::size_t a, std::size_t b) { return prefixes[a].size() > prefixes[b].size(); });
  lengths_.clear();
  items_.clear();
  begins_.assign(1, 0);
  for (const std::size_t one : order_) lengths_.push_back(static_cast<Eigen::Index>(prefixes[one].size()));
  const std::size_t steps = order_.empty() ? 0 : prefixes[order_[0]].size();
  for (std::size_t t = 0; t < steps; ++t) {
    for (std::size_t v = 0; v < order_.size() && prefixes[order_[v]].size() > t; ++v) items_.push_back(prefixes[order_[v]][t]);
    begins_.push_back(static_cast<Eigen::Index>(items_.size()));
  }
}

}  // namespace bandstand::learning
