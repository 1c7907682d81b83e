// control_policy: from a file, with everything checked that a decision relies on.
#include "agents/bid/control_policy.h"

#include <algorithm>
#include <cmath>

namespace bandstand::agents::bid {

base::Result<std::shared_ptr<const ControlPolicy>> ControlPolicy::from(const model::ModelFile& file, std::string_view kind) {
  if (const auto fits = model::expect_model(file, kind, kControlSchema); !fits) return fits.error();
  auto scores = model::Dense::from(file, "q");
  if (!scores) return scores.error();
  if (scores->inputs() != kControlFeatures || scores->outputs() > kActionsMax) {
    return base::fail(base::Code::conflict, "model: a network of another width than the control's features");
  }
  const auto steps = model::tensor_of(file, "steps", {scores->outputs()});
  if (!steps) return steps.error();
  const float bound = kind == kResidualModel ? kResidualMax + 1e-6f : 1.0f;
  const bool bounded =
      std::all_of((*steps)->values.begin(), (*steps)->values.end(), [&](float step) { return std::abs(step) <= bound; });
  if (!bounded) return base::fail(base::Code::conflict, "model: a step of ln mu beyond the bound of its kind");
  return std::shared_ptr<const ControlPolicy>(new ControlPolicy(std::move(*scores), (*steps)->values));
}

std::size_t ControlPolicy::best(const ControlFeatures& features) const {
  std::array<float, kActionsMax> scores;
  scores_.forward(features, scores);
  return static_cast<std::size_t>(std::max_element(scores.begin(), scores.begin() + static_cast<std::ptrdiff_t>(actions())) -
                                  scores.begin());
}

}  // namespace bandstand::agents::bid
