// oversight_agent: may this leave the building? Hard rules, last, in process, total; it may only remove or cap.
#pragma once

#include <cstdint>
#include <span>

#include "agents/agent_context.h"
#include "base/money.h"
#include "base/result.h"
#include "domain/auction.h"
#include "domain/catalogue.h"
#include "domain/decision.h"
#include "domain/identity.h"
#include "domain/user.h"

namespace bandstand::agents::oversight {

/// Which rule spoke. The order is the order of checking; the first that speaks decides.
enum class Rule : std::uint8_t {
  none,
  malformed_proposal,
  kill_switch,
  creative_not_approved,
  advertiser_not_approved,
  blocked_category,
  blocked_domain,
  blocked_app,
  blocked_attribute,
  insecure_markup,
  sensitive_audience,
  frequency_cap,
  competitive_separation,
  price_cap,
  relative_price_cap,
  below_floor,
  no_money,
  landing_page,
  page_safety,
  seat_blocked,
  count_
};
const char* name_of(Rule rule) noexcept;

/// Where a proposal stands is not known: it then counts as standing in another impression.
inline constexpr std::uint16_t kUnknownImpression = 0xffff;

/// A bid that is about to leave.
struct Proposal {
  std::uint32_t line_item = 0;
  std::uint32_t creative = 0;
  base::Nanos price;
  base::Nanos available;  ///< what the lease still holds
  std::uint8_t deal = 0xff;
  std::uint16_t impression = kUnknownImpression;  ///< index in the auction; needed of those in `already`
};

struct OversightInput {
  const domain::Auction& auction;
  const domain::Impression& impression;
  const domain::Catalogue& catalogue;
  const domain::Consent& consent;
  const domain::UserState* user;
  Proposal proposal;
  base::Nanos floor;
  std::span<const Proposal> already;  ///< bids of this answer that have passed (competitive separation)
};

struct OversightAnswer {
  bool allowed = false;
  Rule rule = Rule::none;  ///< what removed or capped it
  base::Nanos price;       ///< <= the proposal's
};

/// Fails closed: an error is a veto.
class OversightAgent {
 public:
  virtual ~OversightAgent() = default;
  /// At most 2 us.
  [[nodiscard]] virtual base::Result<domain::Decided<OversightAnswer>> decide(const OversightInput& input,
                                                                              AgentContext& context) = 0;
};

}  // namespace bandstand::agents::oversight
