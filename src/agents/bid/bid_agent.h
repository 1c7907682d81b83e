// bid_agent: what price?
#pragma once

#include <cstdint>
#include <variant>

#include "agents/agent_context.h"
#include "base/money.h"
#include "base/result.h"
#include "domain/auction.h"
#include "domain/decision.h"

namespace bandstand::agents::bid {

/// Where prices follow one law: the landscapes are kept per key.
struct MarketKey {
  std::uint16_t exchange = 0;
  std::uint8_t media = 1;        ///< domain::MediaType
  std::uint8_t device = 0;       ///< domain::DeviceType
  std::uint32_t size = 0;        ///< w << 16 | h
};

struct BidInput {
  double value = 0;        ///< what the impression is expected to be worth, nanos (value of the goal times its rate)
  float mu = 1;            ///< shadow price of the line item's money
  base::Nanos floor;       ///< in the campaign's currency; 0 = none
  base::Nanos cap;         ///< min of the line item's bid_max and what its lease holds
  std::uint8_t at = 2;     ///< 1 first price, 2 second price, 3 fixed price (floor is the price)
  MarketKey market;
  float residual = 0;      ///< what a trained control of the budget would add to ln mu; policies without one leave it be
};

/// Why no price was named. Not an error: most requests end here.
enum class Pass : std::uint8_t { below_floor, no_value, cap_below_floor };

struct Price {
  base::Nanos price;            ///< in [max(floor, 1), cap]
  float win_probability = 0;    ///< by the landscape; 0 if unknown
};
using BidAnswer = std::variant<Price, Pass>;

class BidAgent {
 public:
  virtual ~BidAgent() = default;
  /// Names a price or passes. No I/O, no allocation; below 0.3 us.
  [[nodiscard]] virtual base::Result<domain::Decided<BidAnswer>> decide(const BidInput& input, AgentContext& context) = 0;
};

/// On error: the line item's conservative constant, inside floor and cap, or a pass.
[[nodiscard]] inline BidAnswer bid_fallback(const BidInput& input, base::Nanos bid_default) noexcept {
  const base::Nanos price = bid_default < input.cap ? bid_default : input.cap;
  if (price.value <= 0) return Pass::no_value;
  if (price < input.floor) return Pass::below_floor;
  return Price{price, 0};
}

}  // namespace bandstand::agents::bid
