// lab_profile: three days, three arms.
#include "app/lab_profile.h"

#include <array>
#include <atomic>
#include <ostream>
#include <sstream>
#include <vector>

#include "agents/creative/learned_response.h"
#include "app/decision_log.h"
#include "app/logged_visits.h"
#include "app/seed_jobs.h"
#include "app/simulate.h"
#include "app/simulated_days.h"
#include "app/train_profile_network.h"
#include "base/check.h"
#include "base/words.h"
#include "experiments/creative_training.h"
#include "experiments/statistics.h"
#include "experiments/table.h"
#include "simulation/demo_catalogue.h"

namespace bandstand::app {
namespace {

using experiments::cell;
using experiments::Table;
using serving::ModelAgent;

enum class Arm : std::uint8_t { defaults, without, with };
constexpr std::array<const char*, 3> kArms{"thompson (default)", "learned, without vectors", "learned, with vectors"};

struct ArmFigures {
  DayTotals day_three;
  double log_loss = 0;       ///< of the creative model's training
  float taste = 0, attribute_taste = 0;  ///< scales that the training chose
  double impressions = 0, with_vector = 0;  ///< of day two's log
  double recall = 0;         ///< of the network on held-out visits, at 20
  std::size_t unreadable = 0, differences = 0;
};
using SeedFigures = std::array<ArmFigures, 3>;

SimulatedDays::Options three_days(const LabProfileOptions& options, std::uint64_t seed) {
  const double seconds = 3 * options.day_seconds;
  SimulatedDays::Options out{.settings = demo_settings(seconds),
                             .world = demo_world(seed, seconds, options.requests_per_second),
                             .catalogue = simulation::creative_world_catalogue_json(seed, options.line_items),
                             .day_seconds = options.day_seconds,
                             .days = 3};
  out.settings.log_sample_no_bid = 1;
  out.world.traffic.speed_up = 86'400 / options.day_seconds;
  out.world.population.users = options.users;
  out.world.population.items = options.items;
  out.world.response.taste = options.taste;
  out.world.response.click_base = options.click_base;
  return out;
}

template <class T>
void roll_out(serving::Control& control, ModelAgent agent, const T& bytes) {
  const auto version = control.publish_model(agent, bytes);
  BANDSTAND_CHECK(version.has_value());
  BANDSTAND_CHECK(control.roll_out(agent, *version, {orchestrator::Mode::live, 0, 0}, "", "a measurement").has_value());
}

/// From the log of what people looked at; with the held-out recall.
std::string network_of(SimulatedDays& days, const LabProfileOptions& options, std::uint64_t seed, double& recall) {
  auto reader = open_logged_visits(days.log(), days.settings());
  BANDSTAND_CHECK(reader.has_value());
  learning::Vocabulary vocabulary;
  const auto visits = learning::load_visits(**reader, true, "day one", vocabulary);
  BANDSTAND_CHECK(visits.has_value());
  TrainProfileOptions training;
  training.data = "day one";
  training.format = kLoggedVisits;
  training.model = options.model;
  training.seed = seed;
  training.epochs = options.epochs;
  training.rate = 5e-3;
  training.batch = 64;
  training.halve_from = std::max(2, options.epochs / 2);
  training.width = options.width;
  training.hidden = 2 * options.width;
  training.holdout = .1;
  std::ostringstream progress;
  const base::SystemClock clock;
  const auto trained = train_network(training, *visits, vocabulary, clock, progress);
  BANDSTAND_CHECK(trained.has_value());
  for (const auto& epoch : trained->curve) recall = std::max(recall, epoch.recall);
  auto bytes = model::encode_model(network_file(*trained, training, vocabulary));
  BANDSTAND_CHECK(bytes.has_value());
  return std::move(*bytes);
}

/// What the log of day two makes of a response model.
std::string response_of(SimulatedDays& days, bool taste, ArmFigures& out) {
  const auto log = read_decision_log(days.log(), days.settings(), TeamNames{});
  BANDSTAND_CHECK(log.has_value());
  out.unreadable += log->unreadable;
  std::vector<domain::Outcome> day_two;
  for (const auto& outcome : log->outcomes) {
    if (outcome.facts.at_time < days.at(1)) continue;
    day_two.push_back(outcome);
    if (outcome.kind != domain::Outcome::Kind::response || !outcome.won) continue;
    out.impressions += 1;
    out.with_vector += outcome.facts.taste == domain::Taste{} ? 0 : 1;
  }
  const auto trained = experiments::train_creative(log->catalogue, day_two, {.taste = taste}, nullptr);
  out.log_loss = trained.chosen.loss;
  using agents::creative::FeatureKind;
  out.taste = trained.chosen.scales[FeatureKind::taste];
  out.attribute_taste = trained.chosen.scales[FeatureKind::attribute_taste];
  auto bytes = model::encode_model(agents::creative::to_file(*trained.model, R"({"data":"day two"})"));
  BANDSTAND_CHECK(bytes.has_value());
  return std::move(*bytes);
}

SeedFigures measure_seed(const LabProfileOptions& options, std::uint64_t seed) {
  SeedFigures out;
  std::string network;
  double recall = 0;
  for (std::size_t arm = 0; arm < out.size(); ++arm) {
    SimulatedDays days(three_days(options, seed));
    days.run_to(1);
    if (network.empty()) network = network_of(days, options, seed, recall);  // day one is the same in all arms
    roll_out(days.control(), ModelAgent::profile, network);
    days.run_to(2);
    const auto which = static_cast<Arm>(arm);
    if (which != Arm::defaults)
      roll_out(days.control(), ModelAgent::creative, response_of(days, which == Arm::with, out[arm]));
    const DayTotals before = days.totals();
    days.run_to(3);
    days.finish();
    out[arm].recall = recall;
    out[arm].day_three = days.totals() - before;
    out[arm].differences = days.differences();
  }
  return out;
}

template <class Of>
experiments::Cell over_seeds(const std::vector<SeedFigures>& seeds, Of of, double scale, int digits) {
  std::vector<double> values;
  for (const auto& seed : seeds) values.push_back(scale * of(seed));
  return cell(experiments::mean_interval(values), 1, digits);
}

double rate(const ArmFigures& arm) { return arm.day_three.click_probability / arm.day_three.impressions; }
double of_best(const ArmFigures& arm) { return arm.day_three.click_probability / arm.day_three.click_probability_best; }

}  // namespace

int lab_profile(const LabProfileOptions& options, std::ostream& out, std::ostream& err) {
  const auto range = base::read_seeds(options.seeds);
  const bool sizes = options.users >= 10 && options.items >= 2 && options.line_items >= 1 && options.width >= 1 &&
                     options.width <= static_cast<int>(domain::kTasteMax) && options.epochs >= 1;
  const bool world = options.day_seconds >= 10 && options.day_seconds <= 86'400 && options.requests_per_second > 0;
  if (!range || !sizes || !world || (options.model != "narm" && options.model != "sasrec")) {
    err << "bandstand-lab: measure profile: --seeds 1..10; --users from 10, --items from 2, --width 1 to 16; --day from 10, "
           "--rate above 0; --model narm or sasrec\n";
    return 2;
  }
  std::atomic<std::uint64_t> done{0};
  const auto seeds = by_seed(range->first, range->second, options.jobs, [&](std::uint64_t seed) {
    auto figures = measure_seed(options, seed);
    err << "\rworld " + std::to_string(++done) + " of " + std::to_string(range->second - range->first + 1) << std::flush;
    return figures;
  });
  err << "\n";
  Table table({"day three", "true click rate %", "of the clairvoyant's %", "lift over the default %", "lift of vectors %",
               "reward per unit spent", "log loss, day two"});
  const auto lift = [&](std::size_t arm, std::size_t over) {
    return over_seeds(seeds, [&](auto& s) { return rate(s[arm]) / rate(s[over]) - 1; }, 100, 2);
  };
  for (std::size_t arm = 0; arm < kArms.size(); ++arm) {
    const bool learned = arm > 0;
    table.add({cell(std::string(kArms[arm])), over_seeds(seeds, [&](auto& s) { return rate(s[arm]); }, 100, 3),
               over_seeds(seeds, [&](auto& s) { return of_best(s[arm]); }, 100, 1),
               learned ? lift(arm, 0) : cell(std::string("-")), arm == 2 ? lift(2, 1) : cell(std::string("-")),
               over_seeds(seeds, [&](auto& s) { return s[arm].day_three.reward / s[arm].day_three.cost; }, 1, 3),
               learned ? over_seeds(seeds, [&](auto& s) { return s[arm].log_loss; }, 1, 5) : cell(std::string("-"))});
  }
  table.print(options.json ? experiments::TableFormat::json : experiments::TableFormat::aligned, out);

  std::size_t bad = 0;
  double lost = 0;
  for (const auto& seed : seeds) {
    for (const auto& arm : seed) {
      bad += arm.unreadable + arm.differences;
      lost += arm.day_three.lost;
    }
  }
  if (!options.json) {
    Table more({"R@20 of the network %", "impressions of day two", "with a vector %", "scale of taste", "of attribute x taste"});
    more.add({over_seeds(seeds, [](auto& s) { return s[2].recall; }, 100, 1),
              over_seeds(seeds, [](auto& s) { return s[2].impressions; }, 1, 0),
              over_seeds(seeds, [](auto& s) { return s[2].with_vector / s[2].impressions; }, 100, 1),
              over_seeds(seeds, [](auto& s) { return static_cast<double>(s[2].taste); }, 1, 2),
              over_seeds(seeds, [](auto& s) { return static_cast<double>(s[2].attribute_taste); }, 1, 2)});
    out << "\n";
    more.print(experiments::TableFormat::aligned, out);
    out << "\nlost requests " << lost << "; unreadable decisions and ledgers that differ " << bad << "\n";
  }
  return bad == 0 && !(lost > 0) ? 0 : 1;
}

}  // namespace bandstand::app
