// visits: click sequences in memory, their items numbered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bandstand::learning {

/// Number of an item in a vocabulary.
using Item = std::uint32_t;

/// Sequences of items, one after another in one array. Memory: 4 bytes a click, 12 a visit.
class Visits {
 public:
  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  [[nodiscard]] std::span<const Item> operator[](std::size_t visit) const {
    const std::size_t begin = visit == 0 ? 0 : ends_[visit - 1];
    return {clicks_.data() + begin, ends_[visit] - begin};
  }
  /// The first position of a visit that is to be predicted from those before it; at least 1.
  [[nodiscard]] std::size_t first_target(std::size_t visit) const { return first_targets_[visit]; }
  [[nodiscard]] std::size_t clicks() const { return clicks_.size(); }
  /// Positions that are to be predicted.
  [[nodiscard]] std::size_t targets() const { return targets_; }

  void add(std::span<const Item> items, std::size_t first_target = 1) {
    clicks_.insert(clicks_.end(), items.begin(), items.end());
    ends_.push_back(clicks_.size());
    first_targets_.push_back(static_cast<std::uint32_t>(first_target));
    targets_ += items.size() > first_target ? items.size() - first_target : 0;
  }
  /// Visits begin..end-1.
  [[nodiscard]] Visits part(std::size_t begin, std::size_t end) const {
    Visits out;
    for (std::size_t v = begin; v < end; ++v) out.add((*this)[v], first_target(v));
    return out;
  }

 private:
  std::vector<Item> clicks_;
  std::vector<std::size_t> ends_;
  std::vector<std::uint32_t> first_targets_;
  std::size_t targets_ = 0;
};

}  // namespace bandstand::learning
