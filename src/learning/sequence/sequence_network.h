// sequence_network: what is trained to turn the clicks so far into a vector whose product with an item's vector is its score.
#pragma once

#include <map>
#include <string>

#include "base/rng.h"
#include "learning/neural/parameter.h"
#include "learning/sequence/packed_visits.h"

namespace bandstand::learning {

using Matrix = Parameter::Matrix;

/// One thread. forward() keeps what backward() needs, so they alternate.
class SequenceNetwork {
 public:
  virtual ~SequenceNetwork() = default;
  /// "profile.narm": the kind of its model files.
  [[nodiscard]] virtual std::string kind() const = 0;
  /// A vector for every row of `batch`: of the visit up to and with that click. [rows, d]. With `dropout` as in training.
  virtual const Matrix& forward(const PackedVisits& batch, base::Rng* dropout) = 0;
  /// Adds to the gradients of parameters() what follows from that of forward()'s result. [rows, d].
  virtual void backward(const Matrix& gradient) = 0;
  /// All that is trained, by name in model files.
  [[nodiscard]] const std::map<std::string, Parameter*>& parameters() const { return parameters_; }
  /// Vectors of the items, [items, d]; also in parameters().
  [[nodiscard]] Parameter& items() { return *parameters_.at("items"); }

 protected:
  std::map<std::string, Parameter*> parameters_;
};

/// Normal values of mean 0.
inline void fill_normal(Matrix& out, float deviation, base::Rng& rng) {
  for (Eigen::Index i = 0; i < out.size(); ++i) out.data()[i] = deviation * static_cast<float>(rng.normal());
}

/// Dropout of Srivastava et al. 2014, scaled in training: a mask of 0 and 1 / (1 - share); ones without `rng`.
inline void fill_dropout(Matrix& mask, Eigen::Index rows, Eigen::Index columns, float share, base::Rng* rng) {
  mask.resize(rows, columns);
  if (rng == nullptr || share <= 0) {
    mask.setOnes();
    return;
  }
  const auto bound = static_cast<std::uint32_t>(static_cast<double>(share) * 4294967296.0);
  const float kept = 1 / (1 - share);
  std::uint64_t bits = 0;
  for (Eigen::Index i = 0; i < mask.size(); ++i) {
    bits = i % 2 == 0 ? rng->next() : bits >> 32;
    mask.data()[i] = static_cast<std::uint32_t>(bits) < bound ? 0 : kept;
  }
}

}  // namespace bandstand::learning
