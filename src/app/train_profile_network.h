// train_profile_network: epochs of a network of visits, the held-out visits that choose among them, files to go on from.
#pragma once

#include <iosfwd>
#include <memory>
#include <vector>

#include "app/train_profile.h"
#include "learning/sequence/network_training.h"
#include "learning/sequence/visit_reader.h"

namespace bandstand::app {

/// One line of the training curve.
struct ProfileEpoch {
  int epoch = 0;
  double rate = 0, loss = 0;        ///< mean -log softmax of training examples, under dropout
  double recall = 0, mrr = 0;       ///< at 20, of the held-out visits
  double seconds = 0;               ///< of training alone
};

struct ProfileNetwork {
  std::unique_ptr<learning::SequenceNetwork> network;  ///< with the values of the best epoch
  std::vector<ProfileEpoch> curve;
  std::string training;                                ///< JSON: the record of the model file
};

/// The network that `options.model` names, with its first values.
[[nodiscard]] std::unique_ptr<learning::SequenceNetwork> make_network(const TrainProfileOptions& options, std::size_t items);

/// JSON: the shape and the items' ids.
[[nodiscard]] std::string schema_of(const TrainProfileOptions& options, const learning::Vocabulary& vocabulary);

/// Trains to the end, writing files after each epoch. The best epoch is that of the greatest sum of Recall@20 and MRR@20 on the
/// held-out visits. `data_hash` goes to the record. Errors: files that cannot be read, written or do not fit.
[[nodiscard]] learning::Loaded<ProfileNetwork> train_network(const TrainProfileOptions& options, const learning::VisitFile& data,
                                                             const learning::Vocabulary& vocabulary, const base::Clock& clock,
                                                             std::ostream& err);
/// What the server takes: the network, its items, the record of its training.
[[nodiscard]] model::ModelFile network_file(const ProfileNetwork& network, const TrainProfileOptions& options,
                                            const learning::Vocabulary& vocabulary);
/// The network of a model file; the vocabulary becomes that of the file.
[[nodiscard]] learning::Loaded<ProfileNetwork> read_network(const TrainProfileOptions& options, learning::Vocabulary& vocabulary);

}  // namespace bandstand::app
