// traffic: thinning for the arrivals, a stream of chance a visit for their content.
#include "simulation/traffic.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "base/check.h"

namespace bandstand::simulation {

double bessel_i0(double x) {
  double term = 1;
  double sum = 1;
  for (int k = 1; k < 40; ++k) {
    term *= (x / 2) * (x / 2) / (k * k);
    sum += term;
  }
  return sum;
}

Traffic::Traffic(const TrafficOptions& options, const Population& population, std::span<const Shock> shocks)
    : options_(options),
      population_(population),
      shocks_(shocks),
      arrivals_(base::mix64(options.seed ^ 0xA221ull)) {
  BANDSTAND_CHECK(options.requests_per_second > 0 && options.day_night_ratio >= 1);
  // exp(k cos) is a day with one peak; its extremes differ by exp(2k).
  concentration_ = std::log(options.day_night_ratio) / 2;
  normaliser_ = bessel_i0(concentration_);
  double boost = 1;
  for (const Shock& shock : shocks_) {
    if (shock.kind == Shock::Kind::traffic) boost *= std::max(1.0, shock.factor);
  }
  rate_max_ = options.requests_per_second * boost * std::exp(concentration_) / normaliser_;
}

double Traffic::hour_at(base::Duration since_start) const {
  const double hours = static_cast<double>(since_start.count()) * 1e-9 * options_.speed_up / 3600;
  return std::fmod(options_.start_hour + hours, 24);
}

double Traffic::rate_at(base::Duration since_start) const {
  const double angle = 2 * std::numbers::pi * (hour_at(since_start) - options_.peak_hour) / 24;
  return options_.requests_per_second * std::exp(concentration_ * std::cos(angle)) / normaliser_ *
         factor_at(shocks_, Shock::Kind::traffic, since_start);
}

base::Duration Traffic::next() {
  do {
    last_ += base::Duration{static_cast<std::int64_t>(arrivals_.exponential() / rate_max_ * 1e9)};
  } while (arrivals_.uniform() * rate_max_ >= rate_at(last_));
  return last_;
}

void Traffic::draw(std::uint64_t number, Visit& visit) const {
  base::Rng rng(base::mix64(options_.seed ^ 0x0F15'1700ull) ^ base::mix64(number));
  visit.number = number;
  visit.user = population_.draw_user(rng);
  const User& user = population_.users()[visit.user];
  visit.site = population_.draw_site(user, rng);
  const Site& site = population_.sites()[visit.site];
  const double shares = options_.exchange_share[0] + options_.exchange_share[1];
  visit.exchange = rng.uniform() * shares < options_.exchange_share[0] ? 0 : 1;
  visit.test = rng.chance(options_.test_share);

  std::array<std::uint8_t, 8> order{};
  const std::size_t placements = site.placements.size();
  for (std::size_t i = 0; i < placements; ++i) order[i] = static_cast<std::uint8_t>(i);
  for (std::size_t i = 0; i + 1 < placements; ++i) std::swap(order[i], order[i + rng.below(placements - i)]);
  std::size_t offers = 1;
  if (rng.chance(options_.several_impressions_share)) offers = 2 + rng.below(2);
  visit.offers = static_cast<std::uint8_t>(std::min({offers, placements, std::size_t{kImpressionsMax}}));
  for (std::size_t i = 0; i < visit.offers; ++i)
    draw_offer(site, order[i], visit.exchange, rng, visit.offer[i]);
  // A stream of its own, so that a world without items stays as it is.
  base::Rng items(base::mix64(options_.seed ^ 0x17E0'5EE2ull) + number);
  visit.item = population_.draw_item(user, items);
}

void Traffic::draw_offer(const Site& site, std::size_t placement, std::uint8_t exchange, base::Rng& rng,
                         Offer& offer) const {
  offer = {};
  offer.placement = static_cast<std::uint8_t>(placement);
  offer.floor_nanos = site.placements[placement].floor_nanos;
  for (std::size_t i = 0; i < deal_kinds().size(); ++i) {
    const DealKind& deal = deal_kinds()[i];
    if (deal.topic != site.topic || deal.exchange != kExchangeNames[exchange]) continue;
    if (!rng.chance(options_.deal_share)) continue;
    offer.deal = static_cast<std::int8_t>(i);
    offer.private_auction = rng.chance(options_.private_share);
  }
}

}  // namespace bandstand::simulation
