// mlp: products of matrices and their transposes.
#include "learning/neural/mlp.h"

#include <cmath>

#include "base/check.h"

namespace bandstand::learning {
namespace {

model::Tensor tensor_of(const Parameter::Matrix& matrix, std::vector<std::size_t> shape) {
  return {std::move(shape), {matrix.data(), matrix.data() + matrix.size()}};
}

}  // namespace

Mlp::Mlp(const std::vector<int>& sizes, base::Rng& rng) {
  BANDSTAND_CHECK(sizes.size() >= 2);
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    BANDSTAND_CHECK(sizes[i] >= 1 && sizes[i + 1] >= 1);
    Layer layer{{sizes[i + 1], sizes[i]}, {1, sizes[i + 1]}};
    const double scale = std::sqrt(2.0 / sizes[i]);
    for (Eigen::Index k = 0; k < layer.weight.value.size(); ++k) {
      layer.weight.value.data()[k] = static_cast<float>(scale * rng.normal());
    }
    layers_.push_back(std::move(layer));
  }
}

Mlp::Matrix Mlp::predict(const Matrix& batch) const {
  Matrix at = batch;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    Matrix next = at * layers_[i].weight.value.transpose();
    next.rowwise() += layers_[i].bias.value.row(0);
    if (i + 1 < layers_.size()) next = next.cwiseMax(0.0f);
    at = std::move(next);
  }
  return at;
}

const Mlp::Matrix& Mlp::forward(const Matrix& batch) {
  activations_.resize(layers_.size() + 1);
  activations_[0] = batch;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    Matrix& next = activations_[i + 1];
    next.noalias() = activations_[i] * layers_[i].weight.value.transpose();
    next.rowwise() += layers_[i].bias.value.row(0);
    if (i + 1 < layers_.size()) next = next.cwiseMax(0.0f);
  }
  return activations_.back();
}

void Mlp::backward(const Matrix& gradient) {
  Matrix at = gradient;
  for (std::size_t i = layers_.size(); i-- > 0;) {
    layers_[i].weight.gradient.noalias() += at.transpose() * activations_[i];
    layers_[i].bias.gradient += at.colwise().sum();
    if (i == 0) break;
    Matrix before = at * layers_[i].weight.value;
    at = before.cwiseProduct((activations_[i].array() > 0).cast<float>().matrix());
  }
}

void Mlp::step(const AdamRates& rates, float longest) {
  if (longest > 0) {
    float squares = 0;
    for (const Layer& layer : layers_) squares += layer.weight.gradient.squaredNorm() + layer.bias.gradient.squaredNorm();
    const float scale = longest / std::max(longest, std::sqrt(squares));
    for (Layer& layer : layers_) {
      layer.weight.gradient *= scale;
      layer.bias.gradient *= scale;
    }
  }
  ++steps_;
  for (Layer& layer : layers_) {
    layer.weight.adam(rates, steps_);
    layer.bias.adam(rates, steps_);
  }
}

void Mlp::save(const std::string& prefix, std::map<std::string, model::Tensor>& tensors) const {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const std::string name = prefix + "." + std::to_string(i);
    const auto& weight = layers_[i].weight.value;
    const auto outputs = static_cast<std::size_t>(weight.rows());
    tensors[name + ".weight"] = tensor_of(weight, {outputs, static_cast<std::size_t>(weight.cols())});
    tensors[name + ".bias"] = tensor_of(layers_[i].bias.value, {outputs});
  }
}

}  // namespace bandstand::learning
