// protocol_learned: train, judge, average.
#include "experiments/protocol_learned.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <ostream>

#include "agents/bid/landscape.h"
#include "base/rng.h"
#include "experiments/bidding_policies.h"
#include "experiments/control_training.h"
#include "experiments/protocol_day.h"
#include "experiments/statistics.h"

namespace bandstand::experiments {
namespace {

constexpr int kEpisodeWindows = 50;

ControlHorizon episode_horizon(const LearnedProtocol& protocol) {
  return {.windows = kEpisodeWindows, .auctions = protocol.episode, .values = 500, .warm_up = 50};
}
ControlHorizon day_horizon(const LearnedProtocol& protocol) {
  return {.windows = kDayWindows, .auctions = protocol.day, .values = 2000, .warm_up = 100};
}

class Stopwatch {
 public:
  explicit Stopwatch(const base::Clock* clock) : clock_(clock), start_(now()) {}
  [[nodiscard]] double ns() const { return static_cast<double>((now() - start_).count()); }

 private:
  [[nodiscard]] base::MonoTime now() const { return clock_ != nullptr ? clock_->mono() : base::MonoTime{}; }
  const base::Clock* clock_;
  base::MonoTime start_;
};

/// The models of one method, a seed each.
std::vector<agents::bid::ControlPolicyPtr> train_all(const ControlMethod& method, const CampaignInfo& info,
                                                     std::span<const RecordedAuction> train,
                                                     const ControlHorizon& horizon,
                                                     const LearnedProtocol& protocol) {
  std::vector<agents::bid::ControlPolicyPtr> policies;
  for (int i = 0; i < protocol.seeds; ++i) {
    const ControlTraining training{.horizon = horizon,
                                   .days = protocol.training_days,
                                   .seed = protocol.seed + static_cast<std::uint64_t>(i),
                                   .progress = nullptr};
    policies.push_back(
        agents::bid::ControlPolicy::from(train_control(method, info, train, training), method.kind())
            .value());
    if (protocol.progress != nullptr)
      *protocol.progress << method.name << ": seed " << training.seed << " trained\n" << std::flush;
  }
  return policies;
}

/// Figures of a policy at a budget, averaged over its runs.
struct Figures {
  double clicks = 0, cost = 0, budget = 0, ns = 0;
  std::vector<double> expected;  ///< R of each episode
  std::vector<double> per_run;   ///< R/R* of each run
};

std::vector<Cell> figure_cells(const Figures& figures, double optimum) {
  const double r = std::accumulate(figures.expected.begin(), figures.expected.end(), 0.0);
  return {cell(figures.clicks, 1), cell(r / optimum, 4), cell(figures.cost / figures.budget, 3),
          cell(figures.clicks > 0 ? figures.cost / figures.clicks : 0, 0)};
}

/// Difference to the baseline in points of R/R*, with its interval, and the deviation between runs in points.
void add_difference(std::vector<Cell>& row, const Figures& figures, const Figures& baseline, double optimum,
                    const LearnedProtocol& protocol) {
  const Interval vs =
      paired_bootstrap(figures.expected, baseline.expected, protocol.bootstrap, protocol.seed);
  for (const double bound : {vs.value, vs.low, vs.high}) row.push_back(cell(100 * bound / optimum, 2));
  const double mean = mean_interval(figures.per_run).value;
  double squares = 0;
  for (const double ratio : figures.per_run) squares += (ratio - mean) * (ratio - mean);
  const auto runs = static_cast<double>(figures.per_run.size());
  row.push_back(cell(runs > 1 ? 100 * std::sqrt(squares / (runs - 1)) : 0, 2));
  row.push_back(cell(figures.ns, 0));
}

void add_run(Figures& figures, std::span<const EpisodeResult> episodes, double optimum, double budget,
             double share) {
  const EpisodeResult total = total_of(episodes);
  figures.clicks += share * static_cast<double>(total.clicks);
  figures.cost += share * static_cast<double>(total.cost);
  figures.budget += share * budget;
  figures.per_run.push_back(total.expected_clicks / optimum);
  figures.expected.resize(episodes.size());
  for (std::size_t i = 0; i < episodes.size(); ++i)
    figures.expected[i] += share * episodes[i].expected_clicks;
}

/// Adds what belongs to another budget: episode by episode, run by run.
void add_budget(Figures& sum, const Figures& part) {
  sum.clicks += part.clicks;
  sum.cost += part.cost;
  sum.budget += part.budget;
  sum.ns += part.ns;
  sum.expected.resize(part.expected.size());
  sum.per_run.resize(part.per_run.size());
  for (std::size_t i = 0; i < part.expected.size(); ++i) sum.expected[i] += part.expected[i];
  for (std::size_t i = 0; i < part.per_run.size(); ++i) sum.per_run[i] += part.per_run[i];
}

std::vector<std::string> with_methods(const std::vector<std::string>& names) {
  std::vector<std::string> all = names;
  for (const ControlMethod& method : control_methods()) all.push_back(method.name);
  return all;
}

double optimum_of(std::span<const EpisodeResult> optimum) { return total_of(optimum).expected_clicks; }

}  // namespace

const std::vector<std::string>& learned_episode_policies() {
  static const std::vector<std::string> names = with_methods(rlb_policy_names());
  return names;
}

const std::vector<std::string>& learned_day_policies() {
  static const std::vector<std::string> names = with_methods(day_policy_names());
  return names;
}

Loaded<Table> run_learned_episodes(const CampaignInfo& info, std::span<const RecordedAuction> train,
                                   std::span<const RecordedAuction> test, const LearnedProtocol& protocol) {
  std::vector<std::string> policies = protocol.policies;
  if (std::find(policies.begin(), policies.end(), protocol.baseline) == policies.end())
    policies.push_back(protocol.baseline);
  const std::vector<double> mass = info.price_law();
  const agents::bid::Landscape law(agents::bid::PriceGrid::linear(1, kPriceMax + 1), mass);
  std::map<std::string, std::vector<agents::bid::ControlPolicyPtr>> models;
  std::map<std::string, std::map<std::string, Figures>> figures;  // policy, budget
  std::map<std::string, double> optima;
  for (const BudgetShare& budget : protocol.budgets) {
    for (const std::string& policy : policies) {
      const ControlMethod* const method = find_control_method(policy);
      Figures& here = figures[policy][budget.label];
      const auto amount =
          static_cast<std::int64_t>(info.cost_mean() * budget.share * static_cast<double>(protocol.episode));
      const double episodes =
          std::ceil(static_cast<double>(test.size()) / static_cast<double>(protocol.episode));
      const double whole = static_cast<double>(amount) * episodes;
      if (method == nullptr) {
        const RlbProtocol rules{.episode = protocol.episode,
                                .ties = protocol.ties,
                                .seed = protocol.seed,
                                .clock = protocol.clock};
        const std::vector<BudgetShare> one = {budget};
        const std::vector<std::string> name = {policy};
        const auto runs = run_rlb_protocol(info, test, one, name, rules);
        if (!runs) return problem(runs.error());
        optima[budget.label] = optimum_of(runs->front().optimum);
        add_run(here, runs->front().episodes, optima[budget.label], whole, 1);
        here.ns = runs->front().ns;
        continue;
      }
      if (!models.contains(policy))
        models[policy] = train_all(*method, info, train, episode_horizon(protocol), protocol);
      optima[budget.label] = optimum_of(replay_clairvoyant(test, protocol.episode, amount));
      const double share = 1 / static_cast<double>(protocol.seeds);
      for (const auto& model : models[policy]) {
        const double rate = static_cast<double>(amount) / static_cast<double>(protocol.episode);
        const PacerSetup setup{.lambda = info.theta_mean() / static_cast<double>(budget_bid(law, rate)),
                               .budget = static_cast<double>(amount),
                               .traffic = agents::budget::SpendPlan::even(kEpisodeWindows),
                               .training_law = mass,
                               .values = episode_horizon(protocol).values,
                               .warm_up = episode_horizon(protocol).warm_up};
        PacedBidder bidder(make_learned_pacer(*method, model, info, setup, protocol.episode),
                           kEpisodeWindows);
        const Stopwatch watch(protocol.clock);
        const auto results = replay_episodes(test, protocol.episode, amount, protocol.ties, bidder);
        here.ns += share * watch.ns() / static_cast<double>(test.size());
        add_run(here, results, optima[budget.label], whole, share);
      }
    }
  }
  Table table({"policy", "budget", "clicks", "ratio", "use", "ecpc", "vs_" + protocol.baseline, "low", "high",
               "seed_sd", "ns"});
  const auto add_row = [&](const std::string& policy, const std::string& budget, const Figures& of,
                           const Figures& baseline, double optimum) {
    std::vector<Cell> row = {cell(policy), cell(budget)};
    for (Cell& each : figure_cells(of, optimum)) row.push_back(std::move(each));
    add_difference(row, of, baseline, optimum, protocol);
    table.add(std::move(row));
  };
  for (const std::string& policy : protocol.policies) {
    // The sum gives each budget the same weight: R is divided by R* of its budget.
    Figures sum;
    Figures baseline_sum;
    const auto scaled = [&](Figures part, const std::string& budget) {
      for (double& r : part.expected) r /= optima[budget];
      return part;
    };
    for (const BudgetShare& budget : protocol.budgets) {
      const Figures& of = figures[policy][budget.label];
      const Figures& baseline = figures[protocol.baseline][budget.label];
      add_row(policy, budget.label, of, baseline, optima[budget.label]);
      add_budget(sum, scaled(of, budget.label));
      add_budget(baseline_sum, scaled(baseline, budget.label));
    }
    const auto budgets = static_cast<double>(protocol.budgets.size());
    sum.ns /= budgets;
    for (double& ratio : sum.per_run) ratio /= budgets;
    add_row(policy, "all", sum, baseline_sum, budgets);
  }
  return table;
}

namespace {

/// Those of protocol_day, and rivals who react.
const std::vector<DayCondition>& learned_conditions() {
  static const std::vector<DayCondition> conditions = [] {
    std::vector<DayCondition> all = day_conditions();
    all.push_back(
        {.name = "rivals", .diurnal = true, .price_shock = 1, .deviations = {0, -0.6, 2.0}, .reaction = 0.5});
    return all;
  }();
  return conditions;
}

/// What one policy made of all test days under one condition and budget.
struct DayFigures {
  Figures sum;                   ///< `expected` is R/R* of each day, mean over starts and seeds
  std::vector<double> by_start;  ///< R/R*, mean over days and seeds
  double use = 0, deviation = 0;
};

struct DaySetting {
  const CampaignInfo& info;
  const DayCondition& condition;
  const std::vector<Day>& days;
  const std::vector<double>& law;
  const LearnedProtocol& protocol;
};

DayFigures judge_days(const DaySetting& at, const std::string& policy, const ControlMethod* method,
                      std::span<const agents::bid::ControlPolicyPtr> models) {
  DayFigures figures;
  figures.sum.expected.resize(at.days.size());
  figures.by_start.resize(at.condition.deviations.size());
  const std::size_t runs = method == nullptr ? 1 : models.size();
  const double share = 1 / static_cast<double>(runs * at.condition.deviations.size() * at.days.size());
  double auctions = 0;
  double ns = 0;
  for (std::size_t run = 0; run < runs; ++run) {
    double ratio = 0;
    for (std::size_t d = 0; d < at.days.size(); ++d) {
      const Day& day = at.days[d];
      for (std::size_t s = 0; s < at.condition.deviations.size(); ++s) {
        const PacerSetup setup{.lambda = (1 + at.condition.deviations[s]) * day.lambda,
                               .budget = day.budget,
                               .traffic = day.traffic,
                               .training_law = at.law};
        const auto length = static_cast<std::int64_t>(day.auctions.size());
        const auto pacer = method == nullptr
                               ? make_pacer(policy, setup)
                               : make_learned_pacer(*method, models[run], at.info, setup, length);
        base::Rng rng(at.protocol.seed);
        const Stopwatch watch(at.protocol.clock);
        const DayOutcome outcome = run_day(day, *pacer, at.protocol.ties, rng);
        ns += watch.ns();
        auctions += static_cast<double>(length);
        const double here = outcome.result.expected_clicks / day.optimum;
        const auto days = static_cast<double>(at.days.size());
        figures.sum.expected[d] += share * days * here;
        figures.by_start[s] += here / (days * static_cast<double>(runs));
        ratio += here;
        figures.sum.clicks += static_cast<double>(outcome.result.clicks) * share * days;
        figures.use += share * outcome.pacing.use;
        figures.deviation += share * outcome.pacing.cumulative_deviation;
      }
    }
    figures.sum.per_run.push_back(ratio /
                                  static_cast<double>(at.days.size() * at.condition.deviations.size()));
  }
  figures.sum.ns = ns / auctions;
  return figures;
}

}  // namespace

Loaded<Table> run_learned_days(const CampaignInfo& info, std::span<const RecordedAuction> train,
                               std::span<const RecordedAuction> test, const LearnedProtocol& protocol) {
  const auto length = static_cast<std::size_t>(protocol.day);
  const std::size_t day_count = test.size() / length;
  if (day_count == 0)
    return problem("--day: the test part has only " + std::to_string(test.size()) + " auctions");
  std::vector<std::string> policies = protocol.policies;
  if (std::find(policies.begin(), policies.end(), protocol.baseline) == policies.end())
    policies.push_back(protocol.baseline);
  const std::vector<double> law = info.price_law();
  std::map<std::string, std::vector<agents::bid::ControlPolicyPtr>> models;
  for (const std::string& policy : policies) {
    const ControlMethod* const method = find_control_method(policy);
    if (method != nullptr) models[policy] = train_all(*method, info, train, day_horizon(protocol), protocol);
  }
  Table table({"condition", "policy", "budget", "clicks", "ratio", "worst", "use", "max_deviation",
               "vs_" + protocol.baseline, "low", "high", "seed_sd", "ns"});
  for (const DayCondition& condition : learned_conditions()) {
    for (const BudgetShare& budget : protocol.budgets) {
      std::vector<Day> days;
      for (std::size_t d = 0; d < day_count; ++d) {
        const double amount = std::floor(info.cost_mean() * budget.share * static_cast<double>(length));
        days.push_back(make_day(test.subspan(d * length, length), condition, amount));
      }
      const DaySetting at{info, condition, days, law, protocol};
      std::map<std::string, DayFigures> figures;
      for (const std::string& policy : policies)
        figures[policy] = judge_days(at, policy, find_control_method(policy), models[policy]);
      for (const std::string& policy : protocol.policies) {
        const DayFigures& of = figures[policy];
        const double ratio = std::accumulate(of.sum.expected.begin(), of.sum.expected.end(), 0.0) /
                             static_cast<double>(day_count);
        std::vector<Cell> row = {
            cell(condition.name), cell(policy),
            cell(budget.label),   cell(of.sum.clicks, 1),
            cell(ratio, 4),       cell(*std::min_element(of.by_start.begin(), of.by_start.end()), 4),
            cell(of.use, 3),      cell(of.deviation, 3)};
        add_difference(row, of.sum, figures[protocol.baseline].sum, static_cast<double>(day_count), protocol);
        table.add(std::move(row));
      }
    }
  }
  return table;
}

}  // namespace bandstand::experiments
