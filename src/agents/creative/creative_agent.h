// creative_agent: which creative, with what probability, and what response does it promise?
#pragma once

#include <cstdint>
#include <span>

#include "agents/agent_context.h"
#include "base/result.h"
#include "domain/auction.h"
#include "domain/catalogue.h"
#include "domain/decision.h"
#include "domain/user_vector.h"

namespace bandstand::agents::creative {

/// What the choice may depend on. The same struct is logged and learned from.
struct ResponseContext {
  const domain::Auction& auction;
  const domain::Impression& impression;
  std::uint32_t user_topic = 0;      ///< strongest interest; 0 = unknown
  float user_topic_weight = 0;
  std::uint16_t impressions_seen = 0;///< of this user so far (fatigue)
  domain::Taste taste{};             ///< of the profile's model; zeros: unknown
};

struct CreativeInput {
  ResponseContext response;
  std::uint32_t line_item = 0;
  std::span<const std::uint32_t> fitting;  ///< creative indexes that may be shown here, at least one
};

struct CreativeAnswer {
  std::uint32_t creative = 0;  ///< index in the catalogue
  float click_rate = 0;        ///< predicted, calibrated, of the chosen one
  float conversion_rate = 0;   ///< of an impression
};

class CreativeAgent {
 public:
  virtual ~CreativeAgent() = default;
  /// Propensity of the choice among `fitting` is in Decided. About 0.2 us a fitting creative.
  [[nodiscard]] virtual base::Result<domain::Decided<CreativeAnswer>> decide(const CreativeInput& input,
                                                                             AgentContext& context) = 0;
  /// Expected click and conversion rate of a line item's best creative, without context: to rank candidates cheaply. ~5 ns.
  [[nodiscard]] virtual CreativeAnswer outlook(std::uint32_t line_item) const = 0;
};

/// May this creative be shown in this impression? Media type, size, mime, attributes (battr), type (btype), duration,
/// protocol, api, language, https, app promotion. Refusal::none if it may.
[[nodiscard]] domain::Refusal creative_fits(const domain::Creative& creative, const domain::Auction& auction,
                                            const domain::Impression& impression) noexcept;

}  // namespace bandstand::agents::creative
