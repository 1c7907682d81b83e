// choice: integration by cells, with the normal distribution from a table.
#include "agents/creative/choice.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace bandstand::agents::creative {
namespace {

constexpr int kCells = 32;
constexpr float kReach = 4.0f;     ///< deviations beyond which a score is not looked for
constexpr int kSteps = 512;
constexpr float kTableEnd = 6.0f;

struct NormalTable {
  std::array<float, kSteps + 2> phi;
  NormalTable() {
    for (int i = 0; i < kSteps + 2; ++i) {
      const double z = -static_cast<double>(kTableEnd) + 2.0 * static_cast<double>(kTableEnd) * i / kSteps;
      phi[static_cast<std::size_t>(i)] = static_cast<float>(0.5 * std::erfc(-z / std::sqrt(2.0)));
    }
  }
};
const NormalTable kNormal;

/// Phi(z), error below 2e-5.
float phi(float z) noexcept {
  const float at = (std::clamp(z, -kTableEnd, kTableEnd) + kTableEnd) * (kSteps / (2 * kTableEnd));
  const int step = static_cast<int>(at);
  const float low = kNormal.phi[static_cast<std::size_t>(step)];
  return low + (kNormal.phi[static_cast<std::size_t>(step + 1)] - low) * (at - static_cast<float>(step));
}

}  // namespace

void best_probabilities(std::span<const Belief> beliefs, std::span<float> out) noexcept {
  const std::size_t count = beliefs.size();
  BANDSTAND_CHECK(count >= 1 && count <= kChoiceMax && out.size() >= count);
  // The highest score is hardly below the highest of the low ends, and never above the highest of the high ends.
  float low = -1e30f;
  float high = -1e30f;
  for (const Belief& belief : beliefs) {
    low = std::max(low, belief.mean - kReach * belief.deviation);
    high = std::max(high, belief.mean + kReach * belief.deviation);
  }
  std::fill_n(out.begin(), count, 0.0f);
  const float width = std::max(high - low, 1e-3f) / kCells;
  low -= width;  // so that a certain score lies inside a cell, not on the edge of the first

  std::array<float, kChoiceMax> inverse;
  std::array<float, kChoiceMax> before;
  std::array<float, kChoiceMax> after;
  std::array<float, kChoiceMax> others;
  for (std::size_t i = 0; i < count; ++i) {
    inverse[i] = 1 / std::max(beliefs[i].deviation, 1e-3f * width);
    before[i] = phi((low - beliefs[i].mean) * inverse[i]);  // what lies below the range is lost; the sum makes up for it
  }
  float total = 0;
  for (int cell = 1; cell <= kCells + 2; ++cell) {
    const float edge = low + width * static_cast<float>(cell);
    for (std::size_t i = 0; i < count; ++i) after[i] = phi((edge - beliefs[i].mean) * inverse[i]);
    // Product over the others: what stands before i times what stands behind it.
    float ahead = 1;
    for (std::size_t i = 0; i < count; ++i) {
      others[i] = ahead;
      ahead *= 0.5f * (before[i] + after[i]);
    }
    float behind = 1;
    for (std::size_t i = count; i-- > 0;) {
      const float p = (after[i] - before[i]) * others[i] * behind;
      behind *= 0.5f * (before[i] + after[i]);
      out[i] += p;
      total += p;
    }
    before = after;
  }
  for (std::size_t i = 0; i < count; ++i) out[i] /= total;
}

}  // namespace bandstand::agents::creative
