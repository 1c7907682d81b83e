// demo_world: settings of the simulated worlds that verbs run, and whether the books agree afterwards.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ledger/ledger.h"
#include "serving/settings.h"
#include "simulation/world.h"

namespace bandstand::app {

/// Worlds start here: 2025-11-25 00:00 UTC.
inline constexpr base::WallTime kWorldStart{1'764'028'800'000'000'000};

/// What the sample catalogue and the simulated exchanges expect: exchanges "alpha" and "beta", windows that
/// fit `seconds`.
serving::ServingSettings demo_settings(double seconds);
/// The world around them.
simulation::WorldOptions demo_world(std::uint64_t seed, double seconds, double requests_per_second);

/// The ledger against the exchange's account, campaign by campaign: a line for each that differs.
std::vector<std::string> compare_books(const ledger::Ledger& ledger,
                                       const simulation::ExchangeAccount& account);

}  // namespace bandstand::app
