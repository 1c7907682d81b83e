// ledger_sim_test: the money path holds in a swarm of faults, and every planted bug is found.
#include "simulation/ledger_sim.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

namespace bandstand::simulation {
namespace {

TEST(LedgerSim, Scratch) {
  std::vector<const char*> arguments;
  std::string text = std::getenv("SIM_ARGS") ? std::getenv("SIM_ARGS") : "";
  char* save = nullptr;
  for (char* word = strtok_r(text.data(), " ", &save); word; word = strtok_r(nullptr, " ", &save))
    arguments.push_back(word);
  EXPECT_EQ(ledger_sim_main(arguments), 0);
}

}  // namespace
}  // namespace bandstand::simulation
