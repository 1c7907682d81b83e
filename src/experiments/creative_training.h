// creative_training: the laboratory's response model: which features, how strong, and what a log says of each.
#pragma once

#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "agents/creative/creative_tracker.h"
#include "domain/catalogue.h"
#include "domain/event.h"

namespace bandstand::experiments {

struct CreativeTrainingOptions {
  /// Share of the log that is learned from before predictions count.
  double warm_share = 0.2;
  /// An impression counts 1 / (propensity of its creative) times, at most so often: else what the log's policy hardly showed
  /// would hardly count, and a model that cannot tell creatives apart would do well where one creative is shown.
  double weight_max = 20;
  base::WallTime until{INT64_MAX};  ///< bids from here on are left out: for judging
  double errors_min = 2;  ///< a scale is changed for a loss that is less by so many standard errors (paired by impression)
  bool taste = true;  ///< whether scales for the user's vector are tried
  int rounds = 1;  ///< over all kinds of features; each round costs some 20 passes over the log
};

/// A set of scales, and how well the model predicted each impression before it learned from it.
struct ScaledLoss {
  agents::creative::FeatureScales scales;
  double loss = 0;  ///< weighted mean log loss, nats an impression (progressive validation: Blum, Kalai, Langford, COLT 1999)
};

struct CreativeTraining {
  agents::creative::ResponseModelPtr model;
  ScaledLoss before, chosen;  ///< the default's scales, and those of least loss
  std::size_t impressions = 0, clicks = 0;
  int passes = 0;
};

/// Chooses the scale of each kind of features by progressive validation, one kind after another: half, once or twice the
/// default's, and for kinds that the default leaves out some small ones. Then gives the model that the server's own learner
/// makes of the whole log with them. `outcomes` in the order of their time. Deterministic.
/// `progress`: a line a kind, or nullptr. Cost: passes x impressions x about 2 us.
[[nodiscard]] CreativeTraining train_creative(domain::CatalogueSnapshot catalogue, std::span<const domain::Outcome> outcomes,
                                              const CreativeTrainingOptions& options, std::ostream* progress);

}  // namespace bandstand::experiments
