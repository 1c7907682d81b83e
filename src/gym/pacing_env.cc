// pacing_env: a day of app/pacing_world, and where each campaign stands in it.
#include "gym/pacing_env.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "app/pacing_world.h"
#include "base/arena.h"
#include "protocol/event/event_codec.h"
#include "simulation/local_bandstand.h"
#include "simulation/world.h"

namespace bandstand::gym {
namespace {

using agents::bid::ControlState;

constexpr double kStandsOut = 1e-12;  // shares below are no traffic at all
constexpr double kLogMuMax = 9.2;     // ln 1e4, as the pacer's own bound

double log_ratio(double a, double b) { return a > 0 && b > 0 ? std::log(a / b) : 0; }

/// Values on offer: number and sum.
struct Tally {
  double number = 0, values = 0;
  [[nodiscard]] double mean() const { return number > 0 ? values / number : 0; }
};

/// What the server logged of its decisions since the last look, by campaign.
class DecisionWatch {
 public:
  DecisionWatch(log::Log& log, const domain::Catalogue& catalogue) : catalogue_(catalogue) {
    auto reader = log.open_reader("decisions", 0, "");
    if (reader) reader_ = std::move(*reader);
  }

  /// Impressions for which a campaign had a value, once each, at the best of its line items.
  std::vector<Tally> read() {
    std::vector<Tally> out(catalogue_.campaigns.size());
    while (reader_ != nullptr) {
      const auto count = reader_->poll(256, records_);
      if (!count || *count == 0) break;
      for (const auto& record : records_) add(record.value, out);
    }
    return out;
  }

 private:
  void add(std::string_view bytes, std::vector<Tally>& out) {
    arena_.reset();
    const auto decision = protocol::event::decode_decision(bytes, arena_);
    if (!decision) return;  // the topic holds other records, too
    for (const auto& impression : (*decision)->impressions) {
      std::vector<double> best(out.size());
      for (const auto& candidate : impression.candidates) {
        const auto item = catalogue_.line_item_index.find(candidate.line_item);
        if (item == catalogue_.line_item_index.end()) continue;
        double& value = best[catalogue_.line_items[item->second].campaign];
        value = std::max(value, candidate.value);
      }
      for (std::size_t i = 0; i < out.size(); ++i) {
        out[i].number += best[i] > 0 ? 1 : 0;
        out[i].values += best[i];
      }
    }
  }

  const domain::Catalogue& catalogue_;
  std::unique_ptr<log::Reader> reader_;
  std::vector<log::Record> records_;
  base::Arena arena_;
};

app::PacingWorldOptions world_of(const PacingEnvOptions& options, std::uint64_t seed) {
  app::PacingWorldOptions world;
  world.seed = seed;
  world.policy = agents::budget::pacing_policy_of(options.base).value_or(agents::budget::PacingPolicy::none);
  for (const double budget : options.daily_budgets) world.campaigns.push_back({.daily_budget = budget});
  world.windows = options.windows;
  world.requests_per_window = options.requests_per_window;
  world.day_night_ratio = options.day_night_ratio;
  world.shock_window = options.shock_window;
  world.shock_factor = options.shock_factor;
  return world;
}

const char* fault_of(const PacingEnvOptions& options) {
  const auto& budgets = options.daily_budgets;
  const auto within = [](double x, double low, double high) { return x >= low && x <= high; };
  if (budgets.empty() || budgets.size() > 2) return "daily_budgets: one or two campaigns";
  for (const double budget : budgets) {
    if (!within(budget, 0.001, 1e6)) return "daily_budgets: each from 0.001 to 1,000,000";
  }
  if (options.windows < 1 || options.windows > app::kDayWindows) return "windows: from 1 to 96";
  if (!within(options.requests_per_window, 1, 10'000)) return "requests_per_window: from 1 to 10,000";
  if (!within(options.day_night_ratio, 1, 1000)) return "day_night_ratio: from 1 to 1,000";
  if (!within(options.shock_factor, 0.1, 10)) return "shock_factor: from 0.1 to 10";
  if (!(options.step_max > 0 && options.step_max <= 3)) return "step_max: above 0, at most 3";
  if (!agents::budget::pacing_policy_of(options.base)) return "base: no such pacing policy";
  return nullptr;
}

}  // namespace

/// One episode.
class PacingEnv::Day {
 public:
  Day(const PacingEnvOptions& options, std::uint64_t seed)
      : options_(options),
        world_(world_of(options, seed)),
        watch_(world_.bandstand().log(), world_.bandstand().control().catalogue()),
        standings_(options.daily_budgets.size()) {
    typical_price_ = world_.world().market().mean_price_nanos() * 1e-9;
    traffic_left_.resize(app::kDayWindows + 1);
    for (int k = app::kDayWindows - 1; k >= 0; --k) {
      traffic_left_[static_cast<std::size_t>(k)] = traffic_left_[static_cast<std::size_t>(k) + 1] + world_.traffic(k);
    }
  }

  [[nodiscard]] bool over() const { return world_.windows_done() >= options_.windows; }

  PacingStep step(std::span<const double> steps) {
    const int window = world_.windows_done();
    for (std::size_t i = 0; i < steps.size(); ++i) act(i, std::isfinite(steps[i]) ? steps[i] : 0, window);
    world_.step();
    PacingStep out;
    const auto offers = watch_.read();
    for (std::size_t i = 0; i < standings_.size(); ++i) out.campaigns.push_back(look(i, offers[i]));
    out.observation = observe();
    out.reward = world_.result().reward.back();
    out.terminated = over();
    return out;
  }

  [[nodiscard]] std::vector<float> observe() const {
    const double left = traffic_left_[static_cast<std::size_t>(world_.windows_done())];
    std::vector<float> out;
    for (std::size_t i = 0; i < standings_.size(); ++i) {
      ControlState state = standings_[i].state;
      const double money = state.budget_left * options_.daily_budgets[i];
      const double requests = left / traffic_left_[0] * app::kDayWindows * options_.requests_per_window;
      state.traffic_left = left / traffic_left_[0];
      state.budget_log = log_ratio(money / std::max(1.0, requests), typical_price_);
      for (const float feature : agents::bid::control_features(state)) out.push_back(feature);
    }
    return out;
  }

 private:
  struct Standing {
    ControlState state;
    double log_mu = 0;   ///< of actions alone
    double planned = 0;  ///< of the window that runs
    Tally day;
  };

  void act(std::size_t i, double step, int window) {
    Standing& standing = standings_[i];
    const double bounded = std::clamp(step, -options_.step_max, options_.step_max);
    const bool alone = options_.base == "none";
    standing.log_mu = alone ? std::clamp(standing.log_mu + bounded, 0.0, kLogMuMax) : bounded;
    world_.steer(i, static_cast<float>(std::exp(standing.log_mu)));
    const double left = traffic_left_[static_cast<std::size_t>(window)];
    const double share = left > kStandsOut ? world_.traffic(window) / left : 1;
    standing.planned = standing.state.budget_left * options_.daily_budgets[i] * share;
  }

  CampaignWindow look(std::size_t i, const Tally& offers) {
    const app::PacedSeries& series = world_.result().campaigns[i];
    Standing& standing = standings_[i];
    ControlState& state = standing.state;
    const double budget = options_.daily_budgets[i];
    const double grain = 0.05 * budget / app::kDayWindows;
    const CampaignWindow seen{.spent = series.spent.back(),
                              .impressions = series.impressions.back(),
                              .offers = offers.number,
                              .mu = series.mu.back(),
                              .budget_left = std::max(0.0, state.budget_left - series.spent.back() / budget)};
    standing.day.number += offers.number;
    standing.day.values += offers.values;
    state.budget_left = seen.budget_left;
    state.spent_log_before = state.spent_log;
    state.spent_log = std::log((seen.spent + grain) / (standing.planned + grain));
    state.win_rate = offers.number > 0 ? std::min(1.0, seen.impressions / offers.number) : 0;
    state.value_log = log_ratio(offers.mean(), standing.day.mean());
    state.price_log = seen.impressions > 0 ? log_ratio(seen.spent / seen.impressions, typical_price_) : 0;
    state.mu_log = std::log(seen.mu);
    return seen;
  }

  PacingEnvOptions options_;
  app::PacingWorld world_;
  DecisionWatch watch_;
  std::vector<Standing> standings_;
  std::vector<double> traffic_left_;  ///< from window k to the day's end, by the world's true curve
  double typical_price_ = 0;          ///< units of money an impression
};

PacingEnv::PacingEnv(PacingEnvOptions options) : options_(std::move(options)) {}
PacingEnv::~PacingEnv() = default;

base::Result<std::unique_ptr<PacingEnv>> PacingEnv::make(const PacingEnvOptions& options) {
  if (const char* fault = fault_of(options)) return base::fail(base::Code::invalid_input, fault);
  return std::unique_ptr<PacingEnv>(new PacingEnv(options));
}

std::vector<float> PacingEnv::reset(std::uint64_t seed) {
  day_ = std::make_unique<Day>(options_, seed);
  return day_->observe();
}

base::Result<PacingStep> PacingEnv::step(std::span<const double> steps) {
  if (day_ == nullptr || day_->over()) return base::fail(base::Code::conflict, "the day is over: reset() starts another");
  if (steps.size() != options_.daily_budgets.size()) return base::fail(base::Code::invalid_input, "one step of ln mu a campaign");
  return day_->step(steps);
}

}  // namespace bandstand::gym
