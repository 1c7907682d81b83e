// ranking: where the right items stood in the lists, and what that comes to.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "learning/sequence/visits.h"

namespace bandstand::learning {

/// The papers' cut.
inline constexpr std::uint32_t kListLength = 20;

/// Ranks count from 1; 0: not in the list.
struct RankFigures {
  std::size_t targets = 0, hits = 0;
  double reciprocals = 0;  ///< sum of 1 / rank of the hits

  void add(std::uint32_t rank) {
    ++targets;
    if (rank == 0 || rank > kListLength) return;
    ++hits;
    reciprocals += 1. / rank;
  }
  /// Recall@20 (= P@20 of the papers, HR@20), 0..1.
  [[nodiscard]] double recall() const { return targets == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(targets); }
  /// MRR@20, 0..1.
  [[nodiscard]] double mrr() const { return targets == 0 ? 0 : reciprocals / static_cast<double>(targets); }
};

[[nodiscard]] inline RankFigures figures_of(std::span<const std::uint32_t> ranks) {
  RankFigures out;
  for (const std::uint32_t rank : ranks) out.add(rank);
  return out;
}

/// The visits that examples are of: for each target of `examples`, in order, the number of its visit, counted from 0. A `prefix
/// TAB target` file has a visit's examples one behind the other, the longest first: one that lacks but the last click is of the
/// same.
[[nodiscard]] std::vector<std::size_t> visits_of_targets(const Visits& examples);

}  // namespace bandstand::learning
