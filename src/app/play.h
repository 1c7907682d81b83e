// play: the simulated world in real time against a server, over HTTP.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "domain/catalogue.h"
#include "simulation/world.h"

namespace bandstand::app {

/// Called about once a second with what the world has seen so far; false ends the play.
using OnSecond = std::function<bool(simulation::World& world, double elapsed_s)>;

/// Plays for `seconds`, then waits (at most a minute) until no notice is open. Errors: `invalid_input` for
/// the address.
base::Result<simulation::WorldReport> play_against(const std::string& address,
                                                   simulation::WorldOptions options,
                                                   domain::CatalogueSnapshot catalogue, double seconds,
                                                   const OnSecond& on_second);

}  // namespace bandstand::app
