// rlb: exact dynamic programme of bidding under a budget (Cai et al., "Real-Time Bidding by Reinforcement
// Learning in Display Advertising", WSDM 2017).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace bandstand::experiments {

/// V(n, b): clicks to expect from n auctions and budget b; n = 0..auctions-1, b = 0..budget.
///   V(0,b) = V(n,0) = 0,  V(n,b) = V(n-1,b) + sum over d <= a(n,b) of m(d) (theta_mean + V(n-1,b-d) -
///   V(n-1,b)), a(n,b) = largest d <= min(300, b) with theta_mean + V(n-1,b-d) - V(n-1,b) >= 0.
/// Memory: 8 * auctions * (budget + 1) bytes (252 MB for 1000 and 31,508); time: about 1 s for that size.
class RlbTable {
 public:
  /// `price_law[d]` = m(d), d = 0..300.
  RlbTable(std::span<const double> price_law, double theta_mean, int auctions, int budget);

  /// Largest d <= min(300, budget_left) with value + V(n-1,b-d) - V(n-1,b) >= 0, where n auctions are left,
  /// this one included. The bid of RLB for value = theta, of SS-MDP for value = theta_mean. O(log 300).
  [[nodiscard]] int bid(double value, std::int64_t budget_left, std::int64_t auctions_left) const;
  [[nodiscard]] double value(int auctions, int budget) const { return row(auctions)[budget]; }

 private:
  [[nodiscard]] const double* row(std::int64_t n) const {
    return table_.data() + static_cast<std::size_t>(n) * (static_cast<std::size_t>(budget_) + 1);
  }
  void fill_row(const double* previous, double* next, double theta_mean) const;

  std::vector<double> law_;
  std::vector<double> cumulative_;
  int budget_;
  std::vector<double> table_;
};

}  // namespace bandstand::experiments
