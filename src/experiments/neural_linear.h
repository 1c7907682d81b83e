// neural_linear: Thompson sampling on the last layer of two towers (Riquelme, Tucker and Snoek 2018, on a Siamese embedding).
//
// User tower (topic, device, placement, impressions seen) and creative tower (itself, size, attributes, topics), on hashed
// features, are trained on what was shown: logit = level + u . c, log loss. Of a pair the head sees (u * c, c), element by
// element, and keeps a Gaussian belief over its weights, Laplace's with its whole covariance, from all impressions so far.
#pragma once

#include <Eigen/Dense>

#include "agents/creative/response_features.h"
#include "experiments/creative_bandit.h"
#include "learning/neural/mlp.h"
#include "model/two_tower.h"

namespace bandstand::experiments {

class NeuralLinear final : public TabledBandit {
 public:
  struct Options {
    int dimension = 8, hidden = 32;
    int user_width = 128, creative_width = 256;  ///< places that features are hashed to
    double train_from = 500;  ///< known impressions before the towers are first trained; until then choices are uniform
    double train_growth = 2;  ///< and trained on, from where they are, at each so many times as many
    int steps = 300;          ///< of Adam a training, each on all pairs
    float rate = 0.01f;
    double spread = 0.3;      ///< prior deviation of a logit among creatives, which scales the head's prior
    double alpha = 0.5;       ///< scale of the posterior's deviation
  };
  /// One line item (index 0) of the catalogue: arm i is creative i; `contexts` by the index that policies are asked with.
  NeuralLinear(const domain::Catalogue& catalogue, const std::vector<agents::creative::Context>& contexts, double base_rate,
               std::uint64_t seed);
  NeuralLinear(const domain::Catalogue& catalogue, const std::vector<agents::creative::Context>& contexts, double base_rate,
               std::uint64_t seed, const Options& options);

  /// The towers as a model file; the present serving copy is made of it.
  [[nodiscard]] model::ModelFile towers() const;

 private:
  using Matrix = learning::Mlp::Matrix;

  void fit() override;
  void fill(std::uint32_t context, std::span<double> row) override;
  void train(double known);
  void embed();
  void fit_head();

  Options options_;
  base::Rng rng_;
  std::vector<std::vector<std::uint64_t>> users_, creatives_;  ///< features [context], [arm]
  learning::Mlp user_, creative_;
  double trained_at_ = 0;
  Eigen::MatrixXd phi_;    ///< [cell, 2 x dimension]
  Eigen::VectorXd mean_;   ///< of the head's weights, intercept first
  Eigen::LLT<Eigen::MatrixXd> precision_;
};

}  // namespace bandstand::experiments
