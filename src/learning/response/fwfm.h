// fwfm: a field-weighted factorisation machine, trained by AdaGrad.
//
// Pan et al., "Field-weighted Factorization Machines for Click-Through Rate Prediction in Display Advertising" (WWW 2018), eq. 6:
// logit = w0 + sum_i w_i x_i + sum_{i<j} r_{f(i) f(j)} <v_i, v_j> x_i x_j. Chosen over FFM, which keeps a vector a feature *and
// field*: at 21 fields and 2^20 features FFM needs 21 times the memory for the same published quality.
#pragma once

#include <array>
#include <vector>

#include "learning/response/learner.h"

namespace bandstand::learning {

struct FwfmOptions {
  int bits = 20;         ///< 2^bits features of 44 bytes; 1..26
  std::size_t fields = kFieldsMax;
  float rate = 0.03f;    ///< AdaGrad's, of weights and vectors
  float pair_rate = 0.01f;  ///< of the weights r of pairs of fields
  float l2 = 1e-5f;      ///< on what a row touches
  float prior_logit = 0; ///< the intercept's first value
  float spread = 0.05f;  ///< vectors begin uniform in +-spread
  std::uint64_t seed = 1;
};

/// About 3 us a row of 16 features. Vectors of 8.
class Fwfm final : public Learner {
 public:
  static constexpr std::size_t kSize = 8;

  explicit Fwfm(const FwfmOptions& options);
  [[nodiscard]] const char* kind() const override { return "response.fwfm"; }
  using Learner::learn;
  using Learner::predict;
  [[nodiscard]] double predict(std::span<const Feature> features, float offset) const override;
  double learn(std::span<const Feature> features, bool label, float offset) override;
  void save(model::ModelFile& file) const override;
  [[nodiscard]] base::Result<std::monostate> load(const model::ModelFile& file) override;

 private:
  using Vector = std::array<float, kSize>;
  struct Slot {
    float weight = 0, weight_squares = 0;
    Vector vector{};
    float vector_squares = 0;  ///< mean over the vector's entries
  };
  struct Pair {
    float r = 1, squares = 0;
  };
  /// A row, gathered: each feature's slot, field, value and vector; and sum_{j != i} r_ij x_j v_j.
  struct Gathered {
    std::size_t size = 0;
    std::array<std::size_t, kRowFeaturesMax> slot, field;
    std::array<float, kRowFeaturesMax> x;
    std::array<Vector, kRowFeaturesMax> vector, sum;
  };
  void gather(std::span<const Feature> features, Gathered& row) const;
  /// Fills the sums and gives the logit.
  float forward(Gathered& row) const;
  [[nodiscard]] std::size_t pair_of(std::size_t a, std::size_t b) const {
    return a < b ? a * options_.fields + b : b * options_.fields + a;
  }

  FwfmOptions options_;
  std::uint64_t mask_;
  float bias_ = 0, bias_squares_ = 0;
  std::vector<Slot> slots_;
  std::vector<Pair> pairs_;  ///< fields x fields; (a, b) with a <= b is used
};

}  // namespace bandstand::learning
