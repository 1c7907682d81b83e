// packed_visits: visits of different lengths as the rows of one matrix, without padding.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "learning/sequence/visits.h"

namespace bandstand::learning {

/// The longest visit first; first all visits' first clicks, then all second clicks, and so on. Row (visit v, click t) is
/// begin(t) + v, and the visits with a click t are 0..width(t)-1, so that a recurrent network reads and writes blocks of rows.
class PackedVisits {
 public:
  /// Prefixes to read, each of at least one item; they must outlive this. The order of equal lengths is kept.
  void pack(std::span<const std::span<const Item>> prefixes);

  [[nodiscard]] Eigen::Index rows() const { return static_cast<Eigen::Index>(items_.size()); }
  [[nodiscard]] Eigen::Index steps() const { return static_cast<Eigen::Index>(begins_.size()) - 1; }
  [[nodiscard]] Eigen::Index begin(Eigen::Index step) const { return begins_[static_cast<std::size_t>(step)]; }
  [[nodiscard]] Eigen::Index width(Eigen::Index step) const { return begin(step + 1) - begin(step); }
  [[nodiscard]] Eigen::Index visits() const { return static_cast<Eigen::Index>(order_.size()); }
  [[nodiscard]] Eigen::Index length(Eigen::Index visit) const { return lengths_[static_cast<std::size_t>(visit)]; }
  [[nodiscard]] Eigen::Index row(Eigen::Index visit, Eigen::Index step) const { return begin(step) + visit; }
  /// Of a row.
  [[nodiscard]] Item item(Eigen::Index row) const { return items_[static_cast<std::size_t>(row)]; }
  /// Which of the given prefixes packed visit `visit` is.
  [[nodiscard]] std::size_t source(Eigen::Index visit) const { return order_[static_cast<std::size_t>(visit)]; }

 private:
  std::vector<std::size_t> order_;
  std::vector<Eigen::Index> lengths_, begins_;
  std::vector<Item> items_;
};

}  // namespace bandstand::learning
