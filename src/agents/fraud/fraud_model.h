// fraud_model: the chance that a request is fraud, from the features of its dossier; learned by bandstand-lab train fraud.
#pragma once

#include <memory>
#include <string>

#include "agents/fraud/evidence.h"
#include "agents/learned_model.h"
#include "base/result.h"
#include "model/safetensors.h"

namespace bandstand::agents::fraud {

inline constexpr std::string_view kFraudModelKind = "fraud.score";

/// Logistic regression and the price of an error. A value; immutable once made.
struct FraudModel final : LearnedModel {
  FraudFeatures weight{};
  float bias = -5;
  /// Refuses where P(fraud) * price > (1 - P) * margin, margin as a part of price. A fraud costs the price that is paid for
  /// nothing, a customer turned away what would have been earned by him.
  float margin_over_price = 4;

  /// P(fraud | features). About 40 ns.
  [[nodiscard]] float probability(const FraudFeatures& features) const noexcept;
  /// The probability from which on a refusal is cheaper.
  [[nodiscard]] float refuse_from() const noexcept { return margin_over_price / (1 + margin_over_price); }
  /// The arrays "weight" [kFraudFeatures], "bias" [1] and "margin" [1]; `training` is JSON.
  [[nodiscard]] model::ModelFile file(std::string training) const;
  /// Errors: `conflict` (another kind, other features), `not_found`, `corrupt` (a margin not above 0).
  [[nodiscard]] static base::Result<FraudModel> from(const model::ModelFile& file);
};
using FraudModelPtr = std::shared_ptr<const FraudModel>;

/// The features by name, as JSON: what a model was trained on.
std::string fraud_schema();

}  // namespace bandstand::agents::fraud
