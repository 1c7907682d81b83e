// wiring: the only place that names concrete policies: builds a shard's team from names, and hands it its
// snapshots.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agents/fraud/fraud_learned.h"
#include "agents/fraud/fraud_rules.h"
#include "serving/settings.h"
#include "serving/shard.h"

namespace bandstand::app {

/// Policies by name. The defaults are what ships switched on.
struct TeamNames {
  std::string fraud = "rules";        ///< rules, score, learned (by settings.watch.model); the last two need settings.watch
  std::string targeting = "index";    ///< index, scan
  std::string creative = "thompson";  ///< thompson, epsilon_greedy, greedy, random, linucb, squarecb
  std::string bid = "shaded";         ///< shaded, truthful, linear, tabular_q
  std::string creative_challenger, bid_challenger;
  orchestrator::Rollout creative_rollout, bid_rollout;
  std::shared_ptr<const agents::fraud::FraudLists> fraud_lists;  ///< nullptr: the built-in ones
};

/// Reads the models that learned policies of this program take; what serving::Control::serve_models wants.
base::Result<std::shared_ptr<const agents::LearnedModel>> read_learned(serving::ModelAgent agent,
                                                                      const model::ModelFile& file);

/// Names of policies that do not exist, each with what would; empty if all is well.
std::vector<std::string> unknown_policies(const TeamNames& names);

std::unique_ptr<serving::ShardTeam> make_team(const serving::ServingSettings& settings,
                                              const TeamNames& names);

}  // namespace bandstand::app
