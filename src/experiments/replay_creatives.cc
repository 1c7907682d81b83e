// replay_creatives: options, seeds, tables.
#include "experiments/replay_creatives.h"

#include <algorithm>
#include <functional>
#include <map>
#include <ostream>

#include "base/clock.h"
#include "base/words.h"
#include "experiments/creative_bandit.h"
#include "experiments/creative_production.h"
#include "experiments/neural_linear.h"
#include "experiments/protocol_aes.h"
#include "experiments/protocol_creative_world.h"
#include "experiments/protocol_delay.h"
#include "experiments/protocol_rlb.h"
#include "experiments/statistics.h"

namespace bandstand::experiments {
namespace {

using Options = ReplayCreativesOptions;

struct Seeds {
  std::uint64_t first = 0, last = 0;
};

Loaded<Seeds> parse_seeds(const std::string& text) {
  const auto range = base::read_range(text);
  if (!range || range->second - range->first >= 10'000) {
    return problem("--seeds: '" + text + "' is no range A..B of at most 10000");
  }
  return Seeds{range->first, range->second};
}

Loaded<std::vector<std::int64_t>> parse_horizons(const std::string& text) {
  std::vector<std::int64_t> horizons;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    std::int64_t horizon = 0;
    if (!base::read_number(std::string_view(text).substr(at, end - at), horizon) || horizon < 1 || horizon > 1'000'000'000 ||
        (!horizons.empty() && horizon <= horizons.back())) {
      return problem("--horizons: '" + text + "' is no rising list of numbers");
    }
    horizons.push_back(horizon);
    at = end + 1;
  }
  return horizons;
}

std::vector<std::string> policy_names() {
  std::vector<std::string> names = creative_bandit_names();
  names.emplace_back("neural_linear");
  const auto production = production_names();
  names.insert(names.end(), production.begin(), production.end());
  return names;
}

/// Regrets by seed, and what a decision cost, learning and models included.
struct PolicyRegrets {
  std::vector<std::vector<double>> by_horizon;  ///< [horizon][seed], per cent
  double ns_per_decision = 0;
};

using RunPolicy = std::function<std::vector<double>(const std::string& policy, std::uint64_t seed)>;

PolicyRegrets run_seeds(const std::string& policy, const Seeds& seeds, std::size_t horizons, double decisions,
                        const RunPolicy& run) {
  PolicyRegrets out{.by_horizon = std::vector<std::vector<double>>(horizons)};
  const base::SystemClock clock;
  const base::MonoTime start = clock.mono();
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    const std::vector<double> regrets = run(policy, seed);
    for (std::size_t h = 0; h < horizons; ++h) out.by_horizon[h].push_back(100 * regrets[h]);
  }
  const auto taken = static_cast<double>((clock.mono() - start).count());
  out.ns_per_decision = taken / decisions / static_cast<double>(seeds.last - seeds.first + 1);
  return out;
}

/// One row a policy and horizon, with the difference to the baseline on the same seeds.
Loaded<Table> compare(const Options& options, const Seeds& seeds, const std::string& baseline,
                      const std::vector<std::int64_t>& horizons, const RunPolicy& run) {
  auto policies = parse_policies(options.policies, policy_names());
  if (!policies) return problem(policies.error());
  const auto known = policy_names();
  if (std::find(known.begin(), known.end(), baseline) == known.end()) {
    return problem("--baseline: no policy '" + baseline + "'");
  }
  Table table({"policy", "impressions", "regret", "low", "high", "median", "worst", "vs_" + baseline, "vs_low", "vs_high",
               "ns_a_decision"});
  std::map<std::string, PolicyRegrets> results;
  const auto result_of = [&](const std::string& policy) -> const PolicyRegrets& {
    const auto [at, is_new] = results.try_emplace(policy);
    if (is_new) at->second = run_seeds(policy, seeds, horizons.size(), static_cast<double>(horizons.back()), run);
    return at->second;
  };
  for (std::size_t h = 0; h < horizons.size(); ++h) {
    const std::vector<double> base = result_of(baseline).by_horizon[h];
    for (const std::string& policy : *policies) {
      const PolicyRegrets& result = result_of(policy);
      const std::vector<double>& regrets = result.by_horizon[h];
      std::vector<double> differences;
      for (std::size_t i = 0; i < regrets.size(); ++i) differences.push_back(regrets[i] - base[i]);
      const Interval regret = mean_interval(regrets);
      const Interval versus = mean_interval(differences);
      table.add({cell(policy), cell(horizons[h]), cell(regret.value, 2), cell(regret.low, 2), cell(regret.high, 2),
                 cell(quantile(regrets, 0.5), 2), cell(quantile(regrets, 1), 2), cell(versus.value, 2),
                 cell(versus.low, 2), cell(versus.high, 2), cell(result.ns_per_decision, 0)});
    }
  }
  return table;
}

Loaded<Table> replay_aes(const Options& options, const Seeds& seeds, std::ostream& err) {
  if (options.table.empty() || options.tree.empty()) return problem("--table and --tree are required for this protocol");
  const auto horizons = parse_horizons(options.horizons);
  if (!horizons) return problem(horizons.error());
  const auto creatives = load_creative_table(options.table, options.tree);
  if (!creatives) return problem(creatives.error());
  for (const auto& [reason, rows] : creatives->bad_rows) err << options.table << ": " << rows << " rows: " << reason << '\n';
  const AesProtocol protocol{.horizons = *horizons};
  return compare(options, seeds, options.baseline.empty() ? "linear_ts" : options.baseline, *horizons,
                 [&](const std::string& policy, std::uint64_t seed) {
                   if (const auto production = production_named(policy)) {
                     return run_aes(*creatives, *make_production_bandit(*production, creatives->elements), seed, protocol);
                   }
                   if (policy == "neural_linear") {
                     NeuralLinear bandit(*catalogue_of(creatives->elements), {{}}, creatives->problem.base_rate,
                                         base::mix64(seed));
                     return run_aes(*creatives, bandit, seed, protocol);
                   }
                   return run_aes(*creatives, *make_creative_bandit(policy, creatives->problem, base::mix64(seed)), seed,
                                  protocol);
                 });
}

Loaded<Table> replay_world(const Options& options, const Seeds& seeds) {
  if (!(options.base_rate > 0 && options.base_rate < 0.5)) return problem("--base-rate: above 0, below 0.5");
  const agents::creative::WorldOptions world{.base_rate = options.base_rate};
  return compare(options, seeds, options.baseline.empty() ? "production_thompson" : options.baseline,
                 {world.impressions}, [&](const std::string& policy, std::uint64_t seed) {
                   return std::vector<double>{run_creative_world(policy, seed, world)};
                 });
}

Loaded<Table> replay_delay(const Options& options, const Seeds& seeds) {
  if (options.steps < 1 || options.steps > 1'000'000'000) return problem("--steps: at least 1, at most 1000000000");
  const DelayProtocol protocol{.steps = options.steps};
  const auto policies = parse_policies(options.policies, delay_policy_names());
  if (!policies) return problem(policies.error());
  Table table({"policy", "feedback", "delay", "regret", "low", "high", "ns_a_decision"});
  const base::SystemClock clock;
  const auto add_row = [&](const std::string& policy, Feedback feedback, std::int64_t delay) {
    std::vector<double> regrets;
    const base::MonoTime start = clock.mono();
    for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
      regrets.push_back(run_delay(policy, protocol, feedback, delay, seed));
    }
    const double steps = static_cast<double>(options.steps) * static_cast<double>(regrets.size());
    const Interval regret = mean_interval(regrets);
    table.add({cell(policy), cell(feedback == Feedback::late ? "late" : "in_batches"), cell(delay), cell(regret.value, 0),
               cell(regret.low, 0), cell(regret.high, 0), cell(static_cast<double>((clock.mono() - start).count()) / steps, 0)});
  };
  for (const std::string& policy : *policies) {
    for (const Feedback feedback : {Feedback::in_batches, Feedback::late}) {
      for (const std::int64_t delay : {1, 10, 100, 1000}) add_row(policy, feedback, delay);
    }
  }
  return table;
}

Loaded<Table> replay(const Options& options, std::ostream& err) {
  const auto seeds = parse_seeds(options.seeds);
  if (!seeds) return problem(seeds.error());
  if (options.protocol == "aes") return replay_aes(options, *seeds, err);
  if (options.protocol == "world") return replay_world(options, *seeds);
  if (options.protocol == "delay") return replay_delay(options, *seeds);
  return problem("--protocol: '" + options.protocol + "' is none of aes, delay, world");
}

}  // namespace

int replay_creatives(const ReplayCreativesOptions& options, std::ostream& out, std::ostream& err) {
  return print_or_fail("replay creatives", replay(options, err), options.format, out, err);
}

}  // namespace bandstand::experiments
