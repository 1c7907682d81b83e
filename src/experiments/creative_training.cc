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

constexpr std::array<float, 5> kScales{0, 0.25f, 0.5f, 1, 2};

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

/// Learns the log, adding up the loss from `warm` impressions on.
double run(CreativeTracker& tracker, std::span<const Outcome> outcomes, std::size_t warm) {
  double loss = 0;
  std::size_t seen = 0, counted = 0;
  for (const Outcome& outcome : outcomes) {
    if (teaches(outcome) && seen++ >= warm) {
      const double p = std::clamp(static_cast<double>(tracker.predict(outcome.facts)), 1e-6, 1 - 1e-6);
      loss -= std::log(outcome.clicked ? p : 1 - p);
      ++counted;
    }
    tracker.observe(outcome);
  }
  return counted == 0 ? 0 : loss / static_cast<double>(counted);
}

}  // namespace

CreativeTraining train_creative(domain::CatalogueSnapshot catalogue, std::span<const Outcome> outcomes,
                                const CreativeTrainingOptions& options, std::ostream* progress) {
  CreativeTraining out;
  for (const Outcome& outcome : outcomes) {
    if (!teaches(outcome)) continue;
    ++out.impressions;
    out.clicks += outcome.clicked ? 1 : 0;
  }
  const auto warm = static_cast<std::size_t>(options.warm_share * static_cast<double>(out.impressions));
  const auto loss_of = [&](const FeatureScales& scales) {
    ++out.passes;
    CreativeTracker tracker = tracker_with(scales, catalogue);
    return ScaledLoss{scales, run(tracker, outcomes, warm)};
  };
  out.before = out.chosen = loss_of({});
  for (int round = 0; round < options.rounds; ++round) {
    for (std::size_t kind = 0; kind < kFeatureKinds; ++kind) {
      const ScaledLoss from = out.chosen;
      for (const float scale : kScales) {
        FeatureScales tried = from.scales;
        if (tried.of[kind] == scale) continue;
        tried.of[kind] = scale;
        const ScaledLoss got = loss_of(tried);
        if (got.loss < out.chosen.loss) out.chosen = got;
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
  (void)run(tracker, outcomes, out.impressions);
  out.model = tracker.publish();
  return out;
}

}  // namespace bandstand::experiments
