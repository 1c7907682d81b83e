// request_rates: three sketches, one look each.
#include "agents/fraud/request_rates.h"

#include "base/hash.h"

namespace bandstand::agents::fraud {

RateReading RequestRates::observe(const domain::Auction& auction, std::optional<domain::UserKey> user,
                                  base::WallTime now) noexcept {
  RateReading reading;
  const std::string_view address = auction.device.ip.empty() ? auction.device.ipv6 : auction.device.ip;
  if (!address.empty()) reading.by_address = address_.add(base::hash64(address), now);
  if (user) reading.by_user = user_.add(user->value, now);
  for (const domain::Impression& impression : auction.impressions) {
    if (impression.tag_id.empty()) continue;
    const auto key = base::hash64(impression.tag_id, auction.exchange + std::uint64_t{1});
    reading.by_placement = std::max(reading.by_placement, placement_.add(key, now));
  }
  return reading;
}

}  // namespace bandstand::agents::fraud
