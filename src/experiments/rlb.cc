// rlb: the table, row by row, sixteen budgets at a time.
#include "experiments/rlb.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "experiments/bidding_data.h"

namespace bandstand::experiments {
namespace {

constexpr int kLanes = 4;
constexpr int kVectors = 4;
constexpr int kTile = kLanes * kVectors;
using Vector = double __attribute__((vector_size(kLanes * sizeof(double))));

Vector load(const double* from) {
  Vector vector;
  std::memcpy(&vector, from, sizeof vector);
  return vector;
}

/// sum over d = 0..last of law[d] * previous[b - d], for the 16 budgets from `b` on. Four accumulators in
/// registers: each weight is read once, and the additions do not wait for each other.
std::array<double, kTile> convolve(const double* law, const double* previous, int last) {
  Vector sums[kVectors] = {};
  for (int d = 0; d <= last; ++d) {
    const Vector weight = Vector{} + law[d];
    const double* from = previous - d;
    for (int v = 0; v < kVectors; ++v) sums[v] += weight * load(from + v * kLanes);
  }
  std::array<double, kTile> out;
  std::memcpy(out.data(), sums, sizeof out);
  return out;
}

}  // namespace

RlbTable::RlbTable(std::span<const double> price_law, double theta_mean, int auctions, int budget)
    : law_(price_law.begin(), price_law.end()),
      cumulative_(price_law.size()),
      budget_(budget),
      table_(static_cast<std::size_t>(auctions) * (static_cast<std::size_t>(budget) + 1)) {
  BANDSTAND_CHECK(price_law.size() == kPriceMax + 1 && auctions >= 1 && budget >= 0);
  double sum = 0;
  for (std::size_t d = 0; d < law_.size(); ++d) cumulative_[d] = sum += law_[d];
  for (int n = 1; n < auctions; ++n) {
    const double* previous = row(n - 1);
    fill_row(previous, table_.data() + (row(n) - table_.data()), theta_mean);
  }
}

void RlbTable::fill_row(const double* previous, double* next, double theta_mean) const {
  next[0] = 0;
  int lowest = 0;  // the least budget worth having after a win: it only rises with b, since V does
  std::array<int, kTile> best{};
  for (int begin = 1; begin <= budget_; begin += kTile) {
    const int count = std::min(kTile, budget_ - begin + 1);
    int common = kPriceMax;
    for (int i = 0; i < count; ++i) {
      const int b = begin + i;
      while (theta_mean + previous[lowest] - previous[b] < 0) ++lowest;
      best[static_cast<std::size_t>(i)] = std::min(kPriceMax, b - lowest);
      common = std::min(common, best[static_cast<std::size_t>(i)]);
    }
    // What the whole tile shares goes through the vector units; the few prices beyond, one by one.
    std::array<double, kTile> sums{};
    const bool whole = count == kTile;
    if (whole) sums = convolve(law_.data(), previous + begin, common);
    for (int i = 0; i < count; ++i) {
      const int b = begin + i;
      const int a = best[static_cast<std::size_t>(i)];
      double sum = sums[static_cast<std::size_t>(i)];
      for (int d = whole ? common + 1 : 0; d <= a; ++d)
        sum += law_[static_cast<std::size_t>(d)] * previous[b - d];
      const double won = cumulative_[static_cast<std::size_t>(a)];
      next[b] = previous[b] * (1 - won) + theta_mean * won + sum;
    }
  }
}

int RlbTable::bid(double value, std::int64_t budget_left, std::int64_t auctions_left) const {
  const double* v = row(auctions_left - 1);
  const double here = v[budget_left];
  int low = 0;  // always good enough: value >= 0
  int high = static_cast<int>(std::min<std::int64_t>(kPriceMax, budget_left));
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (value + v[budget_left - middle] - here >= 0) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

}  // namespace bandstand::experiments
