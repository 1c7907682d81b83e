// csv: logged rounds with the probabilities of a policy and of an incumbent, as
// docs/formats/offpolicy-csv.md has it.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "learning/offpolicy/csv_rows.h"
#include "learning/offpolicy/rounds.h"

namespace bandstand::learning {

struct PolicyLog {
  Rounds rounds = {};
  PolicyColumns target = {};
  std::optional<PolicyColumns> incumbent = {};
};

/// Files are read in order as one log and have to have the same header. A fault anywhere refuses all of it:
/// an evaluation that passes over rows judges another log.
Loaded<PolicyLog> load_policy_csv(std::span<const std::string> paths);

}  // namespace bandstand::learning
