// floor: what a bid must reach, and how long it lives: the arithmetic of protocol.md 1.3 and 1.5.
#include "orchestrator/auction_flow.h"

namespace bandstand::orchestrator {
namespace {

/// The highest duration floor whose range holds the duration; -1 if none does.
base::Nanos duration_floor(std::span<const domain::DurationFloor> floors, std::int32_t duration_s) {
  base::Nanos best{-1};
  for (const auto& range : floors) {
    const bool above = range.min_s <= 0 || duration_s >= range.min_s;
    const bool below = range.max_s <= 0 || duration_s <= range.max_s;
    if (above && below && range.floor > best) best = range.floor;
  }
  return best;
}

}  // namespace

Floor floor_of(const domain::Impression& impression, const domain::Deal* deal,
               const domain::Creative& creative) noexcept {
  const bool timed = creative.type == domain::MediaType::video || creative.type == domain::MediaType::audio;
  if (deal != nullptr) {
    Floor floor{deal->floor, deal->floor_currency};
    if (timed && !deal->floor_per_second.is_zero())
      floor.price = deal->floor_per_second * creative.duration_s;
    if (timed && !deal->duration_floors.empty()) {
      const base::Nanos by_duration = duration_floor(deal->duration_floors, creative.duration_s);
      if (by_duration.value >= 0) floor.price = by_duration;
    }
    return floor;
  }
  Floor floor{impression.floor, impression.floor_currency};
  const domain::TimedMedia* media =
      creative.type == domain::MediaType::audio ? impression.audio : impression.video;
  if (timed && media != nullptr) {
    if (!media->floor_per_second.is_zero()) floor.price = media->floor_per_second * creative.duration_s;
    const base::Nanos by_duration = duration_floor(media->duration_floors, creative.duration_s);
    if (by_duration.value >= 0) floor.price = by_duration;
  }
  return floor;
}

base::Duration life_of_bid(const domain::Auction& auction, const domain::Impression& impression) noexcept {
  using std::chrono::seconds;
  if (impression.expires_s > 0) return seconds(impression.expires_s);
  if (impression.interstitial || impression.video != nullptr) return seconds(1800);
  if (auction.channel != domain::Channel::app) return seconds(60);
  return seconds(impression.native != nullptr ? 600 : 300);
}

}  // namespace bandstand::orchestrator
