// cross: the cross layers of a DCN-v2 as they serve, one example at a time.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/dense.h"

namespace bandstand::model {

/// x_{l+1} = x_0 * (W_l x_l + b_l) + x_l in float32 (Wang et al., arXiv 2008.13535, eq. 1), W = U V where the rank is low.
/// Immutable: share it between threads.
class CrossLayers {
 public:
  /// "<prefix>.<l>.up.0.*" [width, rank or width] and, for a low rank, "<prefix>.<l>.down.0.*" [rank, width] (Dense), for l from
  /// 0 while there are any. Errors: those of Dense::from; `conflict` (widths that differ).
  [[nodiscard]] static base::Result<CrossLayers> from(const ModelFile& file, const std::string& prefix);

  /// Length of x; at most Dense::kWidest.
  [[nodiscard]] std::size_t width() const { return layers_.front().back().outputs(); }
  /// `x0` has width() values; `out` too, and may be x0. No allocation. Cost: `response_bench`.
  void forward(std::span<const float> x0, std::span<float> out) const;

 private:
  std::vector<std::vector<Dense>> layers_;  ///< down, up; or up alone
};

}  // namespace bandstand::model
