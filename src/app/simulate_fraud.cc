// simulate_fraud: a clean run and one with each attack, for each policy and seed; then means over seeds and
// their intervals.
#include "app/simulate_fraud.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <ostream>

#include "agents/fraud/fraud_agent.h"
#include "app/fraud_world.h"
#include "app/seed_jobs.h"
#include "base/words.h"
#include "experiments/statistics.h"
#include "experiments/table.h"

namespace bandstand::app {
namespace {

using experiments::cell;
using simulation::AttackKind;

constexpr int kSamples = 2000;  // of a bootstrap

/// What is injected in one run: nothing, one attack, or all.
using Plan = std::vector<AttackKind>;

struct Run {
  std::string attack;
  FraudPolicy policy{};
  FraudWorldResult result;
  double rate_error =
      0;  ///< deviation of the learned click rates' logarithm from the clean run's of the same policy
};

/// Values a seed, of one row.
struct Samples {
  std::size_t only = 0;  ///< AttackKind; 0: all
  std::vector<double> listed, recall, events, detected, blocked, events_blocked, spend_before, spend, error,
      human, auc;
};

std::vector<std::string> names_in(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    out.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return out;
}

std::optional<std::vector<Plan>> plans_of(const std::string& text, std::ostream& err) {
  std::vector<Plan> out = {{}};
  Plan all;
  for (std::size_t i = 1; i < simulation::kAttackKinds; ++i) all.push_back(static_cast<AttackKind>(i));
  for (const std::string& name : names_in(text)) {
    if (name == "all" || name == "mix") {
      for (const AttackKind kind : all) {
        if (name == "all") out.push_back({kind});
      }
      out.push_back(all);
      continue;
    }
    const auto kind = simulation::attack_named(name);
    if (!kind || *kind == AttackKind::none) {
      err << "bandstand: --attacks: there is no attack '" << name << "'\n";
      return std::nullopt;
    }
    out.push_back({*kind});
  }
  return out;
}

std::string name_of_plan(const Plan& plan) {
  return plan.empty()      ? "(clean)"
         : plan.size() > 1 ? "(all at once)"
                           : std::string(simulation::name_of(plan[0]));
}

double rate_error(const std::vector<float>& rates, const std::vector<float>& clean) {
  double sum = 0, n = 0;
  for (std::size_t i = 0; i < std::min(rates.size(), clean.size()); ++i) {
    const double ratio = std::log(static_cast<double>(rates[i]) / static_cast<double>(clean[i]));
    sum += ratio * ratio;
    n += 1;
  }
  return n == 0 ? 0 : std::sqrt(sum / n);
}

std::vector<Run> run_seed(std::uint64_t seed, const std::vector<Plan>& plans,
                          const std::vector<FraudPolicy>& policies,
                          const agents::fraud::FraudModelPtr& model) {
  std::vector<Run> out;
  for (const FraudPolicy policy : policies) {
    std::vector<float> clean;
    for (const Plan& plan : plans) {
      FraudWorldOptions world;
      world.seed = seed;
      world.attacks = plan;
      world.policy = policy;
      world.intensity = plan.size() > 1 ? .5 : 1;
      world.model = model;
      Run run{name_of_plan(plan), policy, run_fraud_world(world), 0};
      if (plan.empty()) clean = run.result.click_rates;
      run.rate_error = rate_error(run.result.click_rates, clean);
      out.push_back(std::move(run));
    }
  }
  return out;
}

double share(std::uint64_t part, std::uint64_t all) {
  return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

void take(const Run& run, Samples& out) {
  AttackResult sum;
  double slowest = 0;
  for (std::size_t kind = 1; kind < simulation::kAttackKinds; ++kind) {
    const AttackResult& one = run.result.attacks[kind];
    if (one.requests + one.listed == 0 || (out.only != 0 && kind != out.only)) continue;
    sum.requests += one.requests;
    sum.refused += one.refused;
    sum.listed += one.listed;
    sum.listed_refused += one.listed_refused;
    sum.events += one.events;
    sum.events_marked += one.events_marked;
    sum.spend += one.spend;
    sum.spend_before += one.spend_before;
    slowest = std::max(slowest, one.detected_s);
  }
  if (sum.listed > 0) out.listed.push_back(share(sum.listed_refused, sum.listed));
  if (sum.requests > 0) out.recall.push_back(share(sum.refused, sum.requests));
  if (sum.events > 0) out.events.push_back(share(sum.events_marked, sum.events));
  if (sum.requests > 0) out.detected.push_back(slowest);
  out.blocked.push_back(share(run.result.valid_refused, run.result.valid));
  out.events_blocked.push_back(share(run.result.valid_events_marked, run.result.valid_events));
  out.spend_before.push_back(sum.spend_before / run.result.budget);
  out.spend.push_back(sum.spend / run.result.budget);
  out.error.push_back(run.rate_error);
  out.human.push_back(run.result.human_rate);
  out.auc.push_back(run.result.auc);
}

experiments::Cell mean_cell(const std::vector<double>& values, double scale, int digits) {
  if (values.empty()) return cell(std::string("-"));
  return cell(experiments::bootstrap_mean(values, kSamples, 1), scale, digits);
}

/// Median and 95 % point of times of which some may be infinite.
experiments::Cell times_cell(std::vector<double> values) {
  if (values.empty()) return cell(std::string("-"));
  std::sort(values.begin(), values.end());
  const auto at = [&](double q) {
    return values[static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size()))) - 1];
  };
  const auto text = [](double s) {
    return std::isinf(s) ? std::string("never") : std::to_string(std::lround(s));
  };
  return cell(text(at(.5)) + " / " + text(at(.95)));
}

/// List rules that spoke of a valid request, ledgers that do not add up: a line each.
std::vector<std::string> faults_of(const std::vector<std::vector<Run>>& by_seed, std::uint64_t first) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < by_seed.size(); ++i) {
    for (const Run& run : by_seed[i]) {
      const std::string where = "seed " + std::to_string(first + i) + ", " + run.attack + ", " +
                                std::string(name_of(run.policy)) + ": ";
      if (run.result.imbalance.value != 0)
        out.push_back(where + "the ledger is out of balance by " + base::format_amount(run.result.imbalance));
      if (run.result.differences != 0)
        out.push_back(where + std::to_string(run.result.differences) +
                      " campaigns differ from the exchange's account");
      for (std::size_t r = 1; r < static_cast<std::size_t>(agents::fraud::Reason::rate_address); ++r) {
        if (run.result.valid_refused_by[r] != 0)
          out.push_back(where + std::to_string(run.result.valid_refused_by[r]) +
                        " valid requests refused as " +
                        agents::fraud::name_of(static_cast<agents::fraud::Reason>(r)));
      }
    }
  }
  return out;
}

}  // namespace

int simulate_fraud(const SimulateFraudOptions& options, std::ostream& out, std::ostream& err) {
  const auto seeds = base::read_seeds(options.seeds);
  if (!seeds) {
    err << "bandstand: --seeds: write 1..10, or one number\n";
    return 2;
  }
  const auto plans = plans_of(options.attacks, err);
  if (!plans) return 2;
  std::vector<FraudPolicy> policies;
  for (const std::string& name : names_in(options.policy)) {
    const auto policy = fraud_policy_named(name == "classifier" ? "learned" : name);
    if (!policy) {
      err << "bandstand: --policy: there is no policy '" << name
          << "'; choose none, rules, score, classifier or oracle\n";
      return 2;
    }
    policies.push_back(*policy);
  }
  agents::fraud::FraudModelPtr model;
  if (std::find(policies.begin(), policies.end(), FraudPolicy::learned) != policies.end()) {
    const auto file = model::read_model(options.model);
    const auto read =
        file ? agents::fraud::FraudModel::from(*file) : base::Result<agents::fraud::FraudModel>(file.error());
    if (!read) {
      err << "bandstand: --model: " << options.model << ": " << read.error().what << "\n";
      return 2;
    }
    model = std::make_shared<const agents::fraud::FraudModel>(*read);
  }

  const auto runs_by_seed = by_seed(seeds->first, seeds->second, options.jobs,
                                    [&](std::uint64_t seed) { return run_seed(seed, *plans, policies, model); });

  experiments::Table table({"attack", "policy", "listed refused %", "unlisted refused %", "events marked %",
                            "detected after s (p50 / p95)", "valid refused %", "valid events marked %",
                            "lost before % of budget", "lost % of budget", "click rate error", "AUC"});
  const auto add_row = [&](std::size_t row, std::size_t only) {
    Samples samples;
    samples.only = only;
    for (const auto& runs : runs_by_seed) take(runs[row], samples);
    const Run& run = runs_by_seed[0][row];
    const std::string name =
        only == 0 ? run.attack : "mix: " + std::string(simulation::name_of(static_cast<AttackKind>(only)));
    table.add({cell(name), cell(std::string(name_of(run.policy))), mean_cell(samples.listed, 100, 2),
               mean_cell(samples.recall, 100, 1), mean_cell(samples.events, 100, 1),
               times_cell(samples.detected), mean_cell(samples.blocked, 100, 3),
               mean_cell(samples.events_blocked, 100, 3), mean_cell(samples.spend_before, 100, 3),
               mean_cell(samples.spend, 100, 3), mean_cell(samples.error, 1, 3),
               run.policy == FraudPolicy::learned && !samples.recall.empty() ? mean_cell(samples.auc, 1, 4)
                                                                             : cell(std::string("-"))});
  };
  for (std::size_t row = 0; !runs_by_seed.empty() && row < runs_by_seed[0].size(); ++row) {
    add_row(row, 0);
    if ((*plans)[row % plans->size()].size() <= 1) continue;
    for (std::size_t kind = 1; kind < simulation::kAttackKinds; ++kind) add_row(row, kind);
  }
  table.print(options.json ? experiments::TableFormat::json : experiments::TableFormat::aligned, out);
  const auto faults = faults_of(runs_by_seed, seeds->first);
  for (const auto& fault : faults) err << "FAULT " << fault << "\n";
  if (!options.json && faults.empty())
    out << "\nledgers balance and equal the exchange's account; no list rule refused a valid request\n";
  return faults.empty() ? 0 : 1;
}

}  // namespace bandstand::app
