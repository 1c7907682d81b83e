// request_rates: how often an address, a user and a placement ask at this shard, measured before each decision.
#pragma once

#include <optional>

#include "agents/fraud/fraud_agent.h"
#include "agents/fraud/rate_sketch.h"
#include "base/clock.h"
#include "domain/auction.h"
#include "domain/identity.h"

namespace bandstand::agents::fraud {

/// The shard's rates: by address, user and placement. Asked once per request, before the decision, and
/// recorded with it.
class RequestRates {
 public:
  explicit RequestRates(RateSketchOptions options = {}) : address_(options), user_(options), placement_(options) {}

  /// Counts the request. About 60 ns.
  RateReading observe(const domain::Auction& auction, std::optional<domain::UserKey> user, base::WallTime now) noexcept;
  [[nodiscard]] std::size_t bytes() const { return address_.bytes() + user_.bytes() + placement_.bytes(); }

 private:
  RateSketch address_, user_, placement_;
};

}  // namespace bandstand::agents::fraud
