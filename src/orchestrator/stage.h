// stage: the life of a decision as a table; read it from top to bottom.
//
// `bandstand check --plan` prints it. The order, the share of the deadline, what to do on failure and whether a step may be
// skipped when time or capacity runs short are data; AuctionFlow walks it.
#pragma once

#include <array>

#include "domain/decision_record.h"

namespace bandstand::orchestrator {

enum class OnFailure : std::uint8_t {
  use_fallback,  ///< the agent's constant answer, counted
  no_bid         ///< fails closed
};

struct StageRow {
  domain::Stage stage;
  int share_percent;       ///< of the time left when the decision begins
  OnFailure on_failure;
  bool per_impression;
  const char* says;
};

inline constexpr std::array kStageTable{
    StageRow{domain::Stage::consent, 2, OnFailure::no_bid, false, "may identity be used at all? before any agent"},
    StageRow{domain::Stage::fraud, 8, OnFailure::use_fallback, false, "is this request valid?"},
    StageRow{domain::Stage::profile, 20, OnFailure::use_fallback, false, "what is known of this user?"},
    StageRow{domain::Stage::targeting, 15, OnFailure::no_bid, true, "which line items may compete?"},
    StageRow{domain::Stage::budget, 5, OnFailure::no_bid, true, "which of them may spend, at what shadow price?"},
    StageRow{domain::Stage::creative, 20, OnFailure::use_fallback, true, "which creative, what response?"},
    StageRow{domain::Stage::bid, 15, OnFailure::use_fallback, true, "what price?"},
    StageRow{domain::Stage::auction, 5, OnFailure::no_bid, true, "which line item goes out?"},
    StageRow{domain::Stage::oversight, 5, OnFailure::no_bid, true, "may it leave? removes or caps, nothing else"},
    StageRow{domain::Stage::reservation, 5, OnFailure::no_bid, true, "set the money aside"},
};

consteval int total_share() {
  int total = 0;
  for (const auto& row : kStageTable) total += row.share_percent;
  return total;
}
static_assert(total_share() == 100);
static_assert(kStageTable.size() == domain::kStages);

/// The row of a stage.
constexpr const StageRow& row_of(domain::Stage stage) { return kStageTable[static_cast<std::size_t>(stage)]; }

}  // namespace bandstand::orchestrator
