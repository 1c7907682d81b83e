// vsknn: the visits of others that were most like this one vote for what comes next.
#pragma once

#include <cstdint>

#include "learning/sequence/next_item.h"

namespace bandstand::learning {

struct VsknnOptions {
  std::size_t neighbours = 500;  ///< visits that vote
  std::size_t recent = 2500;     ///< of the visits that share an item, the latest that are compared
  double rarity = 5;             ///< weight of an item's rarity in its votes
};

/// V-SKNN (Ludewig and Jannach 2018) with the weights that reproduce the lists stored in their session-rec. Of the clicks
/// x_1..x_n, an item weighs (i/n)^2, i its last. Similarity of a visit: the sum of the weights of the items that it shares /
/// the number of distinct items here. It gives each of its items similarity / s x (1 + rarity x ln(visits / clicks of the
/// item)), s = 1 if it shares the last click, 2 if not that but the one before, and so on. Scores are divided by the greatest.
/// Memory: the visits twice. Cost: O(`recent` x clicks here) and the sort of both.
class Vsknn final : public NextItemModel {
 public:
  /// `times`: of the visits' last clicks; empty if the visits are in order of time.
  Vsknn(const Visits& train, std::span<const double> times, const VsknnOptions& options);
  void top(std::span<const Item> prefix, std::size_t k, std::vector<ScoredItem>& out) override;
  /// Whether the last call left out a visit as similar as one that voted: another choice would have been as right.
  [[nodiscard]] bool tied() const { return tied_; }

 private:
  VsknnOptions options_;
  Popularity popularity_;
  std::vector<std::vector<Item>> visits_;            ///< distinct items, ascending; the latest visit last
  std::vector<std::vector<std::uint32_t>> with_;     ///< visits of each item, ascending
  std::vector<double> votes_;                        ///< of each item: 1 + rarity x ln(visits / clicks)
  bool tied_ = false;
  std::vector<double> scores_;                       ///< of each item; 0 between calls
  std::vector<std::uint32_t> candidates_;
};

}  // namespace bandstand::learning
