// market: the crowd by the law of the site, the rivals by value times pace.
#include "simulation/market.h"

#include <algorithm>
#include <cmath>

namespace bandstand::simulation {

Market::Market(const MarketOptions& options, const Population& population, double impressions_per_second,
               std::span<const Shock> shocks)
    : options_(options), population_(population), shocks_(shocks), window_end_(options.window) {
  for (const Site& site : population.sites())
    mean_price_nanos_ += fitted_price_laws()[site.law].mean() * site.quality;
  mean_price_nanos_ *=
      static_cast<double>(options.nanos_per_unit) / static_cast<double>(population.sites().size());
  base::Rng rng(base::mix64(options.seed ^ 0x2174'A100ull));
  for (int i = 0; i < options.rivals; ++i) {
    Rival rival;
    for (int k = 0; k < 4; ++k)
      rival.topics = static_cast<std::uint16_t>(rival.topics | 1u << rng.below(kTopics));
    rival.value_nanos = mean_price_nanos_ * std::exp(.4 * rng.normal());
    rivals_.push_back(rival);
  }
  const double seconds = static_cast<double>(options.window.count()) * 1e-9;
  budget_per_window_ = impressions_per_second * seconds * mean_price_nanos_ * options.rival_share;
}

Competition Market::draw(const Visit& visit, std::size_t index, base::Duration since_start) {
  const Site& site = population_.sites()[visit.site];
  const SlotKind& slot = slot_kinds()[site.placements[visit.offer[index].placement].slot];
  base::Rng rng(base::mix64(options_.seed ^ 0xC202'0000ull) ^
                base::mix64(visit.number * kImpressionsMax + index));
  const double scale = site.quality * slot.price * factor_at(shocks_, Shock::Kind::price, since_start);
  const int units = fitted_price_laws()[site.law].draw(rng);
  Competition best;
  best.price_nanos = std::llround(units * static_cast<double>(options_.nanos_per_unit) * scale);
  for (std::size_t i = 0; i < rivals_.size(); ++i) {
    const bool looks = rng.chance(options_.rival_presence);
    const double luck = .5 + rng.uniform();
    if (!looks) continue;
    const Rival& rival = rivals_[i];
    const double liking = (rival.topics >> site.topic & 1) != 0 ? 2 : 1;
    const auto bid = std::llround(rival.value_nanos * rival.pace * liking * luck * scale);
    if (bid > best.price_nanos) best = {bid, static_cast<int>(i)};
  }
  // An exchange's prices have at most six decimals, which is what a nano per impression is.
  best.price_nanos = std::clamp<std::int64_t>(best.price_nanos, 0, base::kCpmMax.value);
  return best;
}

void Market::charge(const Competition& winner, std::int64_t price_nanos) {
  if (winner.rival < 0) return;
  Rival& rival = rivals_[static_cast<std::size_t>(winner.rival)];
  rival.spent_nanos += price_nanos;
  rival.total_nanos += price_nanos;
}

void Market::advance(base::Duration since_start, double level) {
  while (since_start >= window_end_) {
    const double budget = budget_per_window_ * (options_.rivals_follow_traffic ? level : 1) *
                          factor_at(shocks_, Shock::Kind::rival_budget, window_end_);
    for (Rival& rival : rivals_) {
      const double error = budget > 0 ? static_cast<double>(rival.spent_nanos) / budget - 1 : 1;
      rival.pace =
          std::clamp(rival.pace * std::exp(-options_.correction * std::clamp(error, -1.0, 2.0)), .02, 20.0);
      rival.spent_nanos = 0;
    }
    window_end_ += options_.window;
  }
}

}  // namespace bandstand::simulation
