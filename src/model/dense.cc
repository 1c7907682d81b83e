// dense: outputs in blocks of 32, kept in four vector registers while the inputs go by.
#include "model/dense.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"

namespace bandstand::model {
namespace {

/// Eight floats in one register. Written out, because -O2 does not make vectors of a loop whose length it does not know.
using Lanes [[gnu::vector_size(32)]] = float;
constexpr std::size_t kLanes = 8;
constexpr std::size_t kBlock = 4 * kLanes;

Lanes load(const float* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

/// to[0..32) = bias + sum over k of in[k] * weight[k * stride + 0..32).
void add_block(const float* in, std::size_t inputs, const float* weight, std::size_t stride, const float* bias, float* to) {
  Lanes a = load(bias), b = load(bias + kLanes), c = load(bias + 2 * kLanes), d = load(bias + 3 * kLanes);
  for (std::size_t k = 0; k < inputs; ++k, weight += stride) {
    const float x = in[k];
    a += x * load(weight);
    b += x * load(weight + kLanes);
    c += x * load(weight + 2 * kLanes);
    d += x * load(weight + 3 * kLanes);
  }
  std::memcpy(to, &a, sizeof a);
  std::memcpy(to + kLanes, &b, sizeof b);
  std::memcpy(to + 2 * kLanes, &c, sizeof c);
  std::memcpy(to + 3 * kLanes, &d, sizeof d);
}

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
    layer.padded = (layer.outputs + kBlock - 1) / kBlock * kBlock;
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
    for (std::size_t o = 0; o < layer.padded; o += kBlock) {
      add_block(from.data(), layer.inputs, layer.weight.data() + o, layer.padded, layer.bias.data() + o, to.data() + o);
    }
    if (i + 1 == layers_.size()) break;
    for (std::size_t o = 0; o < layer.outputs; ++o) from[o] = std::max(0.0f, to[o]);
  }
  std::copy_n(to.begin(), outputs(), out.begin());
}

}  // namespace bandstand::model
