// simulate_fraud: the verb that holds fraud policies side by side, attack by attack, over many seeds of the
// simulated world.
#pragma once

#include <iosfwd>
#include <string>

namespace bandstand::app {

struct SimulateFraudOptions {
  std::string attacks =
      "all";  ///< names; mix: all at once, at half their strength; all: each alone, then mix
  std::string seeds = "1..10";  ///< first..last, or one
  std::string policy = "none,rules,score,oracle";
  std::string model;  ///< file of the policy "learned"
  unsigned jobs = 1;  ///< seeds at a time, a thread each
  bool json = false;
};

/// Exit codes: 0 done; 1 a ledger is out of balance or differs from the exchange's account, or a list rule
/// refused a valid request; 2 wrong options.
int simulate_fraud(const SimulateFraudOptions& options, std::ostream& out, std::ostream& err);

}  // namespace bandstand::app
