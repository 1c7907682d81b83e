// encoder_for_tests: a small network of visits with values drawn by seed, as a model file.
#pragma once

#include <string>

#include "base/rng.h"
#include "model/safetensors.h"

namespace bandstand::model {

/// A NARM over the items 100..109.
inline ModelFile narm_for_tests(std::uint64_t seed, std::size_t width = 4) {
  constexpr std::size_t kItems = 10, kHidden = 6;
  base::Rng rng(seed);
  ModelFile file{"profile.narm", "", "{}", {}};
  file.schema = R"({"items":[100,101,102,103,104,105,106,107,108,109],"hidden":6,"window":50,"width":)";
  file.schema += std::to_string(width) + "}";
  const auto add = [&](const char* name, std::size_t rows, std::size_t columns) {
    Tensor& tensor = file.tensors[name] = {{rows, columns}, std::vector<float>(rows * columns)};
    for (float& value : tensor.values) value = static_cast<float>(rng.normal());
  };
  add("items", kItems, width);
  add("gru.input", width, 3 * kHidden);
  add("gru.recurrent", kHidden, 3 * kHidden);
  add("gru.bias", 1, 3 * kHidden);
  add("gru.candidate_bias", 1, kHidden);
  add("attention.query", kHidden, kHidden);
  add("attention.key", kHidden, kHidden);
  add("attention.weight", 1, kHidden);
  add("decoder", 2 * kHidden, width);
  return file;
}

}  // namespace bandstand::model
