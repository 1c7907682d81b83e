// dense: a small network of dense layers as it serves: read from a model file, asked one example at a time.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/safetensors.h"

namespace bandstand::model {

/// y = W_n relu( ... relu(W_0 x + b_0) ... ) + b_n in float32. Immutable: share it between threads.
/// Weights are kept input by input and padded to whole vectors, so that the inner loop adds a multiple of one row of
/// contiguous outputs and needs no reordering of sums.
class Dense {
 public:
  static constexpr std::size_t kWidest = 512;  ///< inputs or outputs of a layer: the scratch is on the stack

  /// Layers "<prefix>.0.weight" [outputs, inputs], "<prefix>.0.bias" [outputs], and so on while there are any.
  /// Errors: `not_found` (no layer 0, or a weight without its bias), `conflict` (shapes that do not follow one another, a layer
  /// wider than kWidest).
  [[nodiscard]] static base::Result<Dense> from(const ModelFile& file, const std::string& prefix);

  [[nodiscard]] std::size_t inputs() const { return layers_.front().inputs; }
  [[nodiscard]] std::size_t outputs() const { return layers_.back().outputs; }
  /// `in` has inputs() values, `out` room for outputs(). No allocation. About 1 us for 10-64-64-11 (`bid_bench`).
  void forward(std::span<const float> in, std::span<float> out) const;

 private:
  struct Layer {
    std::size_t inputs = 0, outputs = 0, padded = 0;
    std::vector<float> weight;  ///< [inputs, padded]
    std::vector<float> bias;    ///< [padded]
  };
  std::vector<Layer> layers_;
};

}  // namespace bandstand::model
