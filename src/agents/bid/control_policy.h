// control_policy: a trained control of the shadow price, as shards and the slow loop hold it: immutable, read from a model file.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "agents/bid/control_state.h"
#include "agents/learned_model.h"
#include "base/result.h"
#include "model/dense.h"
#include "model/safetensors.h"

namespace bandstand::agents::bid {

/// Added to ln mu of the default price, at most kResidualMax either way.
inline constexpr std::string_view kResidualModel = "bid.residual";
/// Added to ln mu of the window before: the whole control (DRLB's form).
inline constexpr std::string_view kDqnModel = "bid.dqn";

/// A network that scores a few steps of ln mu; the best one is taken. Share it between threads.
/// In the file: "q.<i>.weight" and "q.<i>.bias" (model::Dense), "steps" [actions].
class ControlPolicy final : public LearnedModel {
 public:
  static constexpr std::size_t kActionsMax = 64;
  /// Errors: `conflict` (another kind or schema, shapes that do not fit, a step beyond the bound of its kind), `not_found`.
  [[nodiscard]] static base::Result<std::shared_ptr<const ControlPolicy>> from(const model::ModelFile& file,
                                                                                std::string_view kind);

  /// Index of the step with the largest score. No allocation; about 1 us (`bid_bench`).
  [[nodiscard]] std::size_t best(const ControlFeatures& features) const;
  /// The step of ln mu to take.
  [[nodiscard]] double step(const ControlState& state) const { return steps_[best(control_features(state))]; }
  [[nodiscard]] std::size_t actions() const { return steps_.size(); }

 private:
  ControlPolicy(model::Dense scores, std::vector<float> steps) : scores_(std::move(scores)), steps_(std::move(steps)) {}
  model::Dense scores_;
  std::vector<float> steps_;
};
using ControlPolicyPtr = std::shared_ptr<const ControlPolicy>;

}  // namespace bandstand::agents::bid
