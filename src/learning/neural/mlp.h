// mlp: a multi-layer perceptron with ReLU between its layers, trained in minibatches.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/rng.h"
#include "learning/neural/parameter.h"
#include "model/safetensors.h"

namespace bandstand::learning {

/// y = W_n relu( ... relu(W_0 x + b_0) ... ) + b_n, float32. A value: copies are independent networks.
/// A batch is a matrix [rows, inputs], one example a row. Cost: 2 (forward) or 4 (backward) flops a weight and example.
class Mlp {
 public:
  using Matrix = Parameter::Matrix;

  /// `sizes`: inputs, hidden layers, outputs; at least two, each at least 1. Weights after He et al. 2015, biases 0.
  Mlp(const std::vector<int>& sizes, base::Rng& rng);

  [[nodiscard]] Matrix predict(const Matrix& batch) const;
  /// As predict; keeps the activations that the next `backward` needs.
  const Matrix& forward(const Matrix& batch);
  /// `gradient` [rows, outputs] of the loss by the last forward's output: adds to the gradients of all layers.
  void backward(const Matrix& gradient);
  /// One step of Adam over all layers; clears the gradients. The whole gradient is shortened to `longest` first (0: as it is).
  void step(const AdamRates& rates, float longest = 0);

  /// The layers as "<prefix>.<i>.weight" [outputs, inputs] and "<prefix>.<i>.bias" [outputs]: what model::Dense reads.
  void save(const std::string& prefix, std::map<std::string, model::Tensor>& tensors) const;

  struct Layer {
    Parameter weight;  ///< [outputs, inputs]
    Parameter bias;    ///< [1, outputs]
  };
  [[nodiscard]] std::vector<Layer>& layers() { return layers_; }
  [[nodiscard]] const std::vector<Layer>& layers() const { return layers_; }

 private:
  std::vector<Layer> layers_;
  std::vector<Matrix> activations_;  ///< the batch, then what each layer gave
  long steps_ = 0;
};

}  // namespace bandstand::learning
