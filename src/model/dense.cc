// dense: rows of outputs, eight at a time.
#include "model/dense.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace bandstand::model {
namespace {

constexpr std::size_t kLanes = 8;

}  // namespace

base::Result<Dense> Dense::from(const ModelFile& file, const std::string& prefix) {
  Dense net;
  for (std::size_t i = 0;; ++i) {
    const std::string name = prefix + "." + std::to_string(i);
    const auto found = file.tensors.find(name + ".weight");
    if (found == file.tensors.end()) break;
    const Tensor& weight = found->second;
    if (weight.shape.size() != 2 || weight.shape[0] == 0 || weight.shape[1] == 0 || weight.shape[0] > kWidest ||
        weight.shape[1] > kWidest || (i > 0 && weight.shape[1] != net.layers_.back().outputs)) {
      return base::fail(base::Code::conflict, "model: a dense layer does not follow the one before it");
    }
    Layer layer{.inputs = weight.shape[1], .outputs = weight.shape[0], .padded = 0, .weight = {}, .bias = {}};
    const auto bias = tensor_of(file, name + ".bias", {layer.outputs});
    if (!bias) return bias.error();
    layer.padded = (layer.outputs + kLanes - 1) / kLanes * kLanes;
    layer.bias = (*bias)->values;
    layer.bias.resize(layer.padded);
    layer.weight.resize(layer.inputs * layer.padded);
    for (std::size_t o = 0; o < layer.outputs; ++o) {
      for (std::size_t k = 0; k < layer.inputs; ++k) layer.weight[k * layer.padded + o] = weight.values[o * layer.inputs + k];
    }
    net.layers_.push_back(std::move(layer));
  }
  if (net.layers_.empty()) return base::fail(base::Code::not_found, "model: no dense layers of that name");
  return net;
}

void Dense::forward(std::span<const float> in, std::span<float> out) const {
  BANDSTAND_CHECK(in.size() == inputs() && out.size() >= outputs());
  alignas(32) std::array<float, kWidest> from;
  alignas(32) std::array<float, kWidest> to;
  std::copy(in.begin(), in.end(), from.begin());
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    float* const sum = to.data();
    std::copy(layer.bias.begin(), layer.bias.end(), sum);
    for (std::size_t k = 0; k < layer.inputs; ++k) {
      const float x = from[k];
      if (x == 0) continue;  // after a ReLU about half of them
      const float* const row = layer.weight.data() + k * layer.padded;
      for (std::size_t o = 0; o < layer.padded; ++o) sum[o] += x * row[o];
    }
    if (i + 1 == layers_.size()) break;
    for (std::size_t o = 0; o < layer.padded; ++o) from[o] = std::max(0.0f, sum[o]);
  }
  std::copy_n(to.begin(), outputs(), out.begin());
}

}  // namespace bandstand::model
