// circle_grid: which of many circles contain a point: cells of one degree name the few that are worth measuring.
#pragma once

#include <cstdint>
#include <vector>

#include "agents/targeting/geo_point.h"

namespace bandstand::agents::targeting {

/// Add all, finish, then ask. Immutable once finished.
class CircleGrid {
 public:
  /// The circle's number, from 0.
  std::uint32_t add(double lat, double lon, double radius_km);
  void finish();

  [[nodiscard]] bool empty() const { return circles_.empty(); }
  [[nodiscard]] std::size_t bytes() const {
    return circles_.size() * sizeof(GeoCircle) +
           (first_.size() + cells_.size() + wide_.size()) * sizeof(std::uint32_t);
  }

  /// Calls visit(number) for each circle that contains the point, which is_place(). 0.1 us, and 2 ns a circle
  /// of the cell.
  template <class Visit>
  void each_containing(double lat, double lon, Visit visit) const {
    if (circles_.empty()) return;
    const GeoPoint point(lat, lon);
    for (const std::uint32_t circle : wide_) {
      if (circles_[circle].contains(point)) visit(circle);
    }
    const std::size_t cell = cell_of(lat, lon);
    for (std::uint32_t i = first_[cell]; i < first_[cell + 1]; ++i) {
      if (circles_[cells_[i]].contains(point)) visit(cells_[i]);
    }
  }

 private:
  static std::size_t cell_of(double lat, double lon) noexcept;

  std::vector<GeoCircle> circles_;
  std::vector<std::uint32_t> wide_;                             ///< of more cells than are worth listing
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs_;  ///< cell, circle; until finish()
  std::vector<std::uint32_t> first_, cells_;                    ///< by cell: its circles
};

}  // namespace bandstand::agents::targeting
