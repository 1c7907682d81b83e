// fwfm: forward and backward of one row.
#include "learning/response/fwfm.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/rng.h"

namespace bandstand::learning {
namespace {

std::span<const Feature> at_most(std::span<const Feature> features) {
  return features.first(std::min(features.size(), kRowFeaturesMax));
}

/// One step of AdaGrad (Duchi et al. 2011).
void step(float& value, float& squares, float gradient, float rate) {
  squares += gradient * gradient;
  value -= rate * gradient / (std::sqrt(squares) + 1e-6f);
}

float dot(const std::array<float, Fwfm::kSize>& a, const std::array<float, Fwfm::kSize>& b) {
  float sum = 0;
  for (std::size_t k = 0; k < Fwfm::kSize; ++k) sum += a[k] * b[k];
  return sum;
}

}  // namespace

Fwfm::Fwfm(const FwfmOptions& options)
    : options_(options), mask_((std::uint64_t{1} << options.bits) - 1), bias_(options.prior_logit), slots_(mask_ + 1),
      pairs_(options.fields * options.fields) {
  BANDSTAND_CHECK(options.bits >= 1 && options.bits <= 26 && options.fields >= 1 && options.fields <= kFieldsMax);
  base::Rng rng(options.seed);
  for (Slot& slot : slots_) {
    for (float& value : slot.vector) value = options.spread * static_cast<float>(2 * rng.uniform() - 1);
  }
}

std::size_t Fwfm::pair_of(const Feature& a, const Feature& b) const {
  const std::size_t low = std::min(a.field, b.field), high = std::max(a.field, b.field);
  return low % options_.fields * options_.fields + high % options_.fields;
}

float Fwfm::forward(std::span<const Feature> features, std::array<Vector, kRowFeaturesMax>& sums) const {
  float logit = bias_;
  for (std::size_t i = 0; i < features.size(); ++i) {
    const Slot& own = slots_[features[i].hash & mask_];
    Vector sum{};
    for (std::size_t j = 0; j < features.size(); ++j) {
      if (j == i) continue;
      const float scale = pairs_[pair_of(features[i], features[j])].r * features[j].x;
      const Vector& other = slots_[features[j].hash & mask_].vector;
      for (std::size_t k = 0; k < kSize; ++k) sum[k] += scale * other[k];
    }
    sums[i] = sum;
    logit += features[i].x * (own.weight + 0.5f * dot(own.vector, sum));
  }
  return logit;
}

double Fwfm::predict(std::span<const Feature> features) const {
  std::array<Vector, kRowFeaturesMax> sums;
  return sigmoid(forward(at_most(features), sums));
}

double Fwfm::learn(std::span<const Feature> features, bool label) {
  features = at_most(features);
  for (const Feature& feature : features) __builtin_prefetch(&slots_[feature.hash & mask_], 1);
  std::array<Vector, kRowFeaturesMax> sums;
  const double p = sigmoid(forward(features, sums));
  const auto error = static_cast<float>(p - label);
  for (std::size_t i = 0; i < features.size(); ++i) {  // before the vectors move
    for (std::size_t j = i + 1; j < features.size(); ++j) {
      Pair& pair = pairs_[pair_of(features[i], features[j])];
      const float product = dot(slots_[features[i].hash & mask_].vector, slots_[features[j].hash & mask_].vector);
      const float gradient = error * features[i].x * features[j].x * product + options_.l2 * (pair.r - 1);
      step(pair.r, pair.squares, gradient, options_.pair_rate);
    }
  }
  step(bias_, bias_squares_, error, options_.rate);
  for (std::size_t i = 0; i < features.size(); ++i) {
    Slot& slot = slots_[features[i].hash & mask_];
    const float scale = error * features[i].x;
    step(slot.weight, slot.weight_squares, scale + options_.l2 * slot.weight, options_.rate);
    Vector gradient;
    for (std::size_t k = 0; k < kSize; ++k) gradient[k] = scale * sums[i][k] + options_.l2 * slot.vector[k];
    slot.vector_squares += dot(gradient, gradient) / kSize;
    const float rate = options_.rate / (std::sqrt(slot.vector_squares) + 1e-6f);
    for (std::size_t k = 0; k < kSize; ++k) slot.vector[k] -= rate * gradient[k];
  }
  return p;
}

void Fwfm::save(model::ModelFile& file) const {
  const std::size_t slots = slots_.size(), fields = options_.fields;
  model::Tensor weight{{slots}, {}}, vector{{slots, kSize}, {}}, squares{{slots, 2}, {}};
  model::Tensor pair{{fields, fields}, {}}, pair_squares{{fields, fields}, {}};
  for (const Slot& slot : slots_) {
    weight.values.push_back(slot.weight);
    vector.values.insert(vector.values.end(), slot.vector.begin(), slot.vector.end());
    squares.values.insert(squares.values.end(), {slot.weight_squares, slot.vector_squares});
  }
  for (const Pair& one : pairs_) {
    pair.values.push_back(one.r);
    pair_squares.values.push_back(one.squares);
  }
  file.tensors["weight"] = std::move(weight);
  file.tensors["vector"] = std::move(vector);
  file.tensors["pair"] = std::move(pair);
  file.tensors["bias"] = {{1}, {bias_}};
  file.tensors["adagrad.slot"] = std::move(squares);
  file.tensors["adagrad.pair"] = std::move(pair_squares);
  file.tensors["adagrad.bias"] = {{1}, {bias_squares_}};
}

base::Result<std::monostate> Fwfm::load(const model::ModelFile& file) {
  const std::size_t slots = slots_.size(), fields = options_.fields;
  BANDSTAND_TRY(weight, model::tensor_of(file, "weight", {slots}));
  BANDSTAND_TRY(vector, model::tensor_of(file, "vector", {slots, kSize}));
  BANDSTAND_TRY(pair, model::tensor_of(file, "pair", {fields, fields}));
  BANDSTAND_TRY(bias, model::tensor_of(file, "bias", {1}));
  BANDSTAND_TRY(squares, model::tensor_of(file, "adagrad.slot", {slots, 2}));
  BANDSTAND_TRY(pair_squares, model::tensor_of(file, "adagrad.pair", {fields, fields}));
  BANDSTAND_TRY(bias_squares, model::tensor_of(file, "adagrad.bias", {1}));
  for (const model::Tensor* sums : {squares, pair_squares, bias_squares}) {
    for (const float sum : sums->values) {
      if (sum < 0) return base::fail(base::Code::corrupt, "a sum of squares below 0");
    }
  }
  for (std::size_t i = 0; i < slots; ++i) {
    Slot& slot = slots_[i];
    slot.weight = weight->values[i];
    std::copy_n(vector->values.begin() + static_cast<std::ptrdiff_t>(i * kSize), kSize, slot.vector.begin());
    slot.weight_squares = squares->values[2 * i];
    slot.vector_squares = squares->values[2 * i + 1];
  }
  for (std::size_t i = 0; i < pairs_.size(); ++i) pairs_[i] = {pair->values[i], pair_squares->values[i]};
  bias_ = bias->values[0];
  bias_squares_ = bias_squares->values[0];
  return std::monostate{};
}

}  // namespace bandstand::learning
