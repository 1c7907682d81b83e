// fraud_model: the chance that a request is fraud, from the features of its dossier; learned by bandstand-lab train fraud.
#pragma once

#include <memory>
#include <string>

#include "agents/fraud/evidence.h"
#include "base/result.h"
#include "model/safetensors.h"

namespace bandstand::agents::fraud {

inline constexpr std::string_view kFraudModelKind = "fraud.score";

/// Logistic regression. A value; immutable once made.
struct FraudModel {
  FraudFeatures weight{};
  float bias = -5;

  /// P(fraud | features). About 40 ns.
  [[nodiscard]] float probability(const FraudFeatures& features) const noexcept;
  /// The array "weight" [kFraudFeatures] and "bias" [1]; `training` is JSON.
  [[nodiscard]] model::ModelFile file(std::string training) const;
  /// Errors: `conflict` (another kind, other features), `not_found`.
  [[nodiscard]] static base::Result<FraudModel> from(const model::ModelFile& file);
};
using FraudModelPtr = std::shared_ptr<const FraudModel>;

/// The features by name, as JSON: what a model was trained on.
std::string fraud_schema();

}  // namespace bandstand::agents::fraud
