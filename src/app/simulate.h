// simulate: the verb that runs the simulated world against the production code in virtual time.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "app/demo_world.h"
#include "app/wiring.h"
#include "serving/control.h"

namespace bandstand::app {

struct SimulateOptions {
  std::uint64_t seed = 1;
  double seconds = 600;  ///< of virtual time; with `server`, of real time
  double requests_per_second = 200;
  std::string catalogue;  ///< "" = the sample catalogue, fitted to the traffic
  std::string pacing = "receding_horizon";
  std::string server;   ///< host:port of a running server: drive it over HTTP instead
  std::string account;  ///< file for the exchange's account, JSON
  TeamNames team;
  bool json = false;
};

/// Exit codes: 0 done and the books agree, 1 the ledger and the exchange's account differ, 2 wrong options.
int simulate(const SimulateOptions& options, std::ostream& out, std::ostream& err);

/// Spend against plan and budget, a line a campaign.
std::string print_campaigns(const serving::Control& control, base::WallTime now);

}  // namespace bandstand::app
