// agent_context: what every decision is handed besides its question; an agent has no clock, chance or memory of its own.
#pragma once

#include "base/arena.h"
#include "base/clock.h"
#include "base/rng.h"

namespace bandstand::agents {

/// Lives for one request. `time_left` is of the agent's own share; a policy that cannot answer in it returns `deadline`.
struct AgentContext {
  base::WallTime now;
  base::Duration time_left{0};
  base::Rng& rng;        ///< seeded per decision, so that a replay draws the same
  base::Arena& arena;    ///< answers may point into it; they live as long as the request
};

}  // namespace bandstand::agents
