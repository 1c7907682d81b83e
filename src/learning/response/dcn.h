// dcn: a small deep and cross network (DCN-v2, parallel) on hashed features.
//
// Wang et al., "DCN V2: Improved Deep & Cross Network" (WWW 2021, arXiv 2008.13535), eq. 1 and 2:
//   x_{l+1} = x_0 * (W_l x_l + b_l) + x_l,  W_l = U_l V_l of a low rank where one is given,
// over x_0, the vectors of a row's features, one place a field. Beside it a tower of dense layers over x_0; both meet in one
// linear layer. Ours, not the paper's: each feature has a weight of its own as well (the linear part of FTRL and FwFM), so that
// rare features are learned at their own pace; V has a bias, which lets model::Dense read it (it is the same as another b).
#pragma once

#include <array>
#include <string>
#include <vector>

#include "learning/neural/parameter.h"
#include "learning/response/learner.h"

namespace bandstand::learning {

struct DcnOptions {
  int bits = 20;                    ///< 2^bits features of 44 bytes; 1..26
  std::size_t fields = kFieldsMax;  ///< x_0 has 8 places a field
  int cross = 2;                    ///< layers; interactions of up to cross + 1 fields
  int rank = 64;                    ///< of W; 0: full
  std::vector<int> hidden{64, 32};  ///< of the tower; may be empty
  float rate = 0.03f;               ///< AdaGrad's, of weights and vectors of features: they step after each row
  float dense_rate = 0.05f;         ///< the same of the layers, which step after `batch` rows, by the mean gradient
  int batch = 16;
  float l2 = 1e-5f;                 ///< on what a row touches; the layers have none
  float prior_logit = 0;            ///< the intercept's first value
  float spread = 0.1f;              ///< vectors begin uniform in +-spread
  std::uint64_t seed = 1;
};

/// A layer y = W x + b and what it learns from, one row at a time.
struct Affine {
  Parameter weight;  ///< [outputs, inputs]
  Parameter bias;    ///< [outputs, 1]
  Affine(Eigen::Index outputs, Eigen::Index inputs) : weight(outputs, inputs), bias(outputs, 1) {}
  [[nodiscard]] Eigen::VectorXf operator()(const Eigen::VectorXf& x) const { return weight.value * x + bias.value.col(0); }
  /// Adds to the gradients; gives that of `x` for the gradient of y.
  Eigen::VectorXf backward(const Eigen::VectorXf& x, const Eigen::VectorXf& gradient);
};

/// One cross layer.
struct CrossLayer {
  std::vector<Affine> maps;  ///< V then U; or W
  /// x_0 * (W x + b) + x.
  [[nodiscard]] Eigen::VectorXf operator()(const Eigen::VectorXf& x0, const Eigen::VectorXf& x) const;
  /// Takes the gradient of the layer's output: adds to `x0_gradient` and gives that of x.
  Eigen::VectorXf backward(const Eigen::VectorXf& x0, const Eigen::VectorXf& x, const Eigen::VectorXf& gradient,
                           Eigen::VectorXf& x0_gradient);
};

/// Cost: bench/response_bench.cc; a hundred times FTRL's. Stopped and resumed bit for bit: the part of
/// a batch that was seen is in the file.
class Dcn final : public Learner {
 public:
  static constexpr std::size_t kSize = 8;

  explicit Dcn(const DcnOptions& options);
  [[nodiscard]] const char* kind() const override { return "response.dcn"; }
  using Learner::learn;
  using Learner::predict;
  [[nodiscard]] double predict(std::span<const Feature> features, float offset) const override;
  double learn(std::span<const Feature> features, bool label, float offset) override;
  /// "embedding" [2^bits, 8], "weight" [2^bits], "bias" [1], "cross.<i>.down.0.*" and "cross.<i>.up.0.*" (model::CrossLayers),
  /// "deep.<i>.*" (model::Dense, whose last layer is the head's share of the tower), "head" [8 fields]; "adagrad.*".
  void save(model::ModelFile& file) const override;
  [[nodiscard]] base::Result<std::monostate> load(const model::ModelFile& file) override;

 private:
  struct Slot {
    float weight = 0, weight_squares = 0;
    std::array<float, kSize> vector{};
    float vector_squares = 0;  ///< mean over the vector's entries
  };
  /// What the backward pass needs of a row.
  struct Pass {
    std::vector<Eigen::VectorXf> cross;  ///< x_0 .. x_L
    std::vector<Eigen::VectorXf> deep;   ///< x_0's tower: inputs of each layer
    float logit = 0;
  };
  [[nodiscard]] Pass forward(std::span<const Feature> features) const;
  void learn_layers(const Pass& pass, float error, Eigen::VectorXf& x0_gradient);
  [[nodiscard]] std::size_t place_of(const Feature& feature) const;
  /// Calls each(name, parameter) for the layers.
  template <class Self, class Each>
  static void each_parameter(Self& self, Each each);

  DcnOptions options_;
  std::uint64_t mask_;
  float bias_ = 0, bias_squares_ = 0;
  std::vector<Slot> slots_;
  std::vector<CrossLayer> cross_;
  std::vector<Affine> deep_;  ///< the last gives one number
  Parameter head_;            ///< [1, 8 fields]: of x_L
  int pending_ = 0;           ///< rows in the gradients
};

}  // namespace bandstand::learning
