// evidence: who takes part in a request, what is known of each, and the features that both training and
// serving make of it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/hash.h"
#include "base/ids.h"
#include "domain/auction.h"
#include "domain/identity.h"

namespace bandstand::agents::fraud {

/// Who can be told apart in a request. `block` is the address without its last byte (IPv4) or its last eight
/// (IPv6 text: its first 19 characters); `device` the user's key, or address and user agent together where
/// there is none.
enum class PartyKind : std::uint8_t { address, block, device, agent, site, count_ };
inline constexpr std::size_t kPartyKinds = static_cast<std::size_t>(PartyKind::count_);

/// A keyed hash for each kind; 0: not in the request. Never an address itself.
using Parties = std::array<std::uint64_t, kPartyKinds>;

/// One function for the shard, the watch and the trainer. About 60 ns.
[[nodiscard]] Parties parties_of(const domain::Auction& auction,
                                 std::optional<domain::UserKey> user) noexcept;

/// What is known of a party; 0: nothing to tell.
enum class Fact : std::uint8_t {
  rate_10s,  ///< deviations of the count in the window from what is usual: z, as sign(z) ln(1 + |z|)
  rate_5m,
  rate_1h,
  clicks,     ///< how improbable so many clicks are: -log10 of the binomial's tail (Chernoff), at most 12
  quick,      ///< ln(1 + clicks less than 300 ms after the impression)
  together,   ///< ln(1 + clicks within 100 ms of another click by the same device)
  regular,    ///< 0 as irregular as people .. 1 a timer: entropy of the times between requests
  strangers,  ///< share of the last requests by devices nobody has met, beyond what is usual, 1: all; of a
              ///< device: of the addresses that it came from to its requests (HyperLogLog)
  rapid,   ///< share of requests within 100 ms of the same device's last
  volume,  ///< ln(1 + requests in the last hour)
  listed,  ///< share of the last 30 or so requests that the lists refused: who sells to robots is no honest
           ///< seller
  steady,  ///< how improbable it is for so many gaps to be within a fifth of their mean, as `clicks`: a timer
  unmet,   ///< how improbable so many strangers are among the last 32 requests, as `clicks`; 0 for a device
  drains,  ///< log-likelihood ratio, 0 to 12, of who clicks half of what campaigns under a click drain show (`CampaignClicks`) to
           ///< who clicks as is usual
  count_
};
inline constexpr std::size_t kFacts = static_cast<std::size_t>(Fact::count_);
using Evidence = std::array<float, kFacts>;
/// By PartyKind; all 0 for a party of which nothing is known.
using Dossier = std::array<Evidence, kPartyKinds>;

/// A number for each fact of each party, and each again past its knee, so that a linear model can wait for
/// much.
inline constexpr std::size_t kFraudFeatures = 2 * kPartyKinds * kFacts;
using FraudFeatures = std::array<float, kFraudFeatures>;
/// Pure; about 30 ns.
[[nodiscard]] FraudFeatures features_of(const Dossier& dossier) noexcept;

/// What a shard tells the watch of a request, whether it was answered or refused.
struct Sighting {
  base::DecisionId decision;
  Parties parties{};
  base::WallTime at;
  bool listed = false;  ///< the lists refused it (Verdict::invalid)
};

}  // namespace bandstand::agents::fraud
