// protocol_creative_world: the standard creative world (agents/creative/creative_world.h), any policy on the same traffic.
#pragma once

#include <cstdint>
#include <string_view>

#include "agents/creative/creative_world.h"
#include "experiments/creative_problem.h"

namespace bandstand::experiments {

/// What a policy is told of a world: contexts are the users' topics; devices shift all creatives alike and are left out.
CreativeProblem problem_of(const agents::creative::CreativeWorld& world, double base_rate);

/// Regret as a share of the clairvoyant's clicks. `policy` is of creative_bandit_names() or production_names(): checked.
double run_creative_world(std::string_view policy, std::uint64_t seed,
                          const agents::creative::WorldOptions& options);

}  // namespace bandstand::experiments
