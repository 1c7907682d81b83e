// ftrl: algorithm 1, a row at a time.
#include "learning/response/ftrl.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"

namespace bandstand::learning {
namespace {

std::span<const Feature> at_most(std::span<const Feature> features) {
  return features.first(std::min(features.size(), kRowFeaturesMax));
}

}  // namespace

Ftrl::Ftrl(const FtrlOptions& options) : options_(options), mask_((std::uint64_t{1} << options.bits) - 1), table_(mask_ + 1) {
  BANDSTAND_CHECK(options.bits >= 1 && options.bits <= 28);
}

float Ftrl::weight(const Coordinate& at, float l1, float l2) const {
  if (std::abs(at.z) <= l1) return 0;
  return (std::copysign(l1, at.z) - at.z) / ((options_.beta + std::sqrt(at.n)) / options_.alpha + l2);
}

void Ftrl::update(Coordinate& at, float weight, float gradient) const {
  const float n = at.n + gradient * gradient;
  const float sigma = (std::sqrt(n) - std::sqrt(at.n)) / options_.alpha;
  at.z += gradient - sigma * weight;
  at.n = n;
}

double Ftrl::predict(std::span<const Feature> features, float offset) const {
  float logit = offset + options_.prior_logit + weight(bias_, 0, 0);
  for (const Feature& feature : at_most(features)) {
    logit += feature.x * weight(table_[feature.hash & mask_], options_.l1, options_.l2);
  }
  return sigmoid(logit);
}

double Ftrl::learn(std::span<const Feature> features, bool label, float offset) {
  features = at_most(features);
  for (const Feature& feature : features) __builtin_prefetch(&table_[feature.hash & mask_], 1);
  std::array<float, kRowFeaturesMax> weights;
  const float bias = weight(bias_, 0, 0);
  float logit = offset + options_.prior_logit + bias;
  for (std::size_t i = 0; i < features.size(); ++i) {
    weights[i] = weight(table_[features[i].hash & mask_], options_.l1, options_.l2);
    logit += features[i].x * weights[i];
  }
  const double p = sigmoid(logit);
  const auto error = static_cast<float>(p - label);
  update(bias_, bias, error);
  for (std::size_t i = 0; i < features.size(); ++i) {
    update(table_[features[i].hash & mask_], weights[i], error * features[i].x);
  }
  return p;
}

std::size_t Ftrl::weights() const {
  return static_cast<std::size_t>(std::count_if(table_.begin(), table_.end(), [&](const Coordinate& at) {
    return weight(at, options_.l1, options_.l2) != 0;
  }));
}

void Ftrl::save(model::ModelFile& file) const {
  const std::vector<std::size_t> shape{table_.size()};
  model::Tensor weights{shape, {}}, z{shape, {}}, n{shape, {}};
  for (const Coordinate& at : table_) {
    weights.values.push_back(weight(at, options_.l1, options_.l2));
    z.values.push_back(at.z);
    n.values.push_back(at.n);
  }
  file.tensors["weight"] = std::move(weights);
  file.tensors["bias"] = {{1}, {options_.prior_logit + weight(bias_, 0, 0)}};
  file.tensors["ftrl.z"] = std::move(z);
  file.tensors["ftrl.n"] = std::move(n);
  file.tensors["ftrl.bias"] = {{3}, {bias_.z, bias_.n, options_.prior_logit}};
}

base::Result<std::monostate> Ftrl::load(const model::ModelFile& file) {
  BANDSTAND_TRY(z, model::tensor_of(file, "ftrl.z", {table_.size()}));
  BANDSTAND_TRY(n, model::tensor_of(file, "ftrl.n", {table_.size()}));
  BANDSTAND_TRY(bias, model::tensor_of(file, "ftrl.bias", {3}));
  for (const float squares : n->values) {
    if (squares < 0) return base::fail(base::Code::corrupt, "a sum of squares below 0");
  }
  if (bias->values[1] < 0) return base::fail(base::Code::corrupt, "a sum of squares below 0");
  for (std::size_t i = 0; i < table_.size(); ++i) table_[i] = {z->values[i], n->values[i]};
  bias_ = {bias->values[0], bias->values[1]};
  options_.prior_logit = bias->values[2];
  return std::monostate{};
}

}  // namespace bandstand::learning
