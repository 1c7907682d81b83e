// decision_log: a server's own log as data to learn from: what left, joined with what followed.
//
// Decisions are computed again by the production flow, events are joined by the production matcher: what comes out is what the
// server itself learned from, save that bids which no window had closed when the log ended are left out.
#pragma once

#include <functional>
#include <vector>

#include "app/replay_decision.h"
#include "domain/event.h"
#include "outcomes/matcher.h"

namespace bandstand::app {

struct DecisionLog {
  std::vector<domain::Outcome> outcomes;  ///< in the order of their deadlines; kinds as in outcomes::Matcher
  domain::CatalogueSnapshot catalogue;    ///< the latest that a decision used
  std::size_t decisions = 0;              ///< with at least one bid
  std::size_t unreadable = 0;             ///< decisions whose snapshots are missing, or that differ when computed again
};

/// For whoever looks on while decisions are computed again. Each may be empty.
struct DecisionLogHooks {
  std::function<void(serving::ShardTeam&, const serving::Published&)> on_team;  ///< as in DecisionReplayer
  std::function<void(const std::vector<domain::BidFacts>&)> on_decision;        ///< after each decision, with its bids
};

/// Reads "decisions", "snapshots" and "events". About 60 us a decision; all in memory. Errors: those of the log.
base::Result<DecisionLog> read_decision_log(log::Log& log, const serving::ServingSettings& settings, const TeamNames& names,
                                            const DecisionLogHooks& hooks = {});

}  // namespace bandstand::app
