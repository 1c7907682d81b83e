// learned_models: models of full cost that believe nothing: what a decision takes with every learned policy live.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agents/bid/control_policy.h"
#include "agents/creative/learned_response.h"
#include "base/check.h"
#include "model/safetensors.h"

namespace bandstand::bench {

/// By agent: all kinds of features, weights everywhere; a residual of a network as large as the trained ones.
inline std::vector<std::pair<std::string, std::string>> learned_models() {
  using agents::creative::ResponseModel;
  agents::creative::FeatureScales scales;
  for (float& scale : scales.of) scale = scale == 0 ? 0.5f : scale;
  const ResponseModel response(0, -5, .02f, std::vector<agents::creative::Weight>(ResponseModel::kTableSize, {.01f, 1}), {},
                               scales);
  model::ModelFile residual{.kind = std::string(agents::bid::kResidualModel),
                            .schema = std::string(agents::bid::kControlSchema),
                            .training = "{}",
                            .tensors = {}};
  const std::size_t sizes[] = {agents::bid::kControlFeatures, 64, 64, 11};
  for (std::size_t layer = 0; layer < 3; ++layer) {
    const std::string name = "q." + std::to_string(layer);
    residual.tensors[name + ".weight"] = {{sizes[layer + 1], sizes[layer]},
                                          std::vector<float>(sizes[layer] * sizes[layer + 1], .01f)};
    residual.tensors[name + ".bias"] = {{sizes[layer + 1]}, std::vector<float>(sizes[layer + 1])};
  }
  const auto steps = agents::bid::residual_steps();
  residual.tensors["steps"] = {{steps.size()}, {steps.begin(), steps.end()}};
  const auto creative = model::encode_model(agents::creative::to_file(response, "{}"));
  const auto bid = model::encode_model(residual);
  BANDSTAND_CHECK(creative.has_value() && bid.has_value());
  return {{"creative", *creative}, {"bid", *bid}};
}

}  // namespace bandstand::bench
