// decision_record: everything about one decision, so that it can be read, recomputed and learned from.
//
// 1. Filled by the orchestrator in the request's arena; encoded by protocol/event; never changed afterwards.
// 2. What the decision read from around it (user state, rates, money) is recorded as values; what it read from snapshots is
//    recorded as versions. Together with the request's bytes and the seed this recomputes the decision bit for bit.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/money.h"
#include "domain/decision.h"
#include "domain/identity.h"
#include "domain/user.h"
#include "domain/vocabulary.h"

namespace bandstand::domain {

/// The steps of a decision, in order. The stage table says more (orchestrator/stage.h).
enum class Stage : std::uint8_t {
  consent, fraud, profile, targeting, budget, creative, bid, auction, oversight, reservation, count_
};
inline constexpr int kStages = static_cast<int>(Stage::count_);
const char* name_of(Stage stage) noexcept;

/// How a call to an agent ended.
enum class CallOutcome : std::uint8_t { ok, error, late, breaker_open, no_time, off };
const char* name_of(CallOutcome outcome) noexcept;

/// One call to an agent.
struct CallRecord {
  Stage stage = Stage::consent;
  CallOutcome outcome = CallOutcome::ok;
  Source source = Source::live;
  std::uint8_t impression = 0;   ///< index; 0 for stages that run once
  PolicyId policy;
  std::uint32_t version = 0;
  float propensity = 1;
  std::uint32_t duration_ns = 0;
  std::uint16_t answer = 0;      ///< a code of the stage: verdict and reason, number of candidates, rule ...
};
/// In the answer of the profile stage, above the number of interests: there was a vector.
inline constexpr std::uint16_t kHasVector = 0x100;

/// A line item that reached the budget stage, and how far it came.
struct CandidateRecord {
  std::uint32_t line_item = 0;   ///< id
  std::uint32_t creative = 0;    ///< id; 0 = not chosen yet when it left
  std::uint8_t deal = 0xff;
  Refusal refusal = Refusal::none;  ///< why it left; none = its bid is in the answer
  std::uint8_t rule = 0;         ///< oversight rule that removed or capped it
  float mu = 0;
  float click_rate = 0, conversion_rate = 0;
  float creative_propensity = 0;
  float win_probability = 0;
  double value = 0;              ///< nanos
  base::Nanos available;         ///< the shard's lease on its campaign, as read
  base::Nanos price;             ///< named by the bid agent; after oversight for a bid that left
};

struct ImpressionRecord {
  std::string_view id;
  NoBid no_bid = NoBid::unknown; ///< meaningful if no candidate has refusal none
  std::uint32_t refused = 0, outranked = 0;
  std::span<CandidateRecord> candidates;
};

struct DecisionRecord {
  base::DecisionId id;
  base::WallTime at;
  std::uint16_t exchange = 0;
  bool first_party = false, test = false;
  std::string_view request;          ///< the body, inflated
  std::uint64_t seed = 0;
  std::uint64_t catalogue_version = 0;
  std::uint32_t pacing_version = 0, creative_version = 0, market_version = 0, profile_version = 0;
  std::uint32_t open_epoch = 0;      ///< of the shard's set of open campaigns (ShardState)
  std::uint64_t user = 0;            ///< key; 0 = none
  const UserState* state = nullptr;  ///< as read, if any
  std::span<const float> user_vector;  ///< of model profile_version, as read; empty if there is none
  ConsentBasis basis = ConsentBasis::unknown_region;
  float rate_address = 0, rate_user = 0, rate_placement = 0;
  std::uint8_t verdict = 0, verdict_reason = 0;
  std::uint8_t level = 0;            ///< brown-out level
  NoBid no_bid = NoBid::unknown;
  std::uint32_t bids = 0;
  std::uint32_t duration_ns = 0;     ///< whole decision, without parsing and writing
  std::span<CallRecord> calls;
  std::span<ImpressionRecord> impressions;
};

/// Which campaigns could spend at a shard from some moment on; written whenever it changes.
struct ShardState {
  base::NodeId node;
  std::uint32_t open_epoch = 0;
  std::uint64_t catalogue_version = 0;
  base::WallTime at;
  std::span<const std::uint64_t> open_campaigns;  ///< bit i: campaign of index i
};

}  // namespace bandstand::domain
