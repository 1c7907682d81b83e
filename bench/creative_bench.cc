// creative_bench: what two towers and a head with its whole covariance would cost a decision of ten creatives.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "agents/creative/choice.h"
#include "base/rng.h"
#include "bench/processor_time.h"
#include "model/two_tower.h"

namespace {

using namespace bandstand;  // NOLINT: a program

constexpr std::size_t kDimension = 8, kCreatives = 10, kHead = 2 * kDimension;

model::Tensor random(base::Rng& rng, std::vector<std::size_t> shape) {
  model::Tensor tensor{.shape = std::move(shape), .values = {}};
  std::size_t count = 1;
  for (const std::size_t each : tensor.shape) count *= each;
  for (std::size_t i = 0; i < count; ++i) tensor.values.push_back(static_cast<float>(0.1 * rng.normal()));
  return tensor;
}

}  // namespace

int main() {
  base::Rng rng(1);
  model::ModelFile file;
  for (const auto& [tower, width] : {std::pair{"user", 128u}, {"creative", 256u}}) {
    const std::string name = tower;
    file.tensors[name + ".0.weight"] = random(rng, {32, width});
    file.tensors[name + ".0.bias"] = random(rng, {32});
    file.tensors[name + ".1.weight"] = random(rng, {kDimension, 32});
    file.tensors[name + ".1.bias"] = random(rng, {kDimension});
  }
  const auto towers = model::TwoTower::from(file).value();
  std::array<std::array<float, kDimension>, kCreatives> creatives;
  for (auto& creative : creatives) towers.creative(std::array{rng.next(), rng.next(), rng.next()}, creative);
  std::array<float, kHead> mean{};
  std::array<std::array<float, kHead>, kHead> root{};  // lower triangular factor of the covariance
  for (auto& row : root) {
    for (float& value : row) value = static_cast<float>(0.1 * rng.normal());
  }
  std::array<float, kDimension> user;
  const auto embed = [&](int i) {
    towers.user(std::array{static_cast<std::uint64_t>(i), std::uint64_t{3}, std::uint64_t{5}, std::uint64_t{7}}, user);
  };
  float sum = 0;
  bench::measure("user tower, 128-32-8", 100'000, [&](int i) {
    embed(i);
    sum += user[0];
  });
  bench::measure("decision among 10: tower, head, chances", 20'000, [&](int i) {
    embed(i);
    std::array<agents::creative::Belief, kCreatives> beliefs;
    for (std::size_t c = 0; c < kCreatives; ++c) {
      std::array<float, kHead> phi;
      for (std::size_t k = 0; k < kDimension; ++k) {
        phi[k] = user[k] * creatives[c][k];
        phi[kDimension + k] = creatives[c][k];
      }
      float variance = 0;
      for (std::size_t j = 0; j < kHead; ++j) {
        beliefs[c].mean += mean[j] * phi[j];
        float along = 0;
        for (std::size_t k = j; k < kHead; ++k) along += root[k][j] * phi[k];
        variance += along * along;
      }
      beliefs[c].deviation = std::sqrt(variance);
    }
    std::array<float, kCreatives> chances;
    agents::creative::best_probabilities(beliefs, chances);
    sum += chances[0];
  });
  std::printf("%s", sum == 12345 ? " " : "");  // so that nothing is optimised away
}
