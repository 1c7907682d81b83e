// replay_bidding: options, files, tables.
#include "experiments/replay_bidding.h"

#include <algorithm>
#include <cstdio>
#include <ostream>

#include "experiments/bidding_data.h"
#include "experiments/protocol_day.h"
#include "experiments/protocol_learned.h"
#include "experiments/protocol_pid.h"
#include "experiments/protocol_rlb.h"
#include "experiments/protocol_sam.h"
#include "experiments/protocol_shading.h"
#include "experiments/statistics.h"

namespace bandstand::experiments {
namespace {

using Options = ReplayBiddingOptions;

Loaded<Ties> ties_of(const Options& options, Ties published) {
  if (options.ties.empty()) return published;
  if (options.ties == "win") return Ties::win;
  if (options.ties == "lose") return Ties::lose;
  return problem("--ties: '" + options.ties + "' is neither win nor lose");
}

Loaded<std::vector<RecordedAuction>> required_auctions(const char* flag, const std::string& path) {
  if (path.empty()) return problem(std::string(flag) + " is required for this protocol");
  return load_auctions(path);
}

/// "dir/2997.json.xz" -> "2997".
std::string campaign_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  return name.substr(0, name.find('.'));
}

std::vector<double> clicks_of(const PolicyRun& run) {
  std::vector<double> clicks;
  for (const EpisodeResult& episode : run.episodes) clicks.push_back(static_cast<double>(episode.clicks));
  return clicks;
}

const PolicyRun* find(const std::vector<PolicyRun>& runs, const std::string& policy,
                      const std::string& budget) {
  for (const PolicyRun& run : runs) {
    if (run.policy == policy && run.budget.label == budget) return &run;
  }
  return nullptr;
}

std::vector<Cell> rlb_row(const std::string& policy, const std::string& budget, const EpisodeResult& total,
                          double ratio) {
  return {cell(policy),       cell(budget),     cell(total.auctions),           cell(total.impressions),
          cell(total.clicks), cell(total.cost), cell(total.expected_clicks, 2), cell(ratio, 4)};
}

void add_interval(std::vector<Cell>& row, const std::vector<double>& a, const std::vector<double>& b,
                  const Options& options) {
  const Interval interval = paired_bootstrap(a, b, static_cast<int>(options.bootstrap), options.seed);
  row.push_back(cell(interval.value, 0));
  row.push_back(cell(interval.low, 0));
  row.push_back(cell(interval.high, 0));
}

/// Sums over the budgets; an episode is drawn with all its budgets at once, since they are the same auctions.
void add_sums(const std::vector<PolicyRun>& runs, const std::vector<std::string>& policies,
              const Options& options, Table& table) {
  const auto sum_of = [&](const std::string& policy, EpisodeResult& total, double& ratio) {
    std::vector<double> clicks;
    double budgets = 0;
    for (const PolicyRun& run : runs) {
      if (run.policy != policy) continue;
      const EpisodeResult parts[] = {total, total_of(run.episodes)};
      total = total_of(parts);
      const std::vector<double> here = clicks_of(run);
      clicks.resize(here.size());
      for (std::size_t i = 0; i < here.size(); ++i) clicks[i] += here[i];
      ratio += run.ratio();
      ++budgets;
    }
    ratio /= std::max(1.0, budgets);
    return clicks;
  };
  EpisodeResult baseline_total;
  double baseline_ratio = 0;
  const std::vector<double> baseline = sum_of(options.baseline, baseline_total, baseline_ratio);
  for (const std::string& policy : policies) {
    EpisodeResult total;
    double ratio = 0;
    const std::vector<double> clicks = sum_of(policy, total, ratio);
    std::vector<Cell> row = rlb_row(policy, "all", total, ratio);
    add_interval(row, clicks, baseline, options);
    table.add(std::move(row));
  }
}

Loaded<Table> replay_rlb(const Options& options, std::ostream& err) {
  if (options.info.empty()) return problem("--info is required for this protocol");
  if (options.episode < 1 || options.episode > 10'000'000)
    return problem("--episode: at least 1, at most 10000000");
  auto budgets = parse_budgets(options.budget);
  if (!budgets) return problem(budgets.error());
  auto policies = parse_policies(options.policies, rlb_policy_names());
  if (!policies) return problem(policies.error());
  const auto baseline = parse_policies(options.baseline, rlb_policy_names());
  if (!baseline || baseline->size() != 1)
    return problem("--baseline: '" + options.baseline + "' is not one policy");
  const auto ties = ties_of(options, Ties::win);
  if (!ties) return problem(ties.error());
  const auto info = load_campaign_info(options.info);
  if (!info) return problem(info.error());
  const auto auctions = required_auctions("--auctions", options.auctions);
  if (!auctions) return problem(auctions.error());
  RlbProtocol protocol{.episode = options.episode, .ties = *ties, .seed = options.seed, .lin_b0 = {}};
  if (!options.lin_b0.empty()) {
    auto tuned = load_lin_tuning(options.lin_b0,
                                 options.campaign.empty() ? campaign_of(options.info) : options.campaign);
    if (!tuned) return problem(tuned.error());
    protocol.lin_b0 = *tuned;
  }
  std::vector<std::string> to_run = *policies;
  const bool with_interval = options.bootstrap > 0;
  if (with_interval && std::find(to_run.begin(), to_run.end(), options.baseline) == to_run.end())
    to_run.push_back(options.baseline);
  const auto runs = run_rlb_protocol(*info, *auctions, *budgets, to_run, protocol);
  if (!runs) return problem(runs.error());

  std::vector<std::string> columns = {"policy", "budget", "auctions",        "impressions",
                                      "clicks", "cost",   "expected_clicks", "ratio"};
  if (with_interval) columns.insert(columns.end(), {"clicks_vs_" + options.baseline, "low", "high"});
  Table table(columns);
  for (const PolicyRun& run : *runs) {
    if (std::find(policies->begin(), policies->end(), run.policy) == policies->end()) continue;
    if (run.policy == "lin") err << "lin: b0 " << run.lin_b0 << " at budget " << run.budget.label << '\n';
    std::vector<Cell> row = rlb_row(run.policy, run.budget.label, total_of(run.episodes), run.ratio());
    if (with_interval)
      add_interval(row, clicks_of(run), clicks_of(*find(*runs, options.baseline, run.budget.label)), options);
    table.add(std::move(row));
  }
  if (with_interval) add_sums(*runs, *policies, options, table);
  return table;
}

Loaded<Table> replay_sam(const Options& options) {
  const auto ties = ties_of(options, Ties::lose);
  if (!ties) return problem(ties.error());
  const auto train = required_auctions("--train", options.train);
  if (!train) return problem(train.error());
  const auto test = required_auctions("--auctions", options.auctions);
  if (!test) return problem(test.error());
  const auto rows = run_sam_protocol(*train, *test, *ties);
  if (!rows) return problem(rows.error());
  Table table({"policy", "profit", "clicks", "bids", "impressions", "budget", "cost", "up"});
  for (const SamRow& row : *rows) {
    table.add({cell(row.policy), cell(row.profit, 2), cell(row.clicks), cell(row.bids), cell(row.impressions),
               cell(row.budget, 1), cell(row.cost, 1), cell(row.up, 4)});
  }
  return table;
}

Loaded<Table> replay_pid(const Options& options, std::ostream& err) {
  const auto ties = ties_of(options, Ties::lose);
  if (!ties) return problem(ties.error());
  const auto auctions = required_auctions("--auctions", options.auctions);
  if (!auctions) return problem(auctions.error());
  const PidProtocol protocol{.ties = *ties};
  const std::vector<PidRound> rounds = run_pid_protocol(*auctions, protocol);
  Table table({"round", "ecpc", "phi", "total_click", "click_ratio", "win_ratio", "total_cost", "ref"});
  for (std::size_t k = 0; k < rounds.size(); ++k) {
    const PidRound& round = rounds[k];
    table.add({cell(static_cast<std::int64_t>(k)), cell(round.ecpc, 4), cell(round.phi, 4),
               cell(round.clicks), cell(round.click_ratio, 4), cell(round.win_ratio, 4),
               cell(static_cast<double>(round.cost), 4), cell(protocol.reference, 1)});
  }
  const ControlFigures figures = measure_control(rounds, protocol.reference);
  err << "rise round " << figures.rise_round << ", settling round " << figures.settling_round
      << ", overshoot " << 100 * figures.overshoot << " %, settled rmse " << 100 * figures.rmse_settled
      << " %, sd " << 100 * figures.sd_settled << " %\n";
  return table;
}

std::vector<Cell> day_row(const DayRun& run, const std::string& deviation) {
  return {cell(run.condition),
          cell(run.policy),
          cell(run.budget.label),
          cell(deviation),
          cell(run.result.impressions),
          cell(run.result.clicks),
          cell(run.result.cost),
          cell(run.result.expected_clicks, 2),
          cell(run.ratio(), 4),
          cell(run.pacing.use, 4),
          cell(run.pacing.average_error, 3),
          cell(run.pacing.cumulative_deviation, 4)};
}

Loaded<Table> replay_day(const Options& options) {
  if (options.info.empty()) return problem("--info is required for this protocol");
  const auto budgets = parse_budgets(options.budget);
  if (!budgets) return problem(budgets.error());
  const auto policies = parse_policies(options.policies, day_policy_names());
  if (!policies) return problem(policies.error());
  const auto ties = ties_of(options, Ties::win);
  if (!ties) return problem(ties.error());
  const auto info = load_campaign_info(options.info);
  if (!info) return problem(info.error());
  const auto auctions = required_auctions("--auctions", options.auctions);
  if (!auctions) return problem(auctions.error());
  const auto runs =
      run_day_protocol(*info, *auctions, day_conditions(), *budgets, *policies, *ties, options.seed);
  Table table({"condition", "policy", "budget", "deviation", "impressions", "clicks", "cost",
               "expected_clicks", "ratio", "use", "avg_error", "max_deviation"});
  DayRun mean;
  double count = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const DayRun& run = runs[i];
    char deviation[32];
    std::snprintf(deviation, sizeof deviation, "%+.1f", run.deviation);
    table.add(day_row(run, deviation));
    if (count == 0) mean = {.condition = run.condition, .policy = run.policy, .budget = run.budget};
    ++count;
    mean.result.expected_clicks += run.ratio();
    mean.pacing.use += run.pacing.use;
    mean.pacing.average_error += run.pacing.average_error;
    mean.pacing.cumulative_deviation += run.pacing.cumulative_deviation;
    const bool last = i + 1 == runs.size() || runs[i + 1].policy != run.policy ||
                      runs[i + 1].budget.label != run.budget.label || runs[i + 1].condition != run.condition;
    if (!last) continue;
    table.add({cell(mean.condition), cell(mean.policy), cell(mean.budget.label), cell("mean"), cell(""),
               cell(""), cell(""), cell(""), cell(mean.result.expected_clicks / count, 4),
               cell(mean.pacing.use / count, 4), cell(mean.pacing.average_error / count, 3),
               cell(mean.pacing.cumulative_deviation / count, 4)});
    count = 0;
  }
  return table;
}

Loaded<Table> replay_shading(const Options& options) {
  if (options.info.empty()) return problem("--info is required for this protocol");
  const auto info = load_campaign_info(options.info);
  if (!info) return problem(info.error());
  const auto auctions = required_auctions("--auctions", options.auctions);
  if (!auctions) return problem(auctions.error());
  std::vector<std::string> columns = {"value", "policy", "surplus_share", "mean_paid", "win_rate"};
  const bool with_interval = options.bootstrap > 0;
  if (with_interval) columns.insert(columns.end(), {"vs_best_factor", "low", "high"});
  Table table(columns);
  const std::vector<ShadingRow> rows = run_shading_protocol(*info, *auctions, options.seed);
  for (const ShadingRow& row : rows) {
    std::vector<Cell> cells = {cell(row.value_factor, 1), cell(row.policy), cell(row.surplus_share, 3),
                               cell(row.mean_paid, 2), cell(row.win_rate, 3)};
    const auto best = std::find_if(rows.begin(), rows.end(), [&](const ShadingRow& other) {
      return other.policy == "best_factor" && other.value_factor == row.value_factor;
    });
    if (with_interval) {
      const Interval vs =
          paired_bootstrap(row.blocks, best->blocks, static_cast<int>(options.bootstrap), options.seed);
      for (const double bound : {vs.value, vs.low, vs.high}) cells.push_back(cell(bound, 3));
    }
    table.add(std::move(cells));
  }
  return table;
}

Loaded<Table> replay_shading_features(const Options& options) {
  if (options.auctions.empty()) return problem("--auctions is required for this protocol");
  if (options.seeds < 1) return problem("--seeds: at least 1");
  const auto data = load_featured_auctions(options.auctions);
  if (!data) return problem(data.error());
  Table table({"value", "policy", "surplus_share", "mean_paid", "win_rate", "vs_best_factor", "low", "high"});
  const std::vector<ShadingRow> rows = run_shading_features(*data, options.seed, options.seeds);
  for (const ShadingRow& row : rows) {
    const auto best = std::find_if(rows.begin(), rows.end(), [&](const ShadingRow& other) {
      return other.policy == "best_factor" && other.value_factor == row.value_factor;
    });
    std::vector<double> difference;
    for (std::size_t i = 0; i < row.blocks.size(); ++i) difference.push_back(row.blocks[i] - best->blocks[i]);
    const Interval vs = mean_interval(difference);
    table.add({cell(row.value_factor, 1), cell(row.policy), cell(row.surplus_share, 3),
               cell(row.mean_paid, 2), cell(row.win_rate, 3), cell(vs.value, 4), cell(vs.low, 4),
               cell(vs.high, 4)});
  }
  return table;
}

Loaded<Table> replay_learned(const Options& options, std::ostream& err) {
  const bool days = options.protocol == "learned_day";
  const auto& known = days ? learned_day_policies() : learned_episode_policies();
  if (options.info.empty()) return problem("--info is required for this protocol");
  if (options.seeds < 1 || options.training_days < 1) return problem("--seeds, --training-days: at least 1");
  const auto budgets = parse_budgets(options.budget);
  if (!budgets) return problem(budgets.error());
  const auto policies = parse_policies(options.policies, known);
  if (!policies) return problem(policies.error());
  const auto baseline = parse_policies(options.baseline, known);
  if (!baseline || baseline->size() != 1)
    return problem("--baseline: '" + options.baseline + "' is not one policy");
  const auto ties = ties_of(options, Ties::win);
  if (!ties) return problem(ties.error());
  const auto info = load_campaign_info(options.info);
  if (!info) return problem(info.error());
  const auto auctions = required_auctions("--auctions", options.auctions);
  if (!auctions) return problem(auctions.error());
  std::span<const RecordedAuction> test = *auctions;
  std::vector<RecordedAuction> before;
  if (options.train.empty()) {
    before.assign(test.begin(), test.begin() + static_cast<std::ptrdiff_t>(test.size() / 2));
    test = test.subspan(test.size() / 2);
  } else {
    auto train = load_auctions(options.train);
    if (!train) return problem(train.error());
    before = std::move(*train);
  }
  const LearnedProtocol protocol{.budgets = *budgets,
                                 .policies = *policies,
                                 .baseline = options.baseline,
                                 .ties = *ties,
                                 .seeds = options.seeds,
                                 .training_days = options.training_days,
                                 .episode = options.episode,
                                 .seed = options.seed,
                                 .clock = options.clock,
                                 .progress = &err};
  return days ? run_learned_days(*info, before, test, protocol)
              : run_learned_episodes(*info, before, test, protocol);
}

}  // namespace

int replay_bidding(const ReplayBiddingOptions& options, std::ostream& out, std::ostream& err) {
  Loaded<Table> table =
      problem("--protocol: '" + options.protocol +
              "' is none of rlb, sam, pid, day, shading, shading_features, learned, learned_day");
  if (options.protocol == "rlb") table = replay_rlb(options, err);
  if (options.protocol == "sam") table = replay_sam(options);
  if (options.protocol == "pid") table = replay_pid(options, err);
  if (options.protocol == "day") table = replay_day(options);
  if (options.protocol == "shading") table = replay_shading(options);
  if (options.protocol == "shading_features") table = replay_shading_features(options);
  if (options.protocol == "learned" || options.protocol == "learned_day")
    table = replay_learned(options, err);
  return print_or_fail("replay bidding", table, options.format, out, err);
}

}  // namespace bandstand::experiments
