// simulate_learning: day one's log to a model, the model through the gate, day two with and without it.
#include "app/simulate_learning.h"

#include <array>
#include <atomic>
#include <fstream>
#include <map>
#include <numeric>
#include <ostream>
#include <vector>

#include "agents/creative/learned_response.h"
#include "app/evaluate.h"
#include "app/judged_log.h"
#include "app/seed_jobs.h"
#include "app/simulate.h"
#include "app/simulated_days.h"
#include "app/wiring.h"
#include "app/won_calibration.h"
#include "base/check.h"
#include "base/rng.h"
#include "base/words.h"
#include "experiments/creative_training.h"
#include "experiments/statistics.h"
#include "experiments/table.h"
#include "simulation/demo_catalogue.h"

namespace bandstand::app {
namespace {

using agents::creative::ResponseModel;
using experiments::cell;
using experiments::Table;
using serving::ModelAgent;

constexpr std::uint32_t kLineItems = 8;
constexpr int kSamples = 400;  // of the gate's bootstrap
/// Day one up to here trains, the rest of it judges.
constexpr double kTrained = .7;
/// When day two's model is asked by nobody but the log, by a tenth, by all: shares of the day.
constexpr double kShadowAt = 0, kTenthAt = .05, kLiveAt = .15;
/// From when on day two's promises are held against its clicks; between kLiveAt and here they fit the curves.
constexpr double kJudgedAt = .5;
/// Parts of the traffic with fewer clicks in all worlds are not shown.
constexpr double kClicksToShow = 50;

using Totals = DayTotals;

/// What came of one seed.
struct SeedFigures {
  Totals defaults, learned;  ///< day two
  learning::Answer answer = learning::Answer::cannot_tell;
  double lift = 0, lift_low = 0, lift_high = 0;  ///< the gate's estimate of the difference, share of the incumbent's reward
  double train_s = 0, judge_s = 0;
  double log_loss_before = 0, log_loss = 0;
  bool poisoned_stopped = false, damaged_stopped = false;
  std::size_t unreadable = 0, differences = 0;
  std::vector<std::string> reasons;
  WonCalibration won_defaults, won_learned;  ///< of day two from kJudgedAt on; empty unless asked for
};

std::string catalogue_of(const SimulateLearningOptions& options, std::uint64_t seed) {
  if (options.catalogue == "creatives") return simulation::creative_world_catalogue_json(seed, kLineItems);
  simulation::DemoCatalogueOptions demo;
  demo.seed = seed;
  demo.requests_per_second = options.requests_per_second;
  demo.seconds = 2 * options.day_seconds;
  return simulation::demo_catalogue_json(demo);
}

/// Two days of one world around one Bandstand.
SimulatedDays::Options two_days(const SimulateLearningOptions& options, std::uint64_t seed) {
  const double seconds = 2 * options.day_seconds;
  SimulatedDays::Options out{.settings = demo_settings(seconds),
                             .world = demo_world(seed, seconds, options.requests_per_second),
                             .catalogue = catalogue_of(options, seed),
                             .day_seconds = options.day_seconds};
  out.settings.log_sample_no_bid = 1;  // the gate needs to see what did not bid
  out.world.traffic.speed_up = 86'400 / options.day_seconds;
  return out;
}

std::string file_of(const ResponseModel& model) {
  auto bytes = model::encode_model(agents::creative::to_file(model, R"({"data":"day one"})"));
  BANDSTAND_CHECK(bytes.has_value());
  return std::move(*bytes);
}

/// A model that believes the contrary of what it was taught: what a poisoned log would make of it at worst.
ResponseModel poisoned(const ResponseModel& model) {
  auto weights = model.weights();
  for (auto& weight : weights) weight.mean = -weight.mean;
  return {model.version(), model.base_logit(), model.base_conversions(), std::move(weights), model.line_items(),
          model.scales()};
}

learning::Evaluation judge(SimulatedDays& days, const ResponseModel& model, SeedFigures* figures) {
  const auto judged = judge_creative_log(days.log(), days.settings(), TeamNames{},
                                         std::make_shared<const ResponseModel>(model), days.at(kTrained));
  BANDSTAND_CHECK(judged.has_value());
  if (figures != nullptr) figures->unreadable += judged->unreadable;
  if (judged->rounds.size() == 0) return {};
  return learning::evaluate(judged->rounds, judged->target, std::nullopt, {.estimators = {.samples = kSamples}});
}

/// Promises of day two, read from the log as learners see it. Bids of its last tenth are left out: the log may end before their
/// windows do.
WonCalibration won_on_day_two(SimulatedDays& days, std::size_t& unreadable) {
  const auto log = read_decision_log(days.log(), days.settings(), TeamNames{});
  BANDSTAND_CHECK(log.has_value());
  unreadable += log->unreadable;
  return won_calibration(log->outcomes, days.at(1 + kLiveAt), days.at(1 + kJudgedAt), days.at(1.9));
}

double seconds_since(base::MonoTime from) {
  return std::chrono::duration<double>(base::SystemClock().mono() - from).count();
}

/// The second day with the model, whatever the gate said of it: the operator's override tells what the gate was worth.
void learn_and_serve(SimulatedDays& days, SeedFigures& out) {
  days.run_to(1);
  auto clock = base::SystemClock().mono();
  const auto log = read_decision_log(days.log(), days.settings(), TeamNames{});
  BANDSTAND_CHECK(log.has_value());
  out.unreadable = log->unreadable;
  const auto training = experiments::train_creative(log->catalogue, log->outcomes, {.until = days.at(kTrained)}, nullptr);
  out.train_s = seconds_since(clock);
  out.log_loss_before = training.before.loss;
  out.log_loss = training.chosen.loss;

  clock = base::SystemClock().mono();
  const std::string bytes = file_of(*training.model);
  const auto verdict = judge(days, *training.model, &out);
  out.judge_s = seconds_since(clock);
  out.answer = verdict.verdict.answer;
  out.reasons = verdict.verdict.reasons;
  for (const auto& row : verdict.estimates) {
    if (row.estimator != verdict.deciding) continue;
    const double scale = std::abs(row.incumbent.value);
    out.lift = row.difference.value / scale;
    out.lift_low = row.difference.low / scale;
    out.lift_high = row.difference.high / scale;
  }
  serving::Control& control = days.control();
  const auto roll = [&](std::uint32_t version, std::string_view rollout, const std::string& evaluation, const char* why) {
    return control.roll_out(ModelAgent::creative, version, serving::parse_rollout(rollout).value(), evaluation, why);
  };
  // The bad ones first: nobody may have been asked by them when the good one goes out.
  std::string damaged = bytes;
  damaged[damaged.size() / 2] ^= 1;
  out.damaged_stopped = !control.publish_model(ModelAgent::creative, damaged);
  const ResponseModel bad = poisoned(*training.model);
  const std::string bad_bytes = file_of(bad);
  const auto bad_version = control.publish_model(ModelAgent::creative, bad_bytes);
  BANDSTAND_CHECK(bad_version.has_value());
  const auto bad_verdict = evaluation_json(judge(days, bad, nullptr), "poisoned", model::model_id(bad_bytes));
  out.poisoned_stopped = !roll(*bad_version, "live", bad_verdict, "");

  const auto version = control.publish_model(ModelAgent::creative, bytes);
  BANDSTAND_CHECK(version.has_value());
  const std::string evaluation = evaluation_json(verdict, "day one", model::model_id(bytes));
  const bool passed = out.answer == learning::Answer::promote;
  const char* why = passed ? "" : "measures what the gate is worth";
  const Totals before = days.totals();
  for (const auto& [at, rollout] :
       {std::pair(kShadowAt, "shadow"), std::pair(kTenthAt, "percent:10"), std::pair(kLiveAt, "live")}) {
    days.run_to(1 + at);
    BANDSTAND_CHECK(roll(*version, rollout, passed ? evaluation : "", why).has_value());
  }
  days.run_to(2);
  days.finish();
  out.learned = days.totals() - before;
  out.differences += days.differences();
}

SeedFigures measure_seed(const SimulateLearningOptions& options, std::uint64_t seed) {
  SeedFigures out;
  {
    SimulatedDays days(two_days(options, seed));
    days.run_to(1);
    const Totals before = days.totals();
    days.run_to(2);
    days.finish();
    out.defaults = days.totals() - before;
    out.differences = days.differences();
    if (options.calibration) out.won_defaults = won_on_day_two(days, out.unreadable);
  }
  SimulatedDays days(two_days(options, seed));
  learn_and_serve(days, out);
  if (options.calibration) out.won_learned = won_on_day_two(days, out.unreadable);
  return out;
}

std::vector<SeedFigures> measure(const SimulateLearningOptions& options, std::uint64_t first, std::uint64_t last,
                                 std::ostream& err) {
  std::atomic<std::uint64_t> done{0};
  auto out = by_seed(first, last, options.jobs, [&](std::uint64_t seed) {
    auto figures = measure_seed(options, seed);
    err << "\rseed " + std::to_string(++done) + " of " + std::to_string(last - first + 1) << std::flush;
    return figures;
  });
  err << "\n";
  return out;
}

double value_per_cost(const Totals& t) { return (t.reward + t.cost) / t.cost; }
double rate(const Totals& t) { return t.click_probability / t.impressions; }

/// Mean over seeds of what `of` says of each, with its interval.
template <class Of>
experiments::Cell over_seeds(const std::vector<SeedFigures>& seeds, Of of, double scale, int digits) {
  std::vector<double> values;
  for (const auto& seed : seeds) values.push_back(scale * of(seed));
  return cell(experiments::mean_interval(values), 1, digits);
}

/// Clicks promised over clicks seen, of each part of the traffic in all worlds.
void add_calibration(const char* policy, const std::vector<SeedFigures>& seeds, WonCalibration SeedFigures::*of, Table& table) {
  std::map<std::string, std::vector<Promised>> parts;
  for (const auto& seed : seeds) {
    for (const auto& [part, sums] : seed.*of) parts[part].push_back(sums);
  }
  for (const auto& [part, worlds] : parts) {
    std::uint64_t impressions = 0;
    std::vector<double> seen;
    for (const Promised& world : worlds) {
      impressions += world.impressions;
      seen.push_back(static_cast<double>(world.clicks));
    }
    const double clicks = std::accumulate(seen.begin(), seen.end(), 0.0);
    if (clicks < kClicksToShow) continue;
    const auto ratio = [&of = worlds, &seen](double Promised::*promised) {
      std::vector<double> sums;
      for (const Promised& world : of) sums.push_back(world.*promised);
      return cell(ratio_of_sums(sums, seen), 1, 3);
    };
    table.add({cell(std::string(policy)), cell(part), cell(static_cast<std::int64_t>(impressions)),
               cell(clicks, 0), ratio(&Promised::served), ratio(&Promised::platt),
               ratio(&Promised::isotonic)});
  }
}

}  // namespace

int simulate_learning(const SimulateLearningOptions& options, std::ostream& out, std::ostream& err) {
  const auto range = base::read_seeds(options.seeds);
  if (!range) {
    err << "bandstand: --seeds: write 1..20, or one number\n";
    return 2;
  }
  if (options.catalogue != "creatives" && options.catalogue != "demo") {
    err << "bandstand: --catalogue: creatives or demo\n";
    return 2;
  }
  if (!(options.day_seconds >= 10 && options.day_seconds <= 86'400)) {
    err << "bandstand: --day: from 10 to 86400 seconds\n";
    return 2;
  }
  if (!(options.requests_per_second > 0 && options.requests_per_second <= 5'000)) {
    err << "bandstand: --rate: above 0, at most 5000 requests a second\n";
    return 2;
  }
  if (!options.write_catalogue.empty()) {
    std::ofstream file(options.write_catalogue, std::ios::binary);
    file << catalogue_of(options, range->first) << std::flush;
    if (file) return 0;
    err << "bandstand: --write-catalogue " << options.write_catalogue << ": cannot be written\n";
    return 2;
  }
  const auto seeds = measure(options, range->first, range->second, err);
  const auto gated = [](const SeedFigures& s) -> const Totals& {
    return s.answer == learning::Answer::promote ? s.learned : s.defaults;
  };
  Table table({"day two", "value per unit spent", "reward per unit spent", "true click rate %", "cost", "lost requests",
               "value per unit spent, lift % (paired)", "click rate, lift % (paired)"});
  const auto add = [&](const char* name, auto of) {
    table.add({cell(std::string(name)), over_seeds(seeds, [&](auto& s) { return value_per_cost(of(s)); }, 1, 3),
               over_seeds(seeds, [&](auto& s) { return of(s).reward / of(s).cost; }, 1, 3),
               over_seeds(seeds, [&](auto& s) { return rate(of(s)); }, 100, 3),
               over_seeds(seeds, [&](auto& s) { return of(s).cost; }, 1, 2),
               over_seeds(seeds, [&](auto& s) { return of(s).lost; }, 1, 0),
               over_seeds(seeds, [&](auto& s) { return value_per_cost(of(s)) / value_per_cost(s.defaults) - 1; }, 100, 2),
               over_seeds(seeds, [&](auto& s) { return rate(of(s)) / rate(s.defaults) - 1; }, 100, 2)});
  };
  add("defaults", [](const SeedFigures& s) -> const Totals& { return s.defaults; });
  add("learned, if the gate agrees", gated);
  add("learned, whatever it says", [](const SeedFigures& s) -> const Totals& { return s.learned; });
  table.print(options.json ? experiments::TableFormat::json : experiments::TableFormat::aligned, out);

  if (options.calibration) {
    Table won({"day two, won", "part", "impressions", "clicks", "promised / seen", "after Platt", "after isotonic"});
    add_calibration("defaults", seeds, &SeedFigures::won_defaults, won);
    add_calibration("learned", seeds, &SeedFigures::won_learned, won);
    won.print(options.json ? experiments::TableFormat::json : experiments::TableFormat::aligned, out << "\n");
  }

  std::array<std::size_t, 3> answers{};
  std::size_t poisoned = 0, damaged = 0, unreadable = 0, differences = 0;
  double lost = 0;
  for (const auto& seed : seeds) {
    ++answers[static_cast<std::size_t>(seed.answer)];
    poisoned += seed.poisoned_stopped ? 1 : 0;
    damaged += seed.damaged_stopped ? 1 : 0;
    unreadable += seed.unreadable;
    differences += seed.differences;
    lost += seed.learned.lost;
  }
  const bool sound = poisoned == seeds.size() && damaged == seeds.size() && differences == 0 && lost == 0;
  if (options.json) return sound ? 0 : 1;
  Table gate({"gate's lift % (snips)", "low", "high", "log loss before", "trained", "training s", "judging s"});
  gate.add({over_seeds(seeds, [](auto& s) { return s.lift; }, 100, 1),
            over_seeds(seeds, [](auto& s) { return s.lift_low; }, 100, 1),
            over_seeds(seeds, [](auto& s) { return s.lift_high; }, 100, 1),
            over_seeds(seeds, [](auto& s) { return s.log_loss_before; }, 1, 5),
            over_seeds(seeds, [](auto& s) { return s.log_loss; }, 1, 5),
            over_seeds(seeds, [](auto& s) { return s.train_s; }, 1, 1),
            over_seeds(seeds, [](auto& s) { return s.judge_s; }, 1, 1)});
  out << "\n";
  gate.print(experiments::TableFormat::aligned, out);
  out << "\ngate: promote " << answers[0] << ", do not " << answers[1] << ", cannot tell " << answers[2] << " of "
      << seeds.size()
      << "; poisoned models stopped " << poisoned << ", damaged " << damaged << "; unreadable decisions " << unreadable
      << "; ledgers that differ " << differences << "\n";
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    for (const std::string& reason : seeds[i].reasons)
      out << "  seed " << range->first + i << ": " << learning::name_of(seeds[i].answer) << ": " << reason << "\n";
  }
  return sound ? 0 : 1;
}

}  // namespace bandstand::app
