// network_training: epochs of Adam over visits; all prefixes of a visit are learned in one pass of it.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "learning/sequence/softmax_loss.h"
#include "learning/sequence/ranking.h"
#include "learning/sequence/sequence_network.h"
#include "model/safetensors.h"

namespace bandstand::learning {

struct NetworkTrainingOptions {
  std::size_t batch = 512;  ///< examples a step, at least; a visit is not cut
  float rate = 1e-3f;
  int halve_from = 4;       ///< the first epoch, from 1, with half the rate of the one before; and so on
  float l2 = 0;
  std::size_t sampled = 0;   ///< items beside the targets that stand for all in the loss (SoftmaxLoss::learn_sampled); 0: all
  int full_from = 1000;       ///< from this epoch on the loss is over all items whatever `sampled` says
  std::uint64_t seed = 1;
};

/// What an epoch has done so far.
struct TrainingProgress {
  int epoch = 0;  ///< from 1
  std::size_t examples = 0, of = 0;
  double loss = 0;  ///< mean of the examples so far: -log softmax, under dropout
};

/// Epoch by epoch; the same seed gives the same model, whether or not it was stopped between two epochs. One thread.
class NetworkTraining {
 public:
  /// Both must outlive this. `visits` have two clicks or more, all of items that the network has.
  NetworkTraining(SequenceNetwork& network, const Visits& visits, const NetworkTrainingOptions& options)
      : network_(network), visits_(visits), options_(options) {}

  /// One pass in a new order. Calls `watch` after each step; if it returns false, the epoch ends early.
  TrainingProgress epoch(const std::function<bool(const TrainingProgress&)>& watch);
  [[nodiscard]] int epochs_done() const { return epochs_; }
  /// Of the epoch, from 1.
  [[nodiscard]] float rate_of(int epoch) const;

  /// The parameters' values; with `state` also what is needed to go on: Adam's moments and counts.
  void save(model::ModelFile& file, bool state) const;
  /// What save() wrote with its state. Errors: as model::tensor_of.
  [[nodiscard]] base::Result<std::monostate> load(const model::ModelFile& file);

 private:
  double step(std::span<const std::span<const Item>> prefixes);

  SequenceNetwork& network_;
  const Visits& visits_;
  NetworkTrainingOptions options_;
  base::Rng rng_{0};
  int epochs_ = 0;
  long steps_ = 0;
  PackedVisits packed_;
  SoftmaxLoss softmax_;
  std::vector<Item> targets_;
  Matrix gradient_;
};

/// Writes the parameters' values to a file.
void save_parameters(const SequenceNetwork& network, model::ModelFile& file);
/// Copies the parameters' values from a file. Errors: as model::tensor_of.
[[nodiscard]] base::Result<std::monostate> load_parameters(const model::ModelFile& file, SequenceNetwork& network);

/// The rank of each target of `visits` among all of the network's items, in their order; 0 for one that the network lacks or that
/// no known item precedes. Unknown items of prefixes are left out.
[[nodiscard]] std::vector<std::uint32_t> rank_visits(SequenceNetwork& network, const Visits& visits);

}  // namespace bandstand::learning
