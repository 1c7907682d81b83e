// evaluation: from a log and two policies to a table and a verdict.
#pragma once

#include <optional>

#include "learning/offpolicy/estimators.h"
#include "learning/offpolicy/rounds.h"
#include "learning/offpolicy/verdict.h"
#include "learning/offpolicy/reward_model.h"

namespace bandstand::learning {

struct EvaluationOptions {
  EstimatorOptions estimators = {};
  RewardModelOptions model = {};
  VerdictRules rules = {};
  /// Whose interval decides; named before looking. Unset: dr if there is a model, else snips.
  std::optional<Estimator> deciding = {};
};

struct Evaluation {
  std::vector<Estimate> estimates = {};
  Estimator deciding = Estimator::snips;
  Diagnostics diagnostics = {};
  Verdict verdict = {};
  double bandwidth = 0;  ///< of the kernel, where actions are numbers; chosen by `slope`
};

/// Judges `target` on `rounds`, against `incumbent` or, without one, the policy that played them. A model is
/// fitted where the policies' distributions (or bids) are known. If `deciding` needs a model and there is
/// none, the verdict says so.
Evaluation evaluate(const Rounds& rounds, const PolicyColumns& target,
                    const std::optional<PolicyColumns>& incumbent, const EvaluationOptions& options);

}  // namespace bandstand::learning
