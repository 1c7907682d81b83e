// protocol_joint: ways to train the agents of several campaigns together, side by side in joint_game, on paired traffic.
//
//   naive   the naive start, untrained
//   I       independent: from the naive start, each agent a learner of its own, with its campaign's reward
//   A       alternating best response: from the naive start, one agent after another searched, the others frozen
//   D       dual decomposition: the dual start; nothing is trained
//   R       from D, independent learners within the trust region (what J is without its shared critic and reward)
//   J       from D, MADDPG: one critic of all views and actions, taught the sum of rewards, within the trust region
//
// J is accepted only if J - D is above 0, its 95 % interval without 0, and its exploitability is at most D's.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "base/clock.h"
#include "experiments/table.h"

namespace bandstand::experiments {

struct JointProtocol {
  std::uint64_t first_seed = 1;
  int seeds = 10;             ///< worlds, each with its own training; at least 2
  int training_days = 400;    ///< of a learner
  int test_days = 100;        ///< the same for all arms of a seed; none is trained on
  float trust = 0.2f;         ///< R and J: most that ln mu, ln bid and ln fee's price may leave D by
  int search_rounds = 5;      ///< of a best response; 0: no exploitability, and A stays the naive start
  const base::Clock* clock = nullptr;  ///< for the time that training takes; without it that column is 0
  std::ostream* progress = nullptr;    ///< a line a seed and arm
};

struct JointResult {
  /// A row an arm: value at equal spend and its difference to D (% of D), value, spend over budget, days over budget,
  /// clearing price against D (%), share of campaigns worse off than under D, exploitability (% of a campaign's worth), training.
  Table arms{std::vector<std::string>{}};
  /// Who gains and who loses under J: campaigns by their size, and what is lost if one role plays D again.
  Table agents{std::vector<std::string>{}};
  bool accepted = false;
  std::string verdict;  ///< one sentence, with the figures that decided
};

/// All intervals are Student's over seeds, paired by seed. Deterministic but for the seconds. About 35 s a seed.
JointResult run_joint_protocol(const JointProtocol& protocol);

}  // namespace bandstand::experiments
