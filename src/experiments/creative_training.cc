// creative_training: coordinate search over scales.
#include "experiments/creative_training.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ostream>

namespace bandstand::experiments {
namespace {

using agents::creative::CreativeTracker;
using agents::creative::FeatureKind;
using agents::creative::FeatureScales;
using agents::creative::kFeatureKinds;
using agents::creative::ResponseModel;
using domain::Outcome;

constexpr std::array<float, 3> kFactors{0.5f, 1, 2};
constexpr std::array<float, 3> kNewScales{0.25f, 0.5f, 1};
constexpr std::array<float, 4> kTasteScales{0.5f, 1, 2, 4};  ///< of vectors of length 1: what they can move is the data's

bool is_taste(std::size_t kind) {
  const auto which = static_cast<FeatureKind>(kind);
  return which == FeatureKind::taste || which == FeatureKind::attribute_taste;
}

/// What is tried for a kind, beside what holds.
std::vector<float> candidates(std::size_t kind, float now) {
  const float by_default = FeatureScales{}.of[kind];
  std::vector<float> out;
  if (by_default > 0) {
    for (const float factor : kFactors) out.push_back(factor * by_default);
  } else if (is_taste(kind)) {
    out.assign(kTasteScales.begin(), kTasteScales.end());
  } else {
    out.assign(kNewScales.begin(), kNewScales.end());
  }
  std::erase(out, now);
  return out;
}

CreativeTracker tracker_with(const FeatureScales& scales, const domain::CatalogueSnapshot& catalogue) {
  CreativeTracker tracker(CreativeTracker::Options{});
  const ResponseModel untaught;
  tracker.restore({0, untaught.base_logit(), untaught.base_conversions(), untaught.weights(), {}, scales});
  tracker.adopt(catalogue);
  return tracker;
}

bool teaches(const Outcome& outcome) {
  return outcome.kind == Outcome::Kind::response && outcome.won && !outcome.suspicious && !outcome.facts.suspicious &&
         !outcome.facts.test;
}

/// The loss of each impression from `warm` on, and what it counts.
struct Losses {
  std::vector<double> loss, weight;
  [[nodiscard]] double mean() const {
    double sum = 0, weights = 0;
    for (std::size_t i = 0; i < loss.size(); ++i) sum += weight[i] * loss[i], weights += weight[i];
    return weights > 0 ? sum / weights : 0;
  }
  /// How many standard errors this is below `other`, impression by impression.
  [[nodiscard]] double below(const Losses& other) const {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < loss.size(); ++i) {
      const double less = weight[i] * (other.loss[i] - loss[i]);
      sum += less;
      squares += less * less;
    }
    return squares > 0 ? sum / std::sqrt(squares) : 0;
  }
};

/// Learns the log, predicting each impression first.
Losses run(CreativeTracker& tracker, std::span<const Outcome> outcomes, std::size_t warm, double weight_max) {
  Losses out;
  std::size_t seen = 0;
  for (const Outcome& outcome : outcomes) {
    if (teaches(outcome) && seen++ >= warm) {
      const double p = std::clamp(static_cast<double>(tracker.predict(outcome.facts)), 1e-6, 1 - 1e-6);
      out.loss.push_back(-std::log(outcome.clicked ? p : 1 - p));
      out.weight.push_back(std::min(weight_max, 1 / std::max(1e-6, static_cast<double>(outcome.facts.propensity))));
    }
    tracker.observe(outcome);
  }
  return out;
}

}  // namespace

CreativeTraining train_creative(domain::CatalogueSnapshot catalogue, std::span<const Outcome> all,
                                const CreativeTrainingOptions& options, std::ostream* progress) {
  std::vector<Outcome> outcomes;
  std::copy_if(all.begin(), all.end(), std::back_inserter(outcomes),
               [&](const Outcome& outcome) { return outcome.facts.at_time < options.until; });
  CreativeTraining out;
  for (const Outcome& outcome : outcomes) {
    if (!teaches(outcome)) continue;
    ++out.impressions;
    out.clicks += outcome.clicked ? 1 : 0;
  }
  const auto warm = static_cast<std::size_t>(options.warm_share * static_cast<double>(out.impressions));
  const auto losses_of = [&](const FeatureScales& scales) {
    ++out.passes;
    CreativeTracker tracker = tracker_with(scales, catalogue);
    return run(tracker, outcomes, warm, options.weight_max);
  };
  Losses best = losses_of({});
  out.before = out.chosen = {{}, best.mean()};
  for (int round = 0; round < options.rounds; ++round) {
    for (std::size_t kind = 0; kind < kFeatureKinds; ++kind) {
      if (!options.taste && is_taste(kind)) continue;
      const FeatureScales from = out.chosen.scales;
      for (const float scale : candidates(kind, from.of[kind])) {
        FeatureScales tried = from;
        tried.of[kind] = scale;
        Losses got = losses_of(tried);
        if (got.mean() >= out.chosen.loss || got.below(best) < options.errors_min) continue;
        out.chosen = {tried, got.mean()};
        best = std::move(got);
      }
      if (progress == nullptr) continue;
      char line[120];
      std::snprintf(line, sizeof line, "%-16s scale %5.2f  loss %.6f (default %.6f)\n",
                    std::string(agents::creative::name_of(static_cast<FeatureKind>(kind))).c_str(),
                    static_cast<double>(out.chosen.scales.of[kind]), out.chosen.loss, out.before.loss);
      *progress << line << std::flush;
    }
  }
  CreativeTracker tracker = tracker_with(out.chosen.scales, catalogue);
  for (const Outcome& outcome : outcomes) tracker.observe(outcome);
  out.model = tracker.publish();
  return out;
}

}  // namespace bandstand::experiments
