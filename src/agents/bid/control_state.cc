// control_state: clipping, logarithms, steps.
#include "agents/bid/control_state.h"

#include <algorithm>
#include <cmath>

namespace bandstand::agents::bid {
namespace {

float clipped(double x) noexcept { return std::isfinite(x) ? static_cast<float>(std::clamp(x, -3.0, 3.0)) : 0.0f; }

}  // namespace

ControlFeatures control_features(const ControlState& state) noexcept {
  constexpr double kEnd = 0.01;  // of the day: the last minutes' pace is noise
  return {clipped(state.traffic_left),
          clipped(state.budget_left),
          clipped(std::log((state.budget_left + kEnd) / (state.traffic_left + kEnd))),
          clipped(state.budget_log / 2),
          clipped(state.spent_log),
          clipped(state.spent_log_before),
          clipped(state.win_rate),
          clipped(state.value_log),
          clipped(state.price_log),
          clipped(state.mu_log)};
}

std::array<float, 11> drlb_steps() noexcept {
  constexpr std::array<float, 11> kShares = {-.5f, -.15f, -.08f, -.03f, -.01f, 0, .01f, .03f, .08f, .15f, .5f};
  std::array<float, 11> steps{};
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i] = std::log1p(kShares[i]);
  return steps;
}

std::array<float, 11> residual_steps() noexcept {
  std::array<float, 11> steps{};
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i] = kResidualMax * (static_cast<float>(i) - 5) / 5;
  return steps;
}

}  // namespace bandstand::agents::bid
