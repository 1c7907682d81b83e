// ranking: examples of one visit are told by their prefixes.
#include "learning/sequence/ranking.h"

#include <algorithm>

namespace bandstand::learning {

std::vector<std::size_t> visits_of_targets(const Visits& examples) {
  std::vector<std::size_t> out;
  out.reserve(examples.targets());
  std::size_t visit = 0;
  for (std::size_t v = 0; v < examples.size(); ++v) {
    if (v > 0) {
      const auto longer = examples[v - 1], one = examples[v];
      const bool single = examples.first_target(v - 1) + 1 == longer.size() && longer.size() > 2;
      const bool same = single && one.size() + 1 == longer.size() && std::equal(one.begin(), one.end(), longer.begin());
      visit += same ? 0 : 1;
    }
    for (std::size_t p = examples.first_target(v); p < examples[v].size(); ++p) out.push_back(visit);
  }
  return out;
}

}  // namespace bandstand::learning
