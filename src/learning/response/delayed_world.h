// delayed_world: clicks whose conversions come later than one would like, and what models make of a log that ends today.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "learning/dataset/dataset.h"

namespace bandstand::learning {

struct DelayedWorldOptions {
  std::uint64_t clicks = 300'000;  ///< in the log
  double days = 60;                ///< length of the log, which ends at the moment of learning
  int epochs = 5;
  std::uint64_t seed = 1;
};

/// One way to learn conversion rates from the log.
struct DelayedFigure {
  std::string name;
  double bias = 0;      ///< mean predicted over mean true rate of fresh clicks, less 1
  double log_loss = 0;  ///< against what eventually happens
};

/// The world: eight fields; a click converts at a logistic rate (about 5 %); three kinds of product convert after minutes,
/// hours or days (exponential, means 10 min, 12 h and 8 days), so that 35 % of conversions come within an hour and half within a
/// day, as Chapelle's figures have it. The ways:
/// `within an hour`, `within a day`: a click is positive if it converted within that time of it (a fixed join window);
/// `seen so far`: positive if it converted before the log ended; `delayed`: DelayedConversions on the same;
/// `delayed, last day`: the same on the clicks of the last 24 hours, which are too few mean delays;
/// `clairvoyant`: what every click comes to in the end; `true rate`: the world's own.
[[nodiscard]] std::vector<DelayedFigure> measure_delayed_world(const DelayedWorldOptions& options);

}  // namespace bandstand::learning
