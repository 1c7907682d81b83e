// two_tower: a user and a creative as vectors of one space: two dense networks over hashed features, as they serve.
//
// A tower's input is as wide as its first layer: feature h adds 1 to place h mod width. Features that meet share a place.
#pragma once

#include <cstdint>
#include <span>

#include "model/dense.h"

namespace bandstand::model {

/// "user.<i>.*" and "creative.<i>.*" of a model file (Dense). Immutable: share it between threads.
class TwoTower {
 public:
  /// Errors: those of Dense::from; `conflict` where the towers' outputs differ in number.
  [[nodiscard]] static base::Result<TwoTower> from(const ModelFile& file);

  [[nodiscard]] std::size_t dimension() const { return user_.outputs(); }
  /// `out` has room for dimension(). No allocation. A user's is worked out once a decision, a creative's once a model.
  void user(std::span<const std::uint64_t> features, std::span<float> out) const { embed(user_, features, out); }
  void creative(std::span<const std::uint64_t> features, std::span<float> out) const { embed(creative_, features, out); }

 private:
  TwoTower(Dense user, Dense creative) : user_(std::move(user)), creative_(std::move(creative)) {}
  static void embed(const Dense& tower, std::span<const std::uint64_t> features, std::span<float> out);

  Dense user_, creative_;
};

}  // namespace bandstand::model
