// price_law: what rivals pay in the simulated market: spikes at exchange floors over a smooth part, fitted to
// nine campaigns.
//
// Real price histograms have spikes (a tenth of all prices of one campaign is a single number), and a
// log-normal market has none; bidders that look good in one fail in the other. A law here is a few dozen
// numbers: shares of the spikes, and a mixture of log-normals for the rest. Prices are whole CPM units,
// 0..300, as in the research data; the exchange scales them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/rng.h"

namespace bandstand::simulation {

inline constexpr int kLawPriceMax = 300;

struct PriceSpike {
  int price = 0;
  double share = 0;
};

struct PriceComponent {
  double share = 0;
  double log_mean = 0;
  double log_deviation = 0;
};

class PriceLaw {
 public:
  /// Shares are scaled to sum to 1 over spikes and components together. Prices beyond 300 are paid as 300.
  PriceLaw(std::string name, std::vector<PriceSpike> spikes, std::vector<PriceComponent> components);

  /// One market price. About 10 ns; the same numbers for the same stream of chance.
  [[nodiscard]] int draw(base::Rng& rng) const;
  /// P(price <= z).
  [[nodiscard]] double cumulative(int z) const { return cumulative_[static_cast<std::size_t>(z)]; }
  [[nodiscard]] double mean() const { return mean_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::span<const PriceSpike> spikes() const { return spikes_; }
  [[nodiscard]] std::span<const PriceComponent> components() const { return components_; }
  /// Largest distance of the two cumulative laws (Kolmogorov and Smirnov). `counts` has one entry a price,
  /// 0..300.
  [[nodiscard]] double distance_to(std::span<const std::int64_t> counts) const;

 private:
  std::string name_;
  std::vector<PriceSpike> spikes_;
  std::vector<PriceComponent> components_;
  std::vector<double> cumulative_;
  std::vector<std::uint16_t>
      guide_;  ///< for u in [i, i+1) / size: the first price whose cumulative may exceed u
  double mean_ = 0;
};

/// The nine laws that ship, by iPinYou campaign: "1458" ... "3476". Made once; thread-safe.
std::span<const PriceLaw> fitted_price_laws();

/// Fits a law to a histogram: prices that stand out from their neighbours become spikes (at most `spikes`),
/// the rest a mixture of `components` log-normals by expectation maximisation. Deterministic; about 5 ms.
PriceLaw fit_price_law(const std::string& name, std::span<const std::int64_t> counts, int spikes = 10,
                       int components = 4);

/// The law as a line of price_law_table.cc.
std::string source_of(const PriceLaw& law);

}  // namespace bandstand::simulation
