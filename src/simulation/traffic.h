// traffic: who comes when: Poisson arrivals under a day's curve, and what each visit offers for sale.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/clock.h"
#include "base/rng.h"
#include "simulation/population.h"
#include "simulation/world_shock.h"

namespace bandstand::simulation {

struct TrafficOptions {
  std::uint64_t seed = 1;
  double requests_per_second = 400;  ///< mean over a day
  double day_night_ratio = 4;        ///< busiest against quietest hour; 1: flat
  double peak_hour = 20;             ///< UTC hour of the world's day
  double start_hour = 0;
  double speed_up = 1;  ///< seconds of the world's day in a second: 1,440 packs a day into a minute
  double expiry_factor = 1;  ///< on imp.exp (60 s on the web, 300 s in apps, 1,800 s of video): squeezed with a squeezed day
  double several_impressions_share = .15;
  double deal_share = .30;     ///< of the impressions on pages for which there is a deal
  double private_share = .20;  ///< of those with a deal: private_auction = 1
  double test_share = 0;       ///< "test": 1
  std::array<double, 2> exchange_share = {.55, .45};
  std::array<std::int32_t, 2> at = {1, 2};  ///< auction type by exchange: 1 first price, 2 second price
  std::int32_t tmax_ms = 120;
};

inline constexpr int kImpressionsMax = 3;

/// One impression on offer.
struct Offer {
  std::uint8_t placement = 0;    ///< of the site
  std::int64_t floor_nanos = 0;  ///< per impression
  std::int8_t deal = -1;         ///< index into deal_kinds()
  bool private_auction = false;
};

/// One bid request, before it is JSON.
struct Visit {
  std::uint64_t number = 0;
  base::WallTime at;
  std::uint32_t user = 0, site = 0;
  std::uint8_t exchange = 0;
  std::uint8_t offers = 0;
  bool test = false;
  std::uint8_t attack = 0;  ///< AttackKind; 0: the public
  bool listed = false;      ///< of an attack: a list can know it
  std::uint64_t page = 0;   ///< of an attack: visits that lie in one place
  std::uint32_t item = 0;   ///< that the page shows; 0: not said
  std::array<Offer, kImpressionsMax> offer{};
  [[nodiscard]] std::span<const Offer> all_offers() const { return {offer.data(), offers}; }
};

/// Arrivals in order. Each visit draws its content from a stream of its own (seed, number), so that nothing
/// that happens in an auction changes who comes next: common random numbers across policies.
class Traffic {
 public:
  Traffic(const TrafficOptions& options, const Population& population, std::span<const Shock> shocks);

  /// The next arrival after the one before, as time since the world's start.
  base::Duration next();
  /// What the visit with this number offers.
  void draw(std::uint64_t number, Visit& visit) const;
  /// Arrival rate at a time, requests per second.
  [[nodiscard]] double rate_at(base::Duration since_start) const;
  /// The hour of the world's day, [0, 24).
  [[nodiscard]] double hour_at(base::Duration since_start) const;
  [[nodiscard]] const TrafficOptions& options() const { return options_; }

 private:
  void draw_offer(const Site& site, std::size_t placement, std::uint8_t exchange, base::Rng& rng,
                  Offer& offer) const;

  TrafficOptions options_;
  const Population& population_;
  std::span<const Shock> shocks_;
  base::Rng arrivals_;
  double concentration_ = 0, normaliser_ = 1, rate_max_ = 0;
  base::Duration last_{0};
};

/// Mean of the day's curve is 1 by this (modified Bessel function of the first kind, order 0).
double bessel_i0(double x);

}  // namespace bandstand::simulation
