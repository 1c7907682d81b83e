// judged_log: rounds for off-policy evaluation out of a server's own log: what another model would have done in its place.
//
// A round is a choice of a creative for one line item, whether it led to a bid or not: had only choices that led to bids been
// taken, the log would seem to like what bids high. The action is the creative, the propensity the one that was logged, the
// reward the whole reward of the bid (outcomes/rewards; 0 without one), a thousand choices, in units of the campaign's
// currency. One line item's choice is judged at a time, the others' and what was bid being as they were. For decisions without
// bids to be there, the server must log them all (log_sample_no_bid = 1).
#pragma once

#include <optional>

#include "agents/creative/response_model.h"
#include "app/decision_log.h"
#include "learning/offpolicy/rounds.h"

namespace bandstand::app {

struct JudgedLog {
  learning::Rounds rounds;
  learning::PolicyColumns target;
  std::size_t decisions = 0, unreadable = 0;
};

/// Each choice from `from` on is asked again of Thompson sampling over `model`. A model must not be judged on what it has learned
/// from: `from` is where its training ended (trained_until). The log's own policy, which went on learning, is the incumbent.
/// Errors: those of the log.
base::Result<JudgedLog> judge_creative_log(log::Log& log, const serving::ServingSettings& settings, const TeamNames& names,
                                           const agents::creative::ResponseModelPtr& model, base::WallTime from);

/// The latest moment of what a model file was trained on, by its record of training ("until_ns"); nothing if it does not say.
std::optional<base::WallTime> trained_until(std::string_view training);

}  // namespace bandstand::app
