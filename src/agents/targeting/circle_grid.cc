// circle_grid: building.
#include "agents/targeting/circle_grid.h"

#include <algorithm>

namespace bandstand::agents::targeting {
namespace {

constexpr int kRows = 180;
constexpr int kColumns = 360;
constexpr int kCellsMax = 1024;
constexpr double kDegree = 3.14159265358979323846 / 180.0;

int row_of(double lat) noexcept { return std::clamp(static_cast<int>(std::floor(lat + 90)), 0, kRows - 1); }
int column_of(double lon) noexcept {
  const int column = static_cast<int>(std::floor(lon + 180)) % kColumns;
  return column < 0 ? column + kColumns : column;
}

}  // namespace

std::size_t CircleGrid::cell_of(double lat, double lon) noexcept {
  return static_cast<std::size_t>(row_of(lat) * kColumns + column_of(lon));
}

std::uint32_t CircleGrid::add(double lat, double lon, double radius_km) {
  const auto number = static_cast<std::uint32_t>(circles_.size());
  circles_.emplace_back(lat, lon, radius_km);
  constexpr double kMargin = 1e-3;  // degrees; far more than rounding can move a point
  const double angle = radius_km / kEarthRadiusKm;
  const double south = lat - angle / kDegree - kMargin;
  const double north = lat + angle / kDegree + kMargin;
  // Half the width in longitude, where the circle holds no pole: asin(sin r / cos lat).
  const bool pole = south <= -90 || north >= 90;
  const double ratio = pole ? 1.0 : std::sin(angle) / std::cos(lat * kDegree);
  const double half = ratio >= 1.0 ? 180.0 : std::asin(ratio) / kDegree + kMargin;
  const int rows = row_of(north) - row_of(south) + 1;
  const int columns = half >= 179 ? kColumns : static_cast<int>(2 * half) + 2;
  if (rows * columns > kCellsMax) {
    wide_.push_back(number);
    return number;
  }
  const int first = half >= 179 ? 0 : static_cast<int>(std::floor(lon - half + 180));
  const int last = half >= 179 ? kColumns - 1 : static_cast<int>(std::floor(lon + half + 180));
  for (int row = row_of(south); row <= row_of(north); ++row) {
    for (int column = first; column <= last; ++column) {
      const int wrapped = ((column % kColumns) + kColumns) % kColumns;
      pairs_.emplace_back(static_cast<std::uint32_t>(row * kColumns + wrapped), number);
    }
  }
  return number;
}

void CircleGrid::finish() {
  if (circles_.empty()) return;
  std::sort(pairs_.begin(), pairs_.end());
  pairs_.erase(std::unique(pairs_.begin(), pairs_.end()), pairs_.end());
  first_.assign(kRows * kColumns + 1, 0);
  for (const auto& [cell, circle] : pairs_) {
    ++first_[cell + 1];
    cells_.push_back(circle);
  }
  for (std::size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
  pairs_ = {};
}

}  // namespace bandstand::agents::targeting
