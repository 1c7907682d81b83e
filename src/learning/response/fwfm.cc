// fwfm: forward and backward of one row.
#include "learning/response/fwfm.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/rng.h"

namespace bandstand::learning {
namespace {

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

void Fwfm::gather(std::span<const Feature> features, Gathered& row) const {
  row.size = std::min(features.size(), kRowFeaturesMax);
  for (std::size_t i = 0; i < row.size; ++i) {
    row.slot[i] = features[i].hash & mask_;
    __builtin_prefetch(&slots_[row.slot[i]], 1);
  }
  for (std::size_t i = 0; i < row.size; ++i) {
    row.field[i] = std::min<std::size_t>(features[i].field, options_.fields - 1);
    row.x[i] = features[i].x;
    row.vector[i] = slots_[row.slot[i]].vector;
    row.sum[i] = {};
  }
}

float Fwfm::forward(Gathered& row) const {
  float logit = bias_;
  for (std::size_t i = 0; i < row.size; ++i) {
    for (std::size_t j = i + 1; j < row.size; ++j) {
      const float r = pairs_[pair_of(row.field[i], row.field[j])].r;
      for (std::size_t k = 0; k < kSize; ++k) {
        row.sum[i][k] += r * row.x[j] * row.vector[j][k];
        row.sum[j][k] += r * row.x[i] * row.vector[i][k];
      }
    }
    logit += row.x[i] * (slots_[row.slot[i]].weight + 0.5f * dot(row.vector[i], row.sum[i]));
  }
  return logit;
}

double Fwfm::predict(std::span<const Feature> features, float offset) const {
  Gathered row;
  gather(features, row);
  return sigmoid(offset + forward(row));
}

double Fwfm::learn(std::span<const Feature> features, bool label, float offset) {
  Gathered row;
  gather(features, row);
  const double p = sigmoid(offset + forward(row));
  const auto error = static_cast<float>(p - label);
  for (std::size_t i = 0; i < row.size; ++i) {
    for (std::size_t j = i + 1; j < row.size; ++j) {
      Pair& pair = pairs_[pair_of(row.field[i], row.field[j])];
      const float gradient = error * row.x[i] * row.x[j] * dot(row.vector[i], row.vector[j]) + options_.l2 * (pair.r - 1);
      step(pair.r, pair.squares, gradient, options_.pair_rate);
    }
  }
  step(bias_, bias_squares_, error, options_.rate);
  for (std::size_t i = 0; i < row.size; ++i) {
    Slot& slot = slots_[row.slot[i]];
    const float scale = error * row.x[i];
    step(slot.weight, slot.weight_squares, scale + options_.l2 * slot.weight, options_.rate);
    Vector gradient;
    for (std::size_t k = 0; k < kSize; ++k) gradient[k] = scale * row.sum[i][k] + options_.l2 * slot.vector[k];
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
