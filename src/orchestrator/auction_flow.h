// auction_flow: the fast loop: walks the stage table for one auction and returns bids, or why there are none.
//
// 1. One request, one thread, start to end; no lock, no wait, nothing learned.
// 2. After warm-up it allocates nothing: all memory is the request's arena.
// 3. Same input, seed and snapshots: same output, bit for bit. Time enters through FlowInput and the clock only, and what time
//    decided (a skipped or late agent) is recorded, so that a replay can follow it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "agents/bid/bid_agent.h"
#include "agents/budget/budget_agent.h"
#include "agents/creative/creative_agent.h"
#include "agents/fraud/fraud_agent.h"
#include "agents/oversight/oversight_agent.h"
#include "agents/profile/profile_agent.h"
#include "agents/targeting/targeting_agent.h"
#include "base/arena.h"
#include "base/clock.h"
#include "domain/auction.h"
#include "domain/catalogue.h"
#include "domain/currency.h"
#include "domain/decision_record.h"
#include "domain/identity.h"
#include "orchestrator/money_source.h"
#include "orchestrator/rollout.h"
#include "orchestrator/stage.h"

namespace bandstand::orchestrator {

/// The agents of one shard. Built by app/wiring, which alone knows concrete policies.
struct Team {
  Seat<agents::fraud::FraudAgent> fraud;
  Seat<agents::profile::ProfileAgent> profile;
  Seat<agents::targeting::TargetingAgent> targeting;
  Seat<agents::budget::BudgetAgent> budget;
  Seat<agents::creative::CreativeAgent> creative;
  Seat<agents::bid::BidAgent> bid;
  Seat<agents::oversight::OversightAgent> oversight;
};

struct FlowOptions {
  std::uint32_t candidates_max = 64;      ///< asked of targeting
  std::uint32_t contenders_max = 8;       ///< best by outlook; these get a creative and a price
  std::uint32_t open_bids_max = 1;        ///< per impression, besides one per deal
  std::uint32_t oversight_tries_max = 4;  ///< how many vetoed bids are replaced by the next best
  base::Duration time_min = std::chrono::microseconds(500);  ///< less left than this: nbr 15
  std::span<const domain::FxRate> fx;  ///< owned by the settings
  bool bid_on_suspicious = false;         ///< bid on requests marked suspicious (they are never learned from)
};

/// Versions of what the agents hold, for the record.
struct SnapshotVersions {
  std::uint32_t pacing = 0, creative = 0, market = 0, profile = 0;
};

struct FlowInput {
  const domain::Auction& auction;
  const domain::Consent& consent;
  std::optional<domain::UserKey> user = std::nullopt;
  const domain::UserState* state = nullptr;
  std::span<const float> vector = {};  ///< of the user, as read with consent
  agents::fraud::RateReading rates = {};
  std::span<const std::uint64_t> open = {};  ///< bit i: line item i may spend
  std::uint32_t open_epoch = 0;
  std::string_view request = {};        ///< body, for the record
  base::DecisionId id = {};
  std::uint64_t seed = 0;
  base::WallTime now = {};
  base::MonoTime deadline = {};         ///< when the answer must be complete, writing excluded
  std::uint8_t level = 0;               ///< brown-out level
  /// In a replay: the recorded calls, whose outcomes are followed instead of the clock.
  std::span<const domain::CallRecord> script = {};
};

/// A bid that leaves.
struct Bid {
  base::BidId id;
  std::uint8_t impression = 0;   ///< index
  std::uint8_t deal = agents::targeting::kOpenAuction;
  std::uint32_t line_item = 0;   ///< index in the catalogue
  std::uint32_t creative = 0;    ///< index in the catalogue
  base::Nanos price;             ///< per impression, in the campaign's currency
  base::Nanos amount_max;        ///< the most that may be charged: price times quantity
  Reserved reserved;
  base::Duration life{0};        ///< until when it may be billed
};

/// What the creative agent was told of the user; learned from together with what followed.
struct ResponseFacts {
  std::uint32_t user_topic = 0;
  float user_topic_weight = 0;
  std::uint16_t impressions_seen = 0;
  domain::Taste taste{};
};

struct FlowResult {
  std::span<const Bid> bids;
  domain::NoBid no_bid = domain::NoBid::unknown;
  domain::DecisionRecord* record = nullptr;  ///< in the arena
  ResponseFacts response;
};

class AuctionFlow {
 public:
  /// `clock` times the stages; the team is owned by the caller and outlives the flow.
  AuctionFlow(Team& team, const base::Clock& clock, FlowOptions options) : team_(team), clock_(clock), options_(options) {}

  /// Decides. The catalogue outlives the answer. Never fails: an answer without bids has a reason.
  FlowResult decide(const FlowInput& input, const domain::Catalogue& catalogue, const SnapshotVersions& versions,
                    MoneySource& money, base::Arena& arena);

 private:
  Team& team_;
  const base::Clock& clock_;
  FlowOptions options_;
};

/// How long after the auction a bid may be billed: imp.exp, else by placement (protocol.md 1.3 rule 9).
base::Duration life_of_bid(const domain::Auction& auction, const domain::Impression& impression) noexcept;

/// The floor that a bid must reach, in nanos per impression, before conversion of currency (protocol.md 1.5): the deal's own
/// guidance for a deal bid; for video and audio the per-second or per-duration floors; else imp.bidfloor.
struct Floor {
  base::Nanos price;
  std::uint64_t currency = domain::pack8("USD");
};
Floor floor_of(const domain::Impression& impression, const domain::Deal* deal, const domain::Creative& creative) noexcept;

}  // namespace bandstand::orchestrator
