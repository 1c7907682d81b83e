// learner: a model of response rates that learns a row at a time.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

#include "base/result.h"
#include "learning/dataset/dataset.h"
#include "model/safetensors.h"

namespace bandstand::learning {

/// Features a model looks at in a row: those beyond are left out (readers give at most kFieldsMax).
inline constexpr std::size_t kRowFeaturesMax = 64;

/// 1 / (1 + exp(-logit)); logits beyond +-35 give what these give.
[[nodiscard]] inline double sigmoid(double logit) {
  const double bounded = logit > 35 ? 35 : logit < -35 ? -35 : logit;
  return 1 / (1 + std::exp(-bounded));
}

class Learner {
 public:
  virtual ~Learner() = default;
  /// Name of the model's kind in files: "response.ftrl".
  [[nodiscard]] virtual const char* kind() const = 0;
  /// Probability of a response, in (0, 1). `offset` are log odds known from elsewhere, which the model's are added to.
  [[nodiscard]] virtual double predict(std::span<const Feature> features, float offset) const = 0;
  [[nodiscard]] double predict(std::span<const Feature> features) const { return predict(features, 0); }
  /// Learns from one row and returns what predict would have said before.
  virtual double learn(std::span<const Feature> features, bool label, float offset) = 0;
  double learn(std::span<const Feature> features, bool label) { return learn(features, label, 0); }
  /// Adds its arrays, all that is needed to go on learning bit for bit.
  virtual void save(model::ModelFile& file) const = 0;
  /// Takes over what save wrote. Errors: of model::tensor_of; the learner is then unchanged.
  [[nodiscard]] virtual base::Result<std::monostate> load(const model::ModelFile& file) = 0;
};

}  // namespace bandstand::learning
