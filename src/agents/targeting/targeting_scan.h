// targeting_scan: textbook rule targeting: every line item is asked every question, in words; slow, plain, the reference.
//
// 1. The rules are refusal_of() and nothing else. The index (targeting_rules) must agree with it on every
// input.
// 2. Questions are asked in the order of domain::Refusal; the first "no" is the reason.
#pragma once

#include <memory>
#include <vector>

#include "agents/targeting/targeting_agent.h"
#include "agents/targeting/targeting_options.h"
#include "domain/zone.h"

namespace bandstand::agents::targeting {

/// What a question may need besides the line item; prepared once per snapshot.
struct ScanTables {
  ScanTables(domain::CatalogueSnapshot catalogue_in, TargetingOptions options_in);

  domain::CatalogueSnapshot catalogue;
  TargetingOptions options;
  std::vector<domain::Zone> zones;     ///< one a name; an unknown name counts as UTC
  std::vector<std::uint32_t> zone_of;  ///< by campaign: index in zones
  std::vector<std::uint32_t> order;    ///< rank_line_items()

  /// Our seat at an exchange; empty = none known.
  [[nodiscard]] std::string_view seat(std::uint16_t exchange) const {
    return exchange < options.seats.size() ? std::string_view(options.seats[exchange]) : std::string_view{};
  }
};

/// Why a line item may not compete, or Refusal::none. About 0.1 to 1 us.
domain::Refusal refusal_of(const ScanTables& tables, const TargetingInput& input, std::uint32_t line_item,
                           base::WallTime now);

/// May this line item, which is not refused, use that deal of the impression?
bool may_use_deal(const ScanTables& tables, const domain::Auction& auction, const domain::Deal& deal,
                  std::uint32_t line_item);

/// Does a line item that names `wanted` take a request that says `seen`? "Mobile or tablet" (1) is how older
/// requests say phone or tablet, so 1 meets 4 and 5 in both directions.
constexpr bool device_matches(domain::DeviceType wanted, domain::DeviceType seen) noexcept {
  using enum domain::DeviceType;
  if (wanted == seen) return true;
  const bool wanted_hand = wanted == phone || wanted == tablet;
  const bool seen_hand = seen == phone || seen == tablet;
  return (wanted == mobile_or_tablet && seen_hand) || (seen == mobile_or_tablet && wanted_hand);
}

/// No host name is longer (RFC 1035 2.3.4); what is, is on no list.
inline constexpr std::size_t kHostBytesMax = 253;

/// The deals that an answer can name: Candidate::deal has room for 255.
inline std::span<const domain::Deal> usable_deals(const domain::Impression& impression) noexcept {
  return impression.deals.first(impression.deals.size() < kOpenAuction ? impression.deals.size()
                                                                       : kOpenAuction);
}

/// Fold of the impression: the banner's, else the video's or audio's; 0 = unknown.
inline std::uint8_t position_of(const domain::Impression& impression) noexcept {
  if (impression.banner != nullptr) return impression.banner->pos;
  if (impression.video != nullptr) return impression.video->pos;
  return impression.audio != nullptr ? impression.audio->pos : std::uint8_t{0};
}

/// The rule agent by linear scan. Policy "rules_scan". Refusals of all line items are counted; one per shard.
class TargetingScan final : public TargetingAgent {
 public:
  explicit TargetingScan(domain::CatalogueSnapshot catalogue, TargetingOptions options = {});
  [[nodiscard]] base::Result<domain::Decided<TargetingAnswer>> decide(const TargetingInput& input,
                                                                      AgentContext& context) override;
  [[nodiscard]] domain::Refusal why_not(const TargetingInput& input, std::uint32_t line_item,
                                        base::WallTime now) const override;
  /// On the shard's thread only.
  void collect_refusals(std::span<std::uint64_t> counts) override;

 private:
  ScanTables tables_;
  std::vector<std::uint64_t> refusals_;  ///< line item * kRefusals + reason
};

}  // namespace bandstand::agents::targeting
