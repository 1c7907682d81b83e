// control_training: trains controls of mu on recorded auctions, as a model file that serving reads.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agents/bid/control_policy.h"
#include "experiments/bidding_data.h"
#include "experiments/learned_pacer.h"
#include "model/safetensors.h"

namespace bandstand::experiments {

/// A way to train a control.
struct ControlMethod {
  std::string name;
  std::string base;  ///< pacer that the steps are added to; empty: none, the control is the whole
  enum class Learner : std::uint8_t { dqn, double_duelling, cql, iql } learner = Learner::dqn;
  [[nodiscard]] bool is_residual() const { return !base.empty(); }
  [[nodiscard]] std::string_view kind() const {
    return is_residual() ? agents::bid::kResidualModel : agents::bid::kDqnModel;
  }
};

/// dqn; dqn_dd (double and duelling); cql, iql (from a log of a noisy PI control alone); mpc_residual,
/// mpc_pi_residual (double and duelling, steps of at most 20 % on what `mpc` or `mpc_pi` says); mpc_cql (the
/// same on `mpc`, from a log of random residuals).
const std::vector<ControlMethod>& control_methods();
/// Null if there is none of that name.
const ControlMethod* find_control_method(std::string_view name);

/// Length and slicing of the days that are trained on and later judged.
struct ControlHorizon {
  int windows = 96;
  std::int64_t auctions = 20'000;  ///< of a training day; at most what there is
  int values = 2000;               ///< see PacerSetup
  int warm_up = 100;
};

struct ControlTraining {
  ControlHorizon horizon = {};
  int days = 400;
  std::uint64_t seed = 1;
  std::ostream* progress = nullptr;  ///< a line each tenth of the way
};

/// Trains on days cut from `auctions` at random places: budgets of 1/64 to 1 of the training cost
/// (log-uniform), starts wrong by -90 to +200 %, a third even, a third with the daily curve, a third with a
/// price shock of x0.6 to x1.8 at noon as well. Deterministic in the seed. About 5 to 10 s for 400 days of 96
/// windows.
model::ModelFile train_control(const ControlMethod& method, const CampaignInfo& info,
                               std::span<const RecordedAuction> auctions, const ControlTraining& training);

/// A trained control as a pacer. `setup.lambda` is where it starts.
std::unique_ptr<Pacer> make_learned_pacer(const ControlMethod& method, agents::bid::ControlPolicyPtr policy,
                                          const CampaignInfo& info, const PacerSetup& setup,
                                          std::int64_t auctions);

}  // namespace bandstand::experiments
