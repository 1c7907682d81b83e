// ftrl: logistic regression by FTRL-proximal on hashed features.
//
// McMahan et al., "Ad Click Prediction: a View from the Trenches" (KDD 2013), algorithm 1: per coordinate a learning rate
// alpha / (beta + sqrt(sum of g^2)), L1 by soft threshold, L2.
#pragma once

#include <vector>

#include "learning/response/learner.h"

namespace bandstand::learning {

struct FtrlOptions {
  int bits = 20;  ///< 2^bits coordinates of 8 bytes; 1..28
  float alpha = 0.1f;
  float beta = 1;
  float l1 = 0;
  float l2 = 1;
  float prior_logit = 0;  ///< what a row without evidence is predicted; the data's base rate saves the first thousands of rows
};

/// About 0.5 us a row of 16 features (bench/response_bench.cc). The intercept is a coordinate of its own without L1 and L2.
class Ftrl final : public Learner {
 public:
  explicit Ftrl(const FtrlOptions& options);
  [[nodiscard]] const char* kind() const override { return "response.ftrl"; }
  using Learner::learn;
  using Learner::predict;
  [[nodiscard]] double predict(std::span<const Feature> features, float offset) const override;
  double learn(std::span<const Feature> features, bool label, float offset) override;
  void save(model::ModelFile& file) const override;
  [[nodiscard]] base::Result<std::monostate> load(const model::ModelFile& file) override;

  /// Coordinates with a weight other than 0.
  [[nodiscard]] std::size_t weights() const;

 private:
  struct Coordinate {
    float z = 0;
    float n = 0;  ///< sum of squared gradients
  };
  [[nodiscard]] float weight(const Coordinate& at, float l1, float l2) const;
  void update(Coordinate& at, float weight, float gradient) const;

  FtrlOptions options_;
  std::uint64_t mask_;
  Coordinate bias_;
  std::vector<Coordinate> table_;
};

}  // namespace bandstand::learning
