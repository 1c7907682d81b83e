// network_training: batches of whole visits, in an order drawn anew for each epoch.
#include "learning/sequence/network_training.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace bandstand::learning {
namespace {

constexpr std::size_t kVisitsRanked = 256;  ///< at a time

model::Tensor tensor_from(const Matrix& matrix) {
  return {{static_cast<std::size_t>(matrix.rows()), static_cast<std::size_t>(matrix.cols())},
          std::vector<float>(matrix.data(), matrix.data() + matrix.size())};
}

base::Result<std::monostate> read_tensor(const model::ModelFile& file, const std::string& name, Matrix& out) {
  const std::vector<std::size_t> shape{static_cast<std::size_t>(out.rows()), static_cast<std::size_t>(out.cols())};
  BANDSTAND_TRY(tensor, model::tensor_of(file, name, shape));
  std::copy(tensor->values.begin(), tensor->values.end(), out.data());
  return std::monostate{};
}

}  // namespace

float NetworkTraining::rate_of(int epoch) const {
  return options_.rate * std::pow(.5f, static_cast<float>(std::max(0, epoch - options_.halve_from + 1)));
}

TrainingProgress NetworkTraining::epoch(const std::function<bool(const TrainingProgress&)>& watch) {
  TrainingProgress progress{++epochs_, 0, visits_.targets(), 0};
  rng_ = base::Rng(base::mix64(options_.seed) + static_cast<std::uint64_t>(epochs_));
  std::vector<std::size_t> order(visits_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng_.below(i)]);
  double sum = 0;
  std::vector<std::span<const Item>> batch;
  std::size_t examples = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    batch.push_back(visits_[order[i]]);
    examples += batch.back().size() - 1;
    if (examples < options_.batch && i + 1 < order.size()) continue;
    sum += step(batch);
    progress.examples += examples;
    progress.loss = sum / static_cast<double>(progress.examples);
    batch.clear();
    examples = 0;
    if (!watch(progress)) break;
  }
  return progress;
}

double NetworkTraining::step(std::span<const std::span<const Item>> visits) {
  std::vector<std::span<const Item>> prefixes;
  for (const auto& visit : visits) prefixes.push_back(visit.first(visit.size() - 1));
  packed_.pack(prefixes);
  targets_.resize(static_cast<std::size_t>(packed_.rows()));
  for (Eigen::Index v = 0; v < packed_.visits(); ++v) {
    const auto visit = visits[packed_.source(v)];
    for (Eigen::Index t = 0; t < packed_.length(v); ++t) {
      targets_[static_cast<std::size_t>(packed_.row(v, t))] = visit[static_cast<std::size_t>(t) + 1];
    }
  }
  const Matrix& vectors = network_.forward(packed_, &rng_);
  const bool sampling = options_.sampled > 0 && epochs_ < options_.full_from;
  const double loss = sampling ? softmax_.learn_sampled(vectors, targets_, network_.items(), gradient_, options_.sampled, rng_)
                               : softmax_.learn(vectors, targets_, network_.items(), gradient_);
  network_.backward(gradient_);
  ++steps_;
  const AdamRates rates{.rate = rate_of(epochs_), .l2 = options_.l2};
  for (const auto& [name, parameter] : network_.parameters()) parameter->adam(rates, steps_);
  return loss;
}

void NetworkTraining::save(model::ModelFile& file, bool state) const {
  save_parameters(network_, file);
  if (!state) return;
  for (const auto& [name, parameter] : network_.parameters()) {
    file.tensors[name + ".first"] = tensor_from(parameter->first);
    file.tensors[name + ".second"] = tensor_from(parameter->second);
  }
  file.tensors["done"] = {{2}, {static_cast<float>(epochs_), static_cast<float>(steps_)}};
}

base::Result<std::monostate> NetworkTraining::load(const model::ModelFile& file) {
  BANDSTAND_TRY_VOID(load_parameters(file, network_));
  for (const auto& [name, parameter] : network_.parameters()) {
    BANDSTAND_TRY_VOID(read_tensor(file, name + ".first", parameter->first));
    BANDSTAND_TRY_VOID(read_tensor(file, name + ".second", parameter->second));
  }
  BANDSTAND_TRY(done, model::tensor_of(file, "done", {2}));
  epochs_ = static_cast<int>(done->values[0]);
  steps_ = static_cast<long>(done->values[1]);
  return std::monostate{};
}

void save_parameters(const SequenceNetwork& network, model::ModelFile& file) {
  for (const auto& [name, parameter] : network.parameters()) file.tensors[name] = tensor_from(parameter->value);
}

base::Result<std::monostate> load_parameters(const model::ModelFile& file, SequenceNetwork& network) {
  for (const auto& [name, parameter] : network.parameters()) BANDSTAND_TRY_VOID(read_tensor(file, name, parameter->value));
  return std::monostate{};
}

std::vector<std::uint32_t> rank_visits(SequenceNetwork& network, const Visits& visits) {
  const auto known = [&](Item item) { return static_cast<Eigen::Index>(item) < network.items().value.rows(); };
  std::vector<std::uint32_t> out(visits.targets());
  std::size_t first = 0;  // place in `out` of the visit's first target
  PackedVisits packed;
  for (std::size_t begin = 0; begin < visits.size(); begin += kVisitsRanked) {
    struct Asked {
      std::size_t prefix, click;  ///< the vector after that click of that prefix
      Item target;
      std::size_t place;
    };
    std::vector<Asked> asked;
    std::vector<std::vector<Item>> prefixes;
    for (std::size_t v = begin; v < std::min(begin + kVisitsRanked, visits.size()); ++v) {
      const auto visit = visits[v];
      std::vector<Item> prefix;
      for (std::size_t p = 0; p < visit.size(); ++p) {
        if (p >= visits.first_target(v)) {
          if (!prefix.empty()) asked.push_back({prefixes.size(), prefix.size() - 1, visit[p], first});
          ++first;
        }
        if (p + 1 < visit.size() && known(visit[p])) prefix.push_back(visit[p]);
      }
      if (!prefix.empty()) prefixes.push_back(std::move(prefix));
    }
    const std::vector<std::span<const Item>> spans(prefixes.begin(), prefixes.end());
    packed.pack(spans);
    std::vector<Eigen::Index> packed_of(spans.size());
    for (Eigen::Index v = 0; v < packed.visits(); ++v) packed_of[packed.source(v)] = v;
    const Matrix& all = network.forward(packed, nullptr);
    Matrix vectors(static_cast<Eigen::Index>(asked.size()), all.cols());
    std::vector<Item> targets;
    for (const Asked& one : asked) {
      const Eigen::Index from = packed.row(packed_of[one.prefix], static_cast<Eigen::Index>(one.click));
      vectors.row(static_cast<Eigen::Index>(targets.size())) = all.row(from);
      targets.push_back(one.target);
    }
    std::vector<std::uint32_t> ranks(asked.size());
    rank_targets(vectors, targets, network.items().value, ranks);
    for (std::size_t i = 0; i < asked.size(); ++i) out[asked[i].place] = ranks[i];
  }
  return out;
}

}  // namespace bandstand::learning
