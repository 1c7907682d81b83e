// dcn: forward and backward of one row; layers step after a batch.
#include "learning/response/dcn.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/check.h"
#include "base/rng.h"

namespace bandstand::learning {
namespace {

using Eigen::Index;
using Eigen::VectorXf;

/// One step of AdaGrad (Duchi et al. 2011). Not Adam: where a unit is dead its moments fade into denormal numbers, which made a
/// row ten times as slow; and AdaGrad came out better.
void step(float& value, float& squares, float gradient, float rate) {
  squares += gradient * gradient;
  value -= rate * gradient / (std::sqrt(squares) + 1e-6f);
}
void step(Parameter& parameter, float rate, int rows) {
  parameter.gradient /= static_cast<float>(rows);
  parameter.second += parameter.gradient.cwiseAbs2();
  parameter.value.array() -= rate * parameter.gradient.array() / (parameter.second.array().sqrt() + 1e-6f);
  parameter.gradient.setZero();
}

void draw(Parameter& parameter, double spread, base::Rng& rng) {
  for (Index i = 0; i < parameter.value.size(); ++i) parameter.value.data()[i] = static_cast<float>(spread * rng.normal());
}

/// A layer with weights of variance gain / inputs (Glorot and Bengio 2010, He et al. 2015 with ReLU: 2).
Affine drawn(Index outputs, Index inputs, double gain, base::Rng& rng) {
  Affine layer(outputs, inputs);
  draw(layer.weight, std::sqrt(gain / static_cast<double>(inputs)), rng);
  return layer;
}

model::Tensor tensor_of(std::initializer_list<const Parameter::Matrix*> matrices, std::vector<std::size_t> shape) {
  model::Tensor out{std::move(shape), {}};
  for (const auto* one : matrices) out.values.insert(out.values.end(), one->data(), one->data() + one->size());
  return out;
}

/// The shape a parameter has in a file: biases are vectors.
std::vector<std::size_t> shape_of(const Parameter& parameter) {
  const auto rows = static_cast<std::size_t>(parameter.value.rows()), columns = static_cast<std::size_t>(parameter.value.cols());
  if (columns == 1) return {rows};
  return {rows, columns};
}

}  // namespace

VectorXf Affine::backward(const VectorXf& x, const VectorXf& gradient) {
  weight.gradient.noalias() += gradient * x.transpose();
  bias.gradient.col(0) += gradient;
  return weight.value.transpose() * gradient;
}

VectorXf CrossLayer::operator()(const VectorXf& x0, const VectorXf& x) const {
  VectorXf at = maps.front()(x);
  if (maps.size() == 2) at = maps.back()(at);
  return x0.cwiseProduct(at) + x;
}

VectorXf CrossLayer::backward(const VectorXf& x0, const VectorXf& x, const VectorXf& gradient, VectorXf& x0_gradient) {
  const VectorXf first = maps.front()(x);
  VectorXf at = x0.cwiseProduct(gradient);
  if (maps.size() == 2) {
    x0_gradient += gradient.cwiseProduct(maps.back()(first));
    at = maps.back().backward(first, at);
  } else {
    x0_gradient += gradient.cwiseProduct(first);
  }
  return maps.front().backward(x, at) + gradient;
}

Dcn::Dcn(const DcnOptions& options)
    : options_(options), mask_((std::uint64_t{1} << options.bits) - 1), bias_(options.prior_logit), slots_(mask_ + 1) {
  BANDSTAND_CHECK(options.bits >= 1 && options.bits <= 26 && options.fields >= 1 && options.fields <= kFieldsMax);
  BANDSTAND_CHECK(options.cross >= 0 && options.rank >= 0 && options.batch >= 1);
  base::Rng rng(options.seed);
  for (Slot& slot : slots_) {
    for (float& value : slot.vector) value = options.spread * static_cast<float>(2 * rng.uniform() - 1);
  }
  const auto width = static_cast<Index>(options.fields * kSize);
  const bool low = options.rank > 0 && 2 * options.rank < width;  // above, the full matrix is no larger
  for (int i = 0; i < options.cross; ++i) {
    CrossLayer layer;
    if (low) layer.maps.push_back(drawn(options.rank, width, 1, rng));
    layer.maps.push_back(drawn(width, low ? options.rank : width, 1, rng));
    cross_.push_back(std::move(layer));
  }
  Index inputs = width;
  for (const int outputs : options.hidden) {
    deep_.push_back(drawn(outputs, inputs, 2, rng));
    inputs = outputs;
  }
  if (!options.hidden.empty()) deep_.push_back(drawn(1, inputs, 1, rng));
  head_ = Parameter(1, width);
  draw(head_, std::sqrt(1 / static_cast<double>(width)), rng);
}

std::size_t Dcn::place_of(const Feature& feature) const {
  return kSize * std::min<std::size_t>(feature.field, options_.fields - 1);
}

Dcn::Pass Dcn::forward(std::span<const Feature> features) const {
  Pass pass;
  for (const Feature& feature : features) __builtin_prefetch(&slots_[feature.hash & mask_], 1);
  VectorXf x0 = VectorXf::Zero(static_cast<Index>(kSize * options_.fields));
  float logit = bias_;
  for (const Feature& feature : features) {
    const Slot& slot = slots_[feature.hash & mask_];
    logit += feature.x * slot.weight;
    float* const to = x0.data() + place_of(feature);
    for (std::size_t k = 0; k < kSize; ++k) to[k] += feature.x * slot.vector[k];
  }
  pass.cross.reserve(cross_.size() + 1);
  pass.cross.push_back(x0);
  for (const CrossLayer& layer : cross_) pass.cross.push_back(layer(x0, pass.cross.back()));
  logit += head_.value.row(0).dot(pass.cross.back());
  for (std::size_t i = 0; i < deep_.size(); ++i) {
    VectorXf next = deep_[i](i == 0 ? x0 : pass.deep.back());
    if (i + 1 == deep_.size()) {
      logit += next[0];
    } else {
      pass.deep.push_back(next.cwiseMax(0.0f));
    }
  }
  pass.logit = logit;
  return pass;
}

double Dcn::predict(std::span<const Feature> features, float offset) const {
  return sigmoid(offset + forward(features.first(std::min(features.size(), kRowFeaturesMax))).logit);
}

void Dcn::learn_layers(const Pass& pass, float error, VectorXf& x0_gradient) {
  const VectorXf& x0 = pass.cross.front();
  head_.gradient.row(0) += error * pass.cross.back();
  VectorXf at = error * head_.value.row(0).transpose();
  for (std::size_t i = cross_.size(); i-- > 0;) at = cross_[i].backward(x0, pass.cross[i], at, x0_gradient);
  x0_gradient += at;
  VectorXf back = VectorXf::Constant(1, error);
  for (std::size_t i = deep_.size(); i-- > 0;) {
    const VectorXf& in = i == 0 ? x0 : pass.deep[i - 1];
    back = deep_[i].backward(in, back);
    if (i > 0) back = back.cwiseProduct((in.array() > 0).cast<float>().matrix());
  }
  if (!deep_.empty()) x0_gradient += back;
}

double Dcn::learn(std::span<const Feature> all, bool label, float offset) {
  const auto features = all.first(std::min(all.size(), kRowFeaturesMax));
  const Pass pass = forward(features);
  const double p = sigmoid(offset + pass.logit);
  const auto error = static_cast<float>(p - label);
  VectorXf x0_gradient = VectorXf::Zero(pass.cross.front().size());
  learn_layers(pass, error, x0_gradient);
  step(bias_, bias_squares_, error, options_.rate);
  for (const Feature& feature : features) {
    Slot& slot = slots_[feature.hash & mask_];
    step(slot.weight, slot.weight_squares, error * feature.x + options_.l2 * slot.weight, options_.rate);
    const float* const from = x0_gradient.data() + place_of(feature);
    std::array<float, kSize> gradient;
    float squares = 0;
    for (std::size_t k = 0; k < kSize; ++k) {
      gradient[k] = feature.x * from[k] + options_.l2 * slot.vector[k];
      squares += gradient[k] * gradient[k];
    }
    slot.vector_squares += squares / kSize;
    const float rate = options_.rate / (std::sqrt(slot.vector_squares) + 1e-6f);
    for (std::size_t k = 0; k < kSize; ++k) slot.vector[k] -= rate * gradient[k];
  }
  if (++pending_ == options_.batch) {
    pending_ = 0;
    each_parameter(*this, [&](const std::string&, Parameter& one) { step(one, options_.dense_rate, options_.batch); });
  }
  return p;
}

template <class Self, class Each>
void Dcn::each_parameter(Self& self, Each each) {
  const auto affine = [&](const std::string& name, auto& layer) {
    each(name + ".weight", layer.weight);
    each(name + ".bias", layer.bias);
  };
  for (std::size_t i = 0; i < self.cross_.size(); ++i) {
    auto& maps = self.cross_[i].maps;
    const std::string name = "cross." + std::to_string(i);
    if (maps.size() == 2) affine(name + ".down.0", maps.front());
    affine(name + ".up.0", maps.back());
  }
  for (std::size_t i = 0; i < self.deep_.size(); ++i) affine("deep." + std::to_string(i), self.deep_[i]);
  each("head", self.head_);
}

void Dcn::save(model::ModelFile& file) const {
  model::Tensor weight{{slots_.size()}, {}}, vector{{slots_.size(), kSize}, {}}, squares{{slots_.size(), 2}, {}};
  for (const Slot& slot : slots_) {
    weight.values.push_back(slot.weight);
    vector.values.insert(vector.values.end(), slot.vector.begin(), slot.vector.end());
    squares.values.insert(squares.values.end(), {slot.weight_squares, slot.vector_squares});
  }
  file.tensors["weight"] = std::move(weight);
  file.tensors["embedding"] = std::move(vector);
  file.tensors["bias"] = {{1}, {bias_}};
  file.tensors["adagrad.slot"] = std::move(squares);
  file.tensors["adagrad.bias"] = {{1}, {bias_squares_}};
  file.tensors["pending"] = {{1}, {static_cast<float>(pending_)}};
  each_parameter(*this, [&](const std::string& name, const Parameter& one) {
    file.tensors[name] = tensor_of({&one.value}, shape_of(one));
    file.tensors["adagrad." + name] = tensor_of({&one.second, &one.gradient}, {2, static_cast<std::size_t>(one.value.size())});
  });
}

base::Result<std::monostate> Dcn::load(const model::ModelFile& file) {
  BANDSTAND_TRY(weight, model::tensor_of(file, "weight", {slots_.size()}));
  BANDSTAND_TRY(vector, model::tensor_of(file, "embedding", {slots_.size(), kSize}));
  BANDSTAND_TRY(bias, model::tensor_of(file, "bias", {1}));
  BANDSTAND_TRY(squares, model::tensor_of(file, "adagrad.slot", {slots_.size(), 2}));
  BANDSTAND_TRY(bias_squares, model::tensor_of(file, "adagrad.bias", {1}));
  BANDSTAND_TRY(pending, model::tensor_of(file, "pending", {1}));
  const auto negative = [](float one) { return one < 0; };
  bool bad = std::any_of(squares->values.begin(), squares->values.end(), negative) || negative(bias_squares->values[0]);
  const float rows = pending->values[0];
  bad = bad || rows < 0 || rows >= static_cast<float>(options_.batch) || rows != std::floor(rows);
  std::vector<std::pair<const model::Tensor*, const model::Tensor*>> layers;
  std::optional<base::Error> missing;
  each_parameter(*this, [&](const std::string& name, const Parameter& one) {
    const auto size = static_cast<std::size_t>(one.value.size());
    const auto value = model::tensor_of(file, name, shape_of(one));
    const auto state = model::tensor_of(file, "adagrad." + name, {2, size});
    if (!value || !state) {
      if (!missing) missing = !value ? value.error() : state.error();
      return;
    }
    const float* const sums = (*state)->values.data();
    bad = bad || std::any_of(sums, sums + size, negative);
    layers.emplace_back(*value, *state);
  });
  if (missing) return *missing;
  if (bad) return base::fail(base::Code::corrupt, "a sum of squares below 0, or a count that is none");
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    slots_[i].weight = weight->values[i];
    std::copy_n(vector->values.begin() + static_cast<std::ptrdiff_t>(i * kSize), kSize, slots_[i].vector.begin());
    slots_[i].weight_squares = squares->values[2 * i];
    slots_[i].vector_squares = squares->values[2 * i + 1];
  }
  bias_ = bias->values[0];
  bias_squares_ = bias_squares->values[0];
  pending_ = static_cast<int>(rows);
  auto next = layers.begin();
  each_parameter(*this, [&](const std::string&, Parameter& one) {
    const auto [value, state] = *next++;
    const auto size = one.value.size();
    const float* const from = state->values.data();
    std::copy_n(value->values.data(), size, one.value.data());
    std::copy_n(from, size, one.second.data());
    std::copy_n(from + size, size, one.gradient.data());
  });
  return std::monostate{};
}

}  // namespace bandstand::learning
