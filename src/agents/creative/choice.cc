// choice: integration by cells, eight cells at a time.
#include "agents/creative/choice.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace bandstand::agents::creative {
namespace {

/// Eight floats in one register (the vector extension of gcc and clang).
using Lanes [[gnu::vector_size(32)]] = float;
constexpr Lanes kSteps = {0, 1, 2, 3, 4, 5, 6, 7};

constexpr std::size_t kParts = 4;         ///< of eight cells
constexpr float kCells = 8 * kParts;
constexpr float kReach = 3.0f;            ///< deviations: where the triweight ends
/// No factor of a product is smaller: sixteen of them stay a normal number (subnormal ones cost a hundred times more).
constexpr float kFactorMin = 0.004f;

using Cells = std::array<Lanes, kParts>;

/// The triweight's distribution function: 1/2 + 35/32 (u - u^3 + 3/5 u^5 - u^7/7), |u| <= 1.
Lanes distribution(Lanes u) noexcept {
  u = u > -1.0f ? u : Lanes{} - 1.0f;
  u = u < 1.0f ? u : Lanes{} + 1.0f;
  const Lanes square = u * u;
  return 0.5f + 1.09375f * u * (1.0f + square * (square * (0.6f - square * (1.0f / 7)) - 1.0f));
}

float sum_of(Lanes lanes) noexcept {
  float sum = 0;
  for (int lane = 0; lane < 8; ++lane) sum += lanes[lane];
  return sum;
}

}  // namespace

void best_probabilities(std::span<const Belief> beliefs, std::span<float> out) noexcept {
  const std::size_t count = beliefs.size();
  BANDSTAND_CHECK(count >= 1 && count <= kChoiceMax && out.size() >= count);
  // The highest score is not below the highest of the low ends, nor above the highest of the high ends.
  float low = -1e30f;
  float high = -1e30f;
  for (const Belief& belief : beliefs) {
    low = std::max(low, belief.mean - kReach * belief.deviation);
    high = std::max(high, belief.mean + kReach * belief.deviation);
  }
  const float width = std::max(high - low, 1e-3f) / (kCells - 2);
  low -= width;  // a spare cell at each end: a certain score lies inside a cell, not on its edge

  std::array<Cells, kChoiceMax> inside;  // P(score in cell)
  std::array<Cells, kChoiceMax> below;   // P(score below the cell's middle), as the mean over its edges
  std::array<Cells, kChoiceMax> others;  // product of `below` over the beliefs before this one
  Cells product;
  product.fill(Lanes{} + 1.0f);
  for (std::size_t i = 0; i < count; ++i) {
    const float inverse = 1 / (kReach * std::max(beliefs[i].deviation, 1e-3f * width));
    const float step = width * inverse;
    const Lanes first = (low - beliefs[i].mean) * inverse + step * kSteps;
    for (std::size_t part = 0; part < kParts; ++part) {
      const Lanes at = first + step * static_cast<float>(8 * part);
      const Lanes left = distribution(at);
      const Lanes right = distribution(at + step);
      inside[i][part] = right - left;
      const Lanes middle = 0.5f * (right + left);
      below[i][part] = middle > kFactorMin ? middle : Lanes{} + kFactorMin;
      others[i][part] = product[part];
      product[part] *= below[i][part];
    }
  }
  product.fill(Lanes{} + 1.0f);  // now over the beliefs behind
  float total = 0;
  for (std::size_t i = count; i-- > 0;) {
    Lanes sums{};
    for (std::size_t part = 0; part < kParts; ++part) {
      sums += inside[i][part] * others[i][part] * product[part];
      product[part] *= below[i][part];
    }
    out[i] = sum_of(sums);
    total += out[i];
  }
  for (std::size_t i = 0; i < count; ++i) out[i] /= total;
}

}  // namespace bandstand::agents::creative
