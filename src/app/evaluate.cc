// evaluate: reads a log or makes one, asks learning for the table and the verdict, prints them.
#include "app/evaluate.h"

#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "agents/creative/learned_response.h"
#include "app/evaluate_picture.h"
#include "app/judged_log.h"
#include "app/logged_data.h"
#include "base/input.h"
#include "base/rng.h"
#include "experiments/table.h"
#include "learning/offpolicy/csv.h"
#include "learning/offpolicy/evaluation.h"
#include "learning/offpolicy/obd.h"
#include "learning/offpolicy/world.h"

namespace bandstand::app {
namespace {

using experiments::cell;
using experiments::Table;
using experiments::TableFormat;
using learning::Loaded;
using learning::problem;
using nlohmann::json;

constexpr std::int64_t kRoundsMax = 10'000'000;
constexpr std::int64_t kCoverageRounds = 4'000;

/// What is to be judged, and what is known about it beyond the log.
struct Case {
  learning::PolicyLog log = {};
  std::string title = "";
  std::optional<double> truth = {};
  std::string model = "";
};

Loaded<Case> load_server_case(const EvaluateOptions& options, std::ostream& err) {
  if (options.log.size() != 1) return problem("--format bandstand: --log is one data directory");
  if (options.model.empty()) return problem("--format bandstand needs --model FILE, the model to judge");
  const auto bytes = base::read_whole_file(options.model, serving::kModelUploadMax);
  if (!bytes) return problem(options.model + ": " + bytes.error().what);
  const auto file = model::decode_model(*bytes);
  if (!file) return problem(options.model + ": " + file.error().what);
  const auto learned = agents::creative::learned_response(*file);
  if (!learned) return problem(options.model + ": " + learned.error().what);
  const auto until = trained_until(file->training);
  if (!until) return problem(options.model + ": its record does not say until when it was trained: what to judge it on?");
  LoggedData data;
  if (!open_logged_data(options.config, options.log.front(), data, err)) return problem("the log was not read");
  auto judged = judge_creative_log(*data.log, data.settings.serving, data.settings.team, (*learned)->model, *until);
  if (!judged) return problem(options.log.front() + ": " + judged.error().what);
  if (judged->rounds.size() == 0) {
    return problem(options.log.front() + ": no choice of after the model's training whose outcome is known (" +
                   std::to_string(judged->decisions) + " decisions with bids, " + std::to_string(judged->unreadable) +
                   " unreadable)");
  }
  Case out;
  out.log.rounds = std::move(judged->rounds);
  out.log.target = std::move(judged->target);
  out.model = model::model_id(*bytes);
  out.title = options.model + " on the decisions of " + options.log.front() + " (" + std::to_string(judged->decisions) +
              " with bids, " + std::to_string(judged->unreadable) + " unreadable); reward of a thousand bids";
  return out;
}

Loaded<Case> load_obd_case(const EvaluateOptions& options) {
  auto log = learning::load_obd(options.log);
  if (!log) return problem(log.error());
  if (options.policy != "bts" && options.policy != "uniform")
    return problem("--policy: '" + options.policy + "' is neither bts nor uniform");
  std::vector<double> table;
  if (options.policy == "uniform") {
    table.assign(learning::kObdPositions * log->rounds.actions, 1 / static_cast<double>(log->rounds.actions));
  } else {
    if (options.prior.empty()) return problem("--policy bts needs --prior FILE (prior_bts.yaml)");
    if (options.draws < 1) return problem("--draws: at least 1");
    const auto prior = learning::load_obd_prior(options.prior, options.campaign);
    if (!prior) return problem(prior.error());
    if (prior->alpha.size() < log->rounds.actions) {
      return problem(options.prior + ": campaign '" + options.campaign + "' has " +
                     std::to_string(prior->alpha.size()) + " items, the log " +
                     std::to_string(log->rounds.actions));
    }
    log->rounds.actions = prior->alpha.size();
    table = learning::thompson_positions(*prior, options.draws, options.seed);
  }
  Case out;
  out.log.target = learning::in_rounds(*log, table);
  out.log.rounds = std::move(log->rounds);
  out.title = options.policy + " on " + options.log.front();
  return out;
}

Case make_synthetic_case(const EvaluateOptions& options) {
  const learning::LogisticWorld world({}, options.seed);
  Case out;
  out.log = world.draw(static_cast<std::size_t>(options.synthetic), base::mix64(options.seed));
  out.truth = world.target_value();
  out.title = "logistic world, " + std::to_string(options.synthetic) + " rounds, seed " +
              std::to_string(options.seed);
  return out;
}

Loaded<Case> load_case(const EvaluateOptions& options, std::ostream& err) {
  if (options.synthetic > 0) return make_synthetic_case(options);
  if (options.log.empty()) return problem("name a log (--log FILE...), or --synthetic ROUNDS");
  if (options.format == "obd") return load_obd_case(options);
  if (options.format == "bandstand") return load_server_case(options, err);
  if (!options.policy.empty())
    return problem("--policy is for --format obd; a csv file has the policy in its columns");
  auto log = learning::load_policy_csv(options.log);
  if (!log) return problem(log.error());
  Case out;
  out.log = std::move(*log);
  out.title = options.log.front();
  return out;
}

Loaded<bool> check(const EvaluateOptions& options) {
  if (options.format != "csv" && options.format != "obd" && options.format != "bandstand")
    return problem("--format: '" + options.format + "' is neither csv, obd nor bandstand");
  if (options.samples < 1 || options.samples > 100'000) return problem("--samples: from 1 to 100000");
  if (options.synthetic < 0 || options.synthetic > kRoundsMax)
    return problem("--synthetic: from 1 to 10000000 rounds");
  if (options.coverage < 0) return problem("--coverage: at least 1 world");
  if (options.synthetic > 0 && !options.log.empty())
    return problem("--log and --synthetic: one or the other");
  if (!options.estimator.empty() && !learning::estimator_named(options.estimator)) {
    std::string names;
    for (const auto name : learning::kEstimatorNames)
      names += (names.empty() ? "" : ", ") + std::string(name);
    return problem("--estimator: '" + options.estimator + "' is none of " + names);
  }
  return true;
}

std::string brief(double value) {
  if (!std::isfinite(value)) return std::isinf(value) ? "inf" : "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string interval(const learning::Measured& m) { return "[" + brief(m.low) + ", " + brief(m.high) + "]"; }

void print_text(const Case& judged, const learning::Evaluation& evaluation, std::ostream& out) {
  const auto& d = evaluation.diagnostics;
  out << judged.title << "\n";
  std::vector<std::string> columns{"estimator", "value", "error", "95 %",     "difference",
                                   "95 %",      "ESS",   "max w", "parameter"};
  if (judged.truth) columns.emplace_back("off by %");
  Table table(columns);
  for (const auto& row : evaluation.estimates) {
    const bool deciding = row.estimator == evaluation.deciding;
    std::vector<experiments::Cell> cells{cell(std::string(name_of(row.estimator)) + (deciding ? " *" : "")),
                                         cell(brief(row.value.value)),
                                         cell(brief(row.value.error)),
                                         cell(interval(row.value)),
                                         cell(brief(row.difference.value)),
                                         cell(interval(row.difference)),
                                         cell(row.effective_rounds, 0),
                                         cell(row.weight_max, 2),
                                         cell(brief(row.parameter))};
    if (judged.truth) cells.push_back(cell(100 * (row.value.value - *judged.truth) / *judged.truth, 2));
    table.add(std::move(cells));
  }
  table.print(TableFormat::aligned, out);
  if (!evaluation.estimates.empty()) {
    out << "incumbent " << brief(evaluation.estimates.front().incumbent.value)
        << (judged.log.incumbent ? " (by replay)" : " (the log's own policy)");
    if (judged.truth) out << ", truth of the policy " << brief(*judged.truth);
    out << "\n";
  }
  out << "rounds " << d.rounds << ", effective " << brief(d.effective_rounds) << ", w: mean "
      << brief(d.weight_mean) << " +- " << brief(d.weight_mean_error) << ", max " << brief(d.weight_max)
      << ", largest share of sum w^2 " << brief(100 * d.largest_share) << " %, w = 0 in "
      << brief(100 * d.silent) << " %, without support " << brief(100 * d.without_support)
      << " %, effective rewards " << brief(d.effective_rewards);
  if (evaluation.bandwidth > 0) out << ", bandwidth " << brief(evaluation.bandwidth);
  out << "\nverdict: " << name_of(evaluation.verdict.answer) << "\n";
  for (const std::string& reason : evaluation.verdict.reasons) out << "  " << reason << "\n";
}

/// NaN and infinity have no number in JSON.
json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

json to_json(const learning::Measured& m) {
  return {{"value", number(m.value)},
          {"error", number(m.error)},
          {"low", number(m.low)},
          {"high", number(m.high)}};
}

json evaluation_fields(const learning::Evaluation& evaluation, const std::string& title, const std::string& model) {
  json rows = json::array();
  for (const auto& row : evaluation.estimates) {
    rows.push_back({{"estimator", name_of(row.estimator)},
                    {"value", to_json(row.value)},
                    {"incumbent", to_json(row.incumbent)},
                    {"difference", to_json(row.difference)},
                    {"effective_rounds", number(row.effective_rounds)},
                    {"weight_max", number(row.weight_max)},
                    {"parameter", number(row.parameter)}});
  }
  const auto& d = evaluation.diagnostics;
  json all{{"title", title},
           {"estimates", rows},
           {"deciding", name_of(evaluation.deciding)},
           {"rounds", d.rounds},
           {"effective_rounds", number(d.effective_rounds)},
           {"weight",
            {{"max", number(d.weight_max)},
             {"mean", number(d.weight_mean)},
             {"mean_error", number(d.weight_mean_error)},
             {"largest_share", number(d.largest_share)},
             {"zero_share", number(d.silent)}}},
           {"without_support", number(d.without_support)},
           {"effective_rewards", number(d.effective_rewards)},
           {"verdict", name_of(evaluation.verdict.answer)},
           {"reasons", evaluation.verdict.reasons}};
  if (evaluation.bandwidth > 0) all["bandwidth"] = evaluation.bandwidth;
  if (!model.empty()) all["model"] = model;
  return all;
}

void print_json(const Case& judged, const learning::Evaluation& evaluation, std::ostream& out) {
  json all = evaluation_fields(evaluation, judged.title, judged.model);
  if (judged.truth) all["truth"] = *judged.truth;
  out << all.dump(1, ' ', false, json::error_handler_t::replace) << "\n";
}

int measure_worlds(const EvaluateOptions& options, std::ostream& out) {
  learning::CoverageOptions coverage;
  coverage.worlds = options.coverage;
  coverage.rounds = static_cast<std::size_t>(options.synthetic > 0 ? options.synthetic : kCoverageRounds);
  coverage.samples = options.samples;
  coverage.seed = options.seed;
  Table table({"estimator", "covered %", "difference covered %", "mean error %", "bias %", "mean width %"});
  for (const auto& row : learning::measure_coverage(coverage)) {
    table.add({cell(std::string(name_of(row.estimator))), cell(100 * row.covered, 1),
               cell(100 * row.difference_covered, 1), cell(100 * row.relative_error, 3),
               cell(100 * row.relative_bias, 3), cell(100 * row.relative_width, 2)});
  }
  table.print(options.json ? TableFormat::json : TableFormat::aligned, out);
  return 0;
}

}  // namespace

std::string evaluation_json(const learning::Evaluation& evaluation, const std::string& title, const std::string& model) {
  return evaluation_fields(evaluation, title, model).dump(1, ' ', false, json::error_handler_t::replace);
}

int evaluate(const EvaluateOptions& options, std::ostream& out, std::ostream& err) {
  const auto fail = [&](const std::string& what) {
    err << what << "\n";
    return 2;
  };
  if (const auto checked = check(options); !checked) return fail(checked.error());
  if (options.coverage > 0)
    return options.log.empty() ? measure_worlds(options, out)
                               : fail("--coverage makes its own logs; leave out --log");
  const auto judged = load_case(options, err);
  if (!judged) return fail(judged.error());
  learning::EvaluationOptions how{.estimators = {.samples = options.samples, .seed = options.seed},
                                  .model = {.seed = options.seed}};
  if (!options.estimator.empty()) how.deciding = learning::estimator_named(options.estimator);
  const auto evaluation =
      learning::evaluate(judged->log.rounds, judged->log.target, judged->log.incumbent, how);
  if (!options.svg.empty()) {
    std::ofstream file(options.svg, std::ios::binary);
    file << draw_evaluation(evaluation, judged->title, judged->truth) << std::flush;
    if (!file) return fail(options.svg + ": cannot be written");
  }
  options.json ? print_json(*judged, evaluation, out) : print_text(*judged, evaluation, out);
  return evaluation.verdict.answer == learning::Answer::promote ? 0 : 1;
}

}  // namespace bandstand::app
