// market: who else wants the impression: an anonymous crowd that pays by a fitted price law, and a handful of
// rivals with interests, budgets and a pace of their own.
//
// 1. The crowd's price belongs to the visit alone. Rivals adapt: they bid less once they win too much, so
// what
//    Bandstand leaves to them, or takes from them, comes back as another price.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/money.h"
#include "base/rng.h"
#include "simulation/price_law.h"
#include "simulation/traffic.h"

namespace bandstand::simulation {

struct MarketOptions {
  std::uint64_t seed = 1;
  std::int64_t nanos_per_unit = 20'000;  ///< a whole unit of the price law, per impression: 0.02 CPM
  int rivals = 6;
  double rival_share = .06;                         ///< of the market's money that each rival wants to spend
  double rival_presence = .4;                       ///< chance that a rival looks at an impression at all
  base::Duration window = std::chrono::seconds(1);  ///< in which rivals correct their pace
  double correction = .2;  ///< of the pace's logarithm per window, per relative error
  /// False: rivals spend evenly by the clock, so that quiet hours are dear. True: in proportion to traffic.
  bool rivals_follow_traffic = false;
};

/// The best offer against Bandstand.
struct Competition {
  std::int64_t price_nanos = 0;  ///< per impression
  int rival = -1;                ///< who; -1: the crowd
};

class Market {
 public:
  Market(const MarketOptions& options, const Population& population, double impressions_per_second,
         std::span<const Shock> shocks);

  /// What impression `index` of the visit costs to win. Common random numbers: depends on visit, index, the
  /// rivals' pace.
  Competition draw(const Visit& visit, std::size_t index, base::Duration since_start);
  /// A rival won and pays.
  void charge(const Competition& winner, std::int64_t price_nanos);
  /// Rivals correct their pace when their windows end. `level`: traffic now, relative to the day's mean.
  void advance(base::Duration since_start, double level);
  /// Mean price of the crowd over sites, in nanos: what budgets are sized by.
  [[nodiscard]] double mean_price_nanos() const { return mean_price_nanos_; }
  /// By how much rival `i` scales its bids now.
  [[nodiscard]] double pace(std::size_t i) const { return rivals_[i].pace; }
  [[nodiscard]] std::size_t rivals() const { return rivals_.size(); }

 private:
  struct Rival {
    std::uint16_t topics = 0;  ///< bit set: pays double there
    double value_nanos = 0;
    double pace = 1;
    std::int64_t spent_nanos = 0;  ///< in this window
    std::int64_t total_nanos = 0;
  };

  MarketOptions options_;
  const Population& population_;
  std::span<const Shock> shocks_;
  std::vector<Rival> rivals_;
  double budget_per_window_ = 0;
  double mean_price_nanos_ = 0;
  base::Duration window_end_{0};
};

}  // namespace bandstand::simulation
