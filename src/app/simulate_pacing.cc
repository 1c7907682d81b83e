// simulate_pacing: supply first, then every policy with budgets cut from it, then means over seeds with their
// intervals.
#include "app/simulate_pacing.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <optional>
#include <ostream>

#include "app/seed_jobs.h"
#include "app/wiring.h"
#include "base/input.h"
#include "base/rng.h"
#include "base/words.h"
#include "experiments/table.h"

namespace bandstand::app {
namespace {

using agents::budget::PacingPolicy;
using experiments::cell;
using experiments::Interval;
using experiments::Table;

constexpr double kTight = 1.2;  // supply over budget
constexpr double kAmple = 2.5;
constexpr int kSamples = 2000;  // of a bootstrap
constexpr int kShockAt = 24, kShockWindows = 52;
constexpr double kShockRequests = 2000, kDeliveryRequests = 100;
constexpr double kBand = .10;

std::span<const double> day(const std::vector<double>& windows, int index) {
  return std::span(windows).subspan(static_cast<std::size_t>(index * kDayWindows), kDayWindows);
}

double sum(std::span<const double> values) { return std::accumulate(values.begin(), values.end(), 0.0); }

/// What steers the money: a policy of the pacer and, if any, the bytes of a residual on its price.
struct Steered {
  PacingPolicy policy = PacingPolicy::receding_horizon;
  std::string model;
};

std::string name_of(const Steered& steered) {
  return std::string(agents::budget::name_of(steered.policy)) + (steered.model.empty() ? "" : " + residual");
}

/// What one seed offers: what campaigns would spend in a day if budgets did not bind and the full value were
/// bid.
struct Supply {
  double first = 0, second = 0;  ///< the campaigns of the two-day world, on its second day
  double flat = 0;               ///< of the shock's world, a day at the rate before the shock
};

PacingWorldOptions delivery_world(std::uint64_t seed, const Steered& policy, simulation::PacingCampaign first,
                                  simulation::PacingCampaign second) {
  PacingWorldOptions world;
  world.seed = seed;
  world.policy = policy.policy;
  world.bid_model = policy.model;
  world.campaigns = {std::move(first), std::move(second)};
  world.requests_per_window = kDeliveryRequests;
  return world;
}

PacingWorldOptions shock_world(std::uint64_t seed, const Steered& policy, simulation::PacingCampaign campaign) {
  PacingWorldOptions world;
  world.seed = seed;
  world.policy = policy.policy;
  world.bid_model = policy.model;
  world.campaigns = {std::move(campaign)};
  world.windows = kShockWindows;
  world.requests_per_window = kShockRequests;
  world.day_night_ratio = 1;
  world.shock_window = kShockAt;
  return world;
}

Supply measure_supply(std::uint64_t seed) {
  Supply supply;
  const auto days = run_pacing_world(delivery_world(seed, Steered{PacingPolicy::none, {}}, {}, {}));
  supply.first = sum(day(days.campaigns[0].spent, 1));
  supply.second = sum(day(days.campaigns[1].spent, 1));
  PacingWorldOptions flat = shock_world(seed, Steered{PacingPolicy::none, {}}, {});
  flat.windows = kShockAt;
  const auto before = run_pacing_world(flat);
  const auto settled = std::span(before.campaigns[0].spent).subspan(kShockAt / 3);
  supply.flat = sum(settled) / static_cast<double>(settled.size()) * kDayWindows;
  return supply;
}

/// All that is measured of a policy, a value a seed.
struct Samples {
  std::vector<double> under_tight, deviation_tight, under_ample, deviation_ample, over;
  std::vector<double> under_cold, deviation_cold;
  std::vector<double> value_per_money;
  std::vector<std::vector<double>>
      drift;  ///< (spent - planned) / budget by window of the second day: a curve a seed
  std::vector<double> shock_deviation;
  std::vector<std::vector<double>> ratio;  ///< after the shock: a curve a seed
  std::size_t differences = 0;
  double late = 0;
};

std::vector<double> drift_of(std::span<const double> spent, std::span<const double> traffic, double budget) {
  std::vector<double> out;
  const double all = sum(traffic);
  double total = 0;
  for (std::size_t k = 0; k < spent.size(); ++k) {
    total += spent[k] / budget - traffic[k] / all;
    out.push_back(total);
  }
  return out;
}

void take_delivery(const Supply& supply, std::uint64_t seed, const Steered& policy, Samples& out) {
  const double tight = supply.first / kTight;
  const double ample = supply.second / kAmple;
  const auto run =
      run_pacing_world(delivery_world(seed, policy, {.daily_budget = tight}, {.daily_budget = ample}));
  const auto at = [&](std::size_t campaign, int d, double budget) {
    return measure_delivery(day(run.campaigns[campaign].spent, d), day(run.traffic, d), budget);
  };
  const DeliveryFigures a = at(0, 1, tight);
  const DeliveryFigures b = at(1, 1, ample);
  const DeliveryFigures cold = at(0, 0, tight);
  out.under_tight.push_back(a.under);
  out.deviation_tight.push_back(a.deviation);
  out.under_ample.push_back(b.under);
  out.deviation_ample.push_back(b.deviation);
  out.under_cold.push_back(cold.under);
  out.deviation_cold.push_back(cold.deviation);
  out.drift.push_back(drift_of(day(run.campaigns[0].spent, 1), day(run.traffic, 1), tight));
  out.over.push_back(std::max({a.over, b.over, cold.over, at(1, 0, ample).over}));
  const double cost = sum(day(run.campaigns[0].spent, 1)) + sum(day(run.campaigns[1].spent, 1));
  out.value_per_money.push_back(cost > 0 ? sum(day(run.reward, 1)) / cost + 1 : 0);
  out.differences += run.differences;
  out.late += run.late;
}

void take_shock(const Supply& supply, std::uint64_t seed, const Steered& policy, Samples& out) {
  const double budget = supply.flat / kAmple;
  const auto run = run_pacing_world(shock_world(seed, policy, {.daily_budget = budget}));
  std::vector<double> ratio;
  double deviation = 0;
  double beyond = 0;
  const double planned = budget / kDayWindows;
  for (const double spent : std::span(run.campaigns[0].spent).subspan(kShockAt)) {
    ratio.push_back(spent / planned);
    beyond += (spent - planned) / budget;
    deviation = std::max(deviation, std::abs(beyond));
  }
  out.ratio.push_back(std::move(ratio));
  out.shock_deviation.push_back(deviation);
  out.differences += run.differences;
  out.late += run.late;
}

/// a / b - 1, seed by seed.
std::vector<double> lift_of(std::span<const double> a, std::span<const double> b) {
  std::vector<double> out;
  for (std::size_t i = 0; i < a.size(); ++i) out.push_back(b[i] > 0 ? a[i] / b[i] - 1 : 0);
  return out;
}

Interval mean_of(std::span<const double> values) { return experiments::bootstrap_mean(values, kSamples, 1); }

std::vector<double> mean_curve(const std::vector<std::vector<double>>& curves,
                               std::span<const std::size_t> which) {
  std::vector<double> mean(curves.empty() ? 0 : curves[0].size());
  for (const std::size_t i : which) {
    for (std::size_t k = 0; k < mean.size(); ++k) mean[k] += curves[i][k] / static_cast<double>(which.size());
  }
  return mean;
}

/// Recovery of the mean over seeds, and its spread when seeds are drawn anew.
Interval recovery_of(const Samples& samples, double band) {
  std::vector<std::size_t> which(samples.ratio.size());
  std::iota(which.begin(), which.end(), std::size_t{0});
  Interval out;
  out.value = windows_to_recover(mean_curve(samples.ratio, which), band);
  std::vector<double> draws;
  base::Rng rng(2);
  for (int i = 0; i < kSamples; ++i) {
    for (auto& seed : which) seed = rng.below(samples.ratio.size());
    draws.push_back(windows_to_recover(mean_curve(samples.ratio, which), band));
  }
  out.low = experiments::quantile(draws, .025);
  out.high = experiments::quantile(draws, .975);
  return out;
}

std::optional<std::vector<Steered>> policies_of(const std::string& text, std::ostream& err) {
  std::vector<Steered> out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    const std::string name = text.substr(at, comma - at);
    const auto policy = agents::budget::pacing_policy_of(name);
    if (!policy) {
      err << "bandstand: --policies: there is no pacing policy '" << name << "'\n";
      return std::nullopt;
    }
    out.push_back({*policy, {}});
    at = comma + 1;
  }
  return out;
}

base::Result<std::shared_ptr<const agents::LearnedModel>> read_residual(std::string_view bytes) {
  BANDSTAND_TRY(file, model::decode_model(bytes));
  return read_learned(serving::ModelAgent::bid, file);
}

/// The kinds of delivery, under the default policy.
struct Kinds {
  std::vector<double> front_under, front_deviation, front_half, asap_under, asap_hours;
};

void take_kinds(const Supply& supply, std::uint64_t seed, Kinds& out) {
  const double front = supply.first / kAmple;
  const double asap = supply.second / kAmple;
  const auto run = run_pacing_world(delivery_world(seed, Steered{PacingPolicy::receding_horizon, {}},
                                                   {.daily_budget = front, .delivery = "front_loaded"},
                                                   {.daily_budget = asap, .delivery = "asap"}));
  const auto figures = measure_delivery(day(run.campaigns[0].spent, 1), day(run.traffic, 1), front, true);
  out.front_under.push_back(figures.under);
  out.front_deviation.push_back(figures.deviation);
  const auto traffic = day(run.traffic, 1);
  double gone = 0, spent = 0;
  const double all = sum(traffic);
  for (std::size_t k = 0; k < traffic.size() && gone < all / 2; ++k) {
    gone += traffic[k];
    spent += day(run.campaigns[0].spent, 1)[k];
  }
  out.front_half.push_back(spent / front);
  double done = 0, hours = 24;
  for (std::size_t k = 0; k < traffic.size(); ++k) {
    done += day(run.campaigns[1].spent, 1)[k];
    if (done < .95 * asap) continue;
    hours = static_cast<double>(k + 1) / 4;
    break;
  }
  out.asap_hours.push_back(hours);
  out.asap_under.push_back(measure_delivery(day(run.campaigns[1].spent, 1), traffic, asap).under);
}

struct Measured {
  std::vector<Samples> by_policy;
  Kinds kinds;
};

Measured measure_seed(std::uint64_t seed, std::span<const Steered> policies) {
  Measured out;
  out.by_policy.resize(policies.size());
  const Supply supply = measure_supply(seed);
  for (std::size_t i = 0; i < policies.size(); ++i) {
    take_delivery(supply, seed, policies[i], out.by_policy[i]);
    take_shock(supply, seed, policies[i], out.by_policy[i]);
  }
  take_kinds(supply, seed, out.kinds);
  return out;
}

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void append(Measured& to, const Measured& from) {
  to.by_policy.resize(from.by_policy.size());
  for (std::size_t i = 0; i < from.by_policy.size(); ++i) {
    Samples& a = to.by_policy[i];
    const Samples& b = from.by_policy[i];
    for (const auto list : {&Samples::under_tight, &Samples::deviation_tight, &Samples::under_ample,
                            &Samples::deviation_ample, &Samples::over, &Samples::under_cold,
                            &Samples::deviation_cold, &Samples::value_per_money, &Samples::shock_deviation})
      append(a.*list, b.*list);
    append(a.drift, b.drift);
    append(a.ratio, b.ratio);
    a.differences += b.differences;
    a.late += b.late;
  }
  for (const auto list : {&Kinds::front_under, &Kinds::front_deviation, &Kinds::front_half,
                          &Kinds::asap_under, &Kinds::asap_hours})
    append(to.kinds.*list, from.kinds.*list);
}

Measured measure(std::uint64_t first, std::uint64_t last, std::span<const Steered> policies, unsigned jobs) {
  Measured all;
  for (const auto& one : by_seed(first, last, jobs, [&](std::uint64_t seed) { return measure_seed(seed, policies); }))
    append(all, one);
  return all;
}

}  // namespace

DeliveryFigures measure_delivery(std::span<const double> spent, std::span<const double> traffic,
                                 double budget, bool front_loaded) {
  DeliveryFigures figures;
  const double all = sum(traffic);
  double gone = 0, total = 0;
  for (std::size_t k = 0; k < spent.size(); ++k) {
    gone += traffic[k] / all;
    total += spent[k];
    const double planned = front_loaded ? 1.5 * gone - gone * gone / 2 : gone;
    figures.deviation = std::max(figures.deviation, std::abs(total / budget - planned));
  }
  figures.under = std::max(0.0, 1 - total / budget);
  // Nanos are whole; sums of them as fractions are not.
  figures.over = total / budget > 1 + 1e-9 ? total / budget - 1 : 0;
  return figures;
}

int windows_to_recover(std::span<const double> ratio, double band) {
  std::size_t last_outside = 0;
  for (std::size_t k = 0; k < ratio.size(); ++k) {
    if (std::abs(ratio[k] - 1) > band) last_outside = k + 1;
  }
  return static_cast<int>(last_outside);
}

int simulate_pacing(const SimulatePacingOptions& options, std::ostream& out, std::ostream& err) {
  const auto seeds = base::read_seeds(options.seeds);
  if (!seeds) {
    err << "bandstand: --seeds: write 1..20, or one number\n";
    return 2;
  }
  auto policies = policies_of(options.policies, err);
  if (!policies) return 2;
  if (!options.model.empty()) {
    auto bytes = base::read_whole_file(options.model, serving::kModelUploadMax);
    const auto read = bytes ? read_residual(*bytes) : bytes.error();
    if (!read) {
      err << "bandstand: --model " << options.model << ": " << read.error().what << "\n";
      return 2;
    }
    policies->push_back({PacingPolicy::receding_horizon, std::move(*bytes)});
  }
  const Measured measured = measure(seeds->first, seeds->second, *policies, options.jobs);
  const std::vector<Samples>& samples = measured.by_policy;
  const Kinds& kinds = measured.kinds;

  Table table({"policy", "under-delivery % (supply 1.2x)", "deviation % (1.2x)", "under % (2.5x)",
               "deviation % (2.5x)", "deviation % (first day)", "recovery, windows (10 %)",
               "shock deviation %", "value per money", "value per money against the first, %", "over %"});
  bool sound = true;
  for (std::size_t i = 0; i < policies->size(); ++i) {
    const Samples& s = samples[i];
    const double over = *std::max_element(s.over.begin(), s.over.end());
    sound = sound && over == 0 && s.differences == 0;
    table.add(
        {cell(name_of((*policies)[i])),
         cell(mean_of(s.under_tight), 100, 2), cell(mean_of(s.deviation_tight), 100, 2),
         cell(mean_of(s.under_ample), 100, 2), cell(mean_of(s.deviation_ample), 100, 2),
         cell(mean_of(s.deviation_cold), 100, 2), cell(recovery_of(s, kBand), 1, 0),
         cell(mean_of(s.shock_deviation), 100, 2), cell(mean_of(s.value_per_money), 1, 3),
         cell(mean_of(lift_of(s.value_per_money, samples[0].value_per_money)), 100, 2),
         cell(100 * over, 2)});
  }
  table.print(options.json ? experiments::TableFormat::json : experiments::TableFormat::aligned, out);
  if (options.json) return sound ? 0 : 1;

  out << "\nspend / plan in the windows after the shock, mean over seeds\n";
  std::vector<std::size_t> all(samples[0].ratio.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  for (std::size_t i = 0; i < policies->size(); ++i) {
    out << name_of((*policies)[i]) << ":";
    for (const double r : mean_curve(samples[i].ratio, all)) {
      char text[16];
      std::snprintf(text, sizeof text, " %.2f", r);
      out << text;
    }
    out << "\n";
  }
  out << "\n(spent - planned) / budget in %, every two hours of the second day, supply 1.2x, mean over "
         "seeds\n";
  for (std::size_t i = 0; i < policies->size(); ++i) {
    out << name_of((*policies)[i]) << ":";
    const auto curve = mean_curve(samples[i].drift, all);
    for (std::size_t k = 7; k < curve.size(); k += 8) {
      char text[16];
      std::snprintf(text, sizeof text, " %+.2f", 100 * curve[k]);
      out << text;
    }
    out << "\n";
  }
  Table delivery({"delivery", "under-delivery %", "deviation %", "spent by half the day's traffic %",
                  "95 % spent after, h"});
  const auto none = cell(std::string("-"));
  delivery.add({cell(std::string("front_loaded")), cell(mean_of(kinds.front_under), 100, 2),
                cell(mean_of(kinds.front_deviation), 100, 2),
                cell(mean_of(kinds.front_half), 100, 1), none});
  delivery.add({cell(std::string("asap")), cell(mean_of(kinds.asap_under), 100, 2), none, none,
                cell(mean_of(kinds.asap_hours), 1, 1)});
  out << "\n";
  delivery.print(experiments::TableFormat::aligned, out);
  std::size_t differences = 0;
  double late = 0;
  for (const auto& s : samples) differences += s.differences, late += s.late;
  out << "\nbooks: " << differences
      << " campaigns differ from the exchange's account; charged late or not chargeable: " << late << "\n";
  return sound ? 0 : 1;
}

}  // namespace bandstand::app
