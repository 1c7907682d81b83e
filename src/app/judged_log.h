// judged_log: rounds for off-policy evaluation out of a server's own log: what another model would have done in its place.
//
// A round is a bid that left and whose outcome is known. The action is its creative, the propensity the one that was logged, the
// reward the bid's whole reward (outcomes/rewards), per thousand bids in units of the campaign's currency. Only the choice of the
// creative is judged: what was bid is left as it was.
#pragma once

#include "agents/creative/response_model.h"
#include "app/decision_log.h"
#include "learning/offpolicy/rounds.h"

namespace bandstand::app {

struct JudgedLog {
  learning::Rounds rounds;
  learning::PolicyColumns target;
  std::size_t decisions = 0, unreadable = 0;
};

/// Each choice of the log is asked again of Thompson sampling over `model`. Errors: those of the log.
base::Result<JudgedLog> judge_creative_log(log::Log& log, const serving::ServingSettings& settings, const TeamNames& names,
                                           const agents::creative::ResponseModelPtr& model);

}  // namespace bandstand::app
