// control_state: what a learned control of the shadow price looks at, as numbers for its network, in training and in use.
#pragma once

#include <array>
#include <string_view>

namespace bandstand::agents::bid {

/// Where a line item stands in its day. A window is a slice of the plan (a day has 96). Made in the slow loop, once a window.
/// Ratios and logarithms of ratios only, so that neither currency nor size of a campaign enters.
struct ControlState {
  double traffic_left = 1;   ///< share of the day's expected auctions that is still to come, 0..1
  double budget_left = 1;    ///< share of the day's budget, 0..1
  double budget_log = 0;     ///< ln(budget an auction / typical price): how short money is
  double spent_log = 0;      ///< ln(spent / planned) of the last window
  double spent_log_before = 0;  ///< of the window before it
  double win_rate = 0;       ///< of the last window, 0..1
  double value_log = 0;      ///< slot quality: ln(mean value of the last window's auctions / mean value of the day so far)
  double price_log = 0;      ///< ln(mean price paid in the last window / typical price)
  double mu_log = 0;         ///< ln(mu that the control starts from / reference mu of the training days)
};

inline constexpr std::size_t kControlFeatures = 10;
using ControlFeatures = std::array<float, kControlFeatures>;

/// The features of a model file, in their order; a change of what one means changes this text.
inline constexpr std::string_view kControlSchema =
    R"({"features":["traffic_left","budget_left","pace_log","budget_log/2","spent_log","spent_log_before",)"
    R"("win_rate","value_log","price_log","mu_log"],"version":1})";

/// Every feature is finite and within [-3, 3], whatever the state holds.
[[nodiscard]] ControlFeatures control_features(const ControlState& state) noexcept;

/// What DRLB does to lambda in a step (Wu et al. 2018): -50, -15, -8, -3, -1, 0, 1, 3, 8, 15, 50 %, as steps of ln mu.
[[nodiscard]] std::array<float, 11> drlb_steps() noexcept;
/// Bound of a residual on ln mu: mu is multiplied by at least .82 and at most 1.22.
inline constexpr float kResidualMax = 0.2f;
/// Eleven even steps from -kResidualMax to kResidualMax; the sixth is 0.
[[nodiscard]] std::array<float, 11> residual_steps() noexcept;

}  // namespace bandstand::agents::bid
