// calibration: from a model's probabilities to those that come true, fitted on rows that the model has not learned from.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "model/safetensors.h"

namespace bandstand::learning {

/// q = sigmoid(a logit(p) + b) (Platt 1999): two numbers, right where the model errs by scale and level.
struct Platt {
  double a = 1, b = 0;
  [[nodiscard]] double operator()(double p) const;
};
/// Newton's method on the log loss, with Platt's targets (n+ + 1)/(n+ + 2) and 1/(n- + 2), which keep a finite answer where the
/// classes separate. The identity if one class is absent. O(n) a step, some ten steps.
[[nodiscard]] Platt fit_platt(std::span<const double> p, std::span<const std::uint8_t> y);

/// A monotone curve by isotonic regression (pool adjacent violators: Ayer et al. 1955), as straight lines between the means of
/// its blocks. Blocks hold at least so many positives, so that no rate is learned from luck; below the first and above the last
/// the ratio of these stays. Nothing that the model told apart is merged where the curve rises.
struct Isotonic {
  std::vector<double> p;  ///< mean prediction of each block, rising
  std::vector<double> q;  ///< what came true, rising
  [[nodiscard]] double operator()(double prediction) const;
};
/// 500 positives a block as long as this leaves twenty blocks, fewer (at least 10) where it does not. The identity without
/// positives. Scaled so that the sum over the fitted rows is that of their responses. O(n log n).
[[nodiscard]] Isotonic fit_isotonic(std::span<const double> p, std::span<const std::uint8_t> y);

/// Arrays "platt" [2] and "isotonic" [2, blocks].
void save(const Platt& platt, const Isotonic& isotonic, model::ModelFile& file);
/// Errors: of model::tensor_of; `corrupt` for a curve that falls.
[[nodiscard]] base::Result<Isotonic> load_isotonic(const model::ModelFile& file);
[[nodiscard]] base::Result<Platt> load_platt(const model::ModelFile& file);

/// p of a model trained with a share w of the negatives -> p of all traffic: q = p / (p + (1 - p) / w) (He et al. 2014).
[[nodiscard]] double undo_downsampling(double p, double w);

}  // namespace bandstand::learning
