// control_training: days to train on, who explores how, and the file.
#include "experiments/control_training.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <ostream>

#include "agents/bid/landscape.h"
#include "base/check.h"
#include "base/rng.h"
#include "experiments/bidding_policies.h"
#include "experiments/pacing_day.h"
#include "learning/control/iql.h"
#include "learning/control/q_learner.h"

namespace bandstand::experiments {
namespace {

namespace control = agents::bid;
using Learner = ControlMethod::Learner;

constexpr int kReturnSteps = 5;                ///< n of the n-step returns
constexpr std::size_t kBufferSteps = 100'000;  ///< as DRLB
constexpr double kNoise = 0.3;                 ///< share of random steps in a log

std::vector<float> steps_of(const ControlMethod& method) {
  const auto steps = method.is_residual() ? control::residual_steps() : control::drlb_steps();
  return {steps.begin(), steps.end()};
}

agents::bid::Landscape law_of(const CampaignInfo& info) {
  return {agents::bid::PriceGrid::linear(1, kPriceMax + 1), info.price_law()};
}

/// mu at which the mean impression bids what the training days say the budget allows.
double reference_mu(const CampaignInfo& info, const agents::bid::Landscape& law, double budget,
                    double auctions) {
  return info.theta_mean() / static_cast<double>(budget_bid(law, budget / auctions));
}

/// Records an episode while somebody chooses.
class Recorder final : public StepChooser {
 public:
  using Choose = std::function<std::size_t(const control::ControlFeatures&)>;
  explicit Recorder(Choose choose) : choose_(std::move(choose)) {}
  std::size_t choose(const control::ControlFeatures& features) override {
    const std::size_t action = choose_(features);
    steps_.push_back({{features.begin(), features.end()}, static_cast<int>(action), 0});
    return action;
  }
  void earned(double reward) override { steps_.back().reward = static_cast<float>(reward); }
  std::vector<learning::Step>& steps() { return steps_; }

 private:
  Choose choose_;
  std::vector<learning::Step> steps_;
};

/// Draws training days and runs a control through them.
class TrainingDays {
 public:
  TrainingDays(const ControlMethod& method, const CampaignInfo& info,
               std::span<const RecordedAuction> auctions, const ControlHorizon& horizon)
      : method_(method),
        info_(info),
        auctions_(auctions),
        horizon_(horizon),
        law_(law_of(info)),
        law_masses_(info.price_law()),
        steps_(steps_of(method)) {}

  /// One day under `choose`: rewards are minus regret, as a share of R*, times the windows.
  std::vector<learning::Step> live(const Recorder::Choose& choose, base::Rng& rng) const {
    const auto length = std::min<std::size_t>(static_cast<std::size_t>(horizon_.auctions), auctions_.size());
    const auto begin = static_cast<std::size_t>(rng.below(auctions_.size() - length + 1));
    DayCondition condition{.name = "", .diurnal = false, .price_shock = 1, .deviations = {}};
    const std::uint64_t kind = horizon_.windows == kDayWindows ? rng.below(3) : 0;
    condition.diurnal = kind >= 1;
    if (kind == 2) condition.price_shock = 0.6 * std::pow(3.0, rng.uniform());
    const double share = std::pow(64.0, -rng.uniform());
    const double budget = std::max(1.0, std::floor(info_.cost_mean() * share * static_cast<double>(length)));
    const Day day = make_day(auctions_.subspan(begin, length), condition, budget, horizon_.windows);
    const double start = day.lambda * 0.1 * std::pow(30.0, rng.uniform());
    Recorder recorder(choose);
    LearnedPacer::Setup setup{.budget = budget,
                              .traffic = day.traffic,
                              .mu_start = start,
                              .typical_price = info_.cost_mean(),
                              .mu_reference = reference_mu(info_, law_, budget, static_cast<double>(length)),
                              .steps = steps_,
                              .lambda = day.lambda};
    std::unique_ptr<Pacer> base;
    if (method_.is_residual()) {
      base = make_pacer(method_.base, {.lambda = start,
                                       .budget = budget,
                                       .traffic = day.traffic,
                                       .training_law = law_masses_,
                                       .values = horizon_.values,
                                       .warm_up = horizon_.warm_up});
    }
    LearnedPacer pacer(std::move(setup), std::move(base), recorder);
    const DayOutcome outcome = run_day(day, pacer, Ties::win, rng);
    auto& steps = recorder.steps();
    steps.back().reward -=
        static_cast<float>(day.lambda * (budget - static_cast<double>(outcome.result.cost)));
    for (learning::Step& step : steps) step.reward *= static_cast<float>(horizon_.windows / day.optimum);
    return std::move(steps);
  }

 private:
  ControlMethod method_;
  CampaignInfo info_;
  std::span<const RecordedAuction> auctions_;
  ControlHorizon horizon_;
  agents::bid::Landscape law_;
  std::vector<double> law_masses_;
  std::vector<float> steps_;
};

/// The control that writes logs to learn from: PI on the log error with the gains of production, or no
/// residual; often at random.
std::size_t behave(const std::vector<float>& steps, bool residual, const control::ControlFeatures& features,
                   base::Rng& rng) {
  if (rng.chance(kNoise)) return rng.below(steps.size());
  const float wanted = residual ? 0 : 0.25f * (features[4] - features[5]) + 0.35f * features[4];
  const auto nearest = std::min_element(steps.begin(), steps.end(), [wanted](float a, float b) {
    return std::abs(a - wanted) < std::abs(b - wanted);
  });
  return static_cast<std::size_t>(nearest - steps.begin());
}

learning::QOptions q_options(const ControlMethod& method) {
  learning::QOptions options{.inputs = static_cast<int>(control::kControlFeatures),
                             .actions = static_cast<int>(steps_of(method).size())};
  options.double_q = options.duelling = method.learner != Learner::dqn;
  options.conservative = method.learner == Learner::cql ? 0.05f : 0;
  options.rates.rate = 5e-4f;
  return options;
}

class Progress {
 public:
  Progress(std::ostream* out, int whole) : out_(out), whole_(whole) {}
  void tell(int done, double loss, double reward) {
    if (out_ == nullptr || done * 10 / whole_ == (done - 1) * 10 / whole_) return;
    *out_ << "day " << done << " of " << whole_ << ", loss " << loss << ", regret " << -reward << '\n'
          << std::flush;
  }

 private:
  std::ostream* out_;
  int whole_;
};

/// Mean of the rewards of a day: minus its regret as a share of R*.
double total(const std::vector<learning::Step>& steps) {
  double sum = 0;
  for (const learning::Step& step : steps) sum += static_cast<double>(step.reward);
  return sum / static_cast<double>(steps.size());
}

/// Learns while trying: epsilon falls from .95 to .05 over the first half.
learning::Mlp train_online(const ControlMethod& method, const TrainingDays& days,
                           const ControlTraining& training) {
  learning::QLearner learner(q_options(method), training.seed);
  learning::ReplayBuffer buffer(control::kControlFeatures, kBufferSteps);
  base::Rng rng(base::mix64(training.seed) ^ 1);
  Progress progress(training.progress, training.days);
  for (int day = 0; day < training.days; ++day) {
    const double epsilon = std::max(0.05, 0.95 - 1.8 * day / training.days);
    const auto steps = days.live(
        [&](const control::ControlFeatures& features) {
          return static_cast<std::size_t>(learner.act(features, epsilon, rng));
        },
        rng);
    buffer.add_episode(steps, kReturnSteps, 1);
    double loss = 0;
    for (std::size_t i = 0; i < steps.size(); ++i) loss = learner.learn(buffer);
    progress.tell(day + 1, loss, total(steps));
  }
  return learner.network().folded();
}

/// Learns from a log that is complete before it begins.
learning::Mlp train_offline(const ControlMethod& method, const TrainingDays& days,
                            const ControlTraining& training) {
  learning::ReplayBuffer buffer(control::kControlFeatures, kBufferSteps);
  base::Rng rng(base::mix64(training.seed) ^ 1);
  const std::vector<float> steps = steps_of(method);
  std::size_t updates = 0;
  double reward = 0;
  for (int day = 0; day < training.days; ++day) {
    const auto lived = days.live(
        [&](const control::ControlFeatures& features) {
          return behave(steps, method.is_residual(), features, rng);
        },
        rng);
    buffer.add_episode(lived, kReturnSteps, 1);
    updates += lived.size();
    reward = total(lived);
  }
  Progress progress(training.progress, training.days);
  const std::size_t per_day = updates / static_cast<std::size_t>(training.days);
  const auto run = [&](auto& learner) {
    for (int day = 0; day < training.days; ++day) {
      double loss = 0;
      for (std::size_t i = 0; i < per_day; ++i) loss = learner.learn(buffer);
      progress.tell(day + 1, loss, reward);
    }
  };
  if (method.learner == Learner::iql) {
    learning::IqlLearner learner({.q = q_options(method), .tau = 0.7f, .beta = 3}, training.seed);
    run(learner);
    return learner.policy();
  }
  learning::QLearner learner(q_options(method), training.seed);
  run(learner);
  return learner.network().folded();
}

/// The model's choice, always.
class Greedy final : public StepChooser {
 public:
  explicit Greedy(control::ControlPolicyPtr policy) : policy_(std::move(policy)) {}
  std::size_t choose(const control::ControlFeatures& features) override { return policy_->best(features); }

 private:
  control::ControlPolicyPtr policy_;
};

/// A LearnedPacer that owns its chooser.
class TrainedPacer final : public Pacer {
 public:
  TrainedPacer(LearnedPacer::Setup setup, std::unique_ptr<Pacer> base, control::ControlPolicyPtr policy)
      : greedy_(std::move(policy)), pacer_(std::move(setup), std::move(base), greedy_) {}
  void start_day(double budget) override { pacer_.start_day(budget); }
  double start_window(int k, double budget_left, double auctions_left) override {
    return pacer_.start_window(k, budget_left, auctions_left);
  }
  void end_window(int k, double spent, double wins, double auctions) override {
    pacer_.end_window(k, spent, wins, auctions);
  }
  void observe(double theta, std::int64_t bid, bool won, std::int64_t price) override {
    pacer_.observe(theta, bid, won, price);
  }

 private:
  Greedy greedy_;
  LearnedPacer pacer_;
};

}  // namespace

const std::vector<ControlMethod>& control_methods() {
  static const std::vector<ControlMethod> methods = {{"dqn", "", Learner::dqn},
                                                     {"dqn_dd", "", Learner::double_duelling},
                                                     {"cql", "", Learner::cql},
                                                     {"iql", "", Learner::iql},
                                                     {"mpc_residual", "mpc", Learner::double_duelling},
                                                     {"mpc_pi_residual", "mpc_pi", Learner::double_duelling},
                                                     {"mpc_cql", "mpc", Learner::cql}};
  return methods;
}

const ControlMethod* find_control_method(std::string_view name) {
  for (const ControlMethod& method : control_methods()) {
    if (method.name == name) return &method;
  }
  return nullptr;
}

model::ModelFile train_control(const ControlMethod& method, const CampaignInfo& info,
                               std::span<const RecordedAuction> auctions, const ControlTraining& training) {
  BANDSTAND_CHECK(!auctions.empty() && training.days >= 1);
  const TrainingDays days(method, info, auctions, training.horizon);
  const bool from_log = method.learner == Learner::cql || method.learner == Learner::iql;
  const learning::Mlp net =
      from_log ? train_offline(method, days, training) : train_online(method, days, training);
  model::ModelFile file{.kind = std::string(method.kind()),
                        .schema = std::string(control::kControlSchema),
                        .training = {},
                        .tensors = {}};
  net.save("q", file.tensors);
  const std::vector<float> steps = steps_of(method);
  file.tensors["steps"] = {{steps.size()}, steps};
  file.training = nlohmann::json{
      {"method", method.name},
      {"auctions", auctions.size()},
      {"days", training.days},
      {"windows", training.horizon.windows},
      {"auctions_a_day", training.horizon.auctions},
      {"seed",
       training.seed}}.dump();
  return file;
}

std::unique_ptr<Pacer> make_learned_pacer(const ControlMethod& method, agents::bid::ControlPolicyPtr policy,
                                          const CampaignInfo& info, const PacerSetup& setup,
                                          std::int64_t auctions) {
  std::unique_ptr<Pacer> base = method.is_residual() ? make_pacer(method.base, setup) : nullptr;
  LearnedPacer::Setup learned{
      .budget = setup.budget,
      .traffic = setup.traffic,
      .mu_start = setup.lambda,
      .typical_price = info.cost_mean(),
      .mu_reference = reference_mu(info, law_of(info), setup.budget, static_cast<double>(auctions)),
      .steps = steps_of(method)};
  return std::make_unique<TrainedPacer>(std::move(learned), std::move(base), std::move(policy));
}

}  // namespace bandstand::experiments
