// fraud_world: forty minutes of the simulated world with an attack in it, around the production code, and
// what came of it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agents/fraud/fraud_model.h"
#include "base/money.h"
#include "simulation/attacks.h"

namespace bandstand::app {

/// Who keeps watch. `oracle` is told the truth of each request: what could be reached.
enum class FraudPolicy : std::uint8_t { none, rules, score, learned, oracle };
std::string_view name_of(FraudPolicy policy) noexcept;
std::optional<FraudPolicy> fraud_policy_named(std::string_view name) noexcept;

struct FraudWorldOptions {
  std::uint64_t seed = 1;
  std::vector<simulation::AttackKind> attacks;  ///< none: a clean run
  FraudPolicy policy = FraudPolicy::rules;
  agents::fraud::FraudModelPtr model;  ///< of `learned`
  double seconds = 2400, attack_at_s = 600;
  double requests_per_second = 15;  ///< of the public
  double intensity = 1;             ///< of the attacks
  bool rows = false;                ///< keep the features of requests with their labels
};

/// A request as a learner sees it.
struct FraudRow {
  agents::fraud::FraudFeatures features{};
  simulation::AttackKind attack{};  ///< none: a valid request

  [[nodiscard]] bool fraud() const { return attack != simulation::AttackKind::none; }
};

/// Of one attack.
struct AttackResult {
  std::uint64_t requests = 0, refused = 0;       ///< that no list can know
  std::uint64_t listed = 0, listed_refused = 0;  ///< that a list can
  std::uint64_t events = 0, events_marked = 0;   ///< impressions, views and clicks that reached us
  /// From the attack's first request until the one from which on nine in ten of 50 unlisted ones were refused; infinity:
  /// never.
  double detected_s = 0;
  double spend = 0, spend_before = 0;  ///< units of money: all, and until the detection
};

struct FraudWorldResult {
  std::array<AttackResult, simulation::kAttackKinds> attacks{};
  std::uint64_t valid = 0, valid_refused = 0;
  std::uint64_t valid_events = 0, valid_events_marked = 0;
  std::array<std::uint64_t, 32> valid_refused_by{};  ///< by fraud::Reason
  double auc =
      0;  ///< of the model's probability on unlisted requests after the attack began; 0 without a model
  double budget = 0;               ///< of all campaigns, units of money
  double reward = 0;               ///< settled, units of money
  double human_rate = 0;           ///< true mean click rate of the impressions that people saw
  std::vector<float> click_rates;  ///< by line item, as the creative tracker has learned them
  std::vector<FraudRow> rows;
  std::size_t differences = 0;  ///< campaigns whose ledger is not the exchange's account
  base::Nanos imbalance;        ///< of the ledger; must be 0
  std::size_t watch_bytes = 0;
};

/// Deterministic. Some seconds.
[[nodiscard]] FraudWorldResult run_fraud_world(const FraudWorldOptions& options);

/// Area under the ROC curve, ties half; .5 where a class is missing. Reorders its argument.
[[nodiscard]] double area_under_curve(std::vector<std::pair<float, bool>>& scored);

}  // namespace bandstand::app
