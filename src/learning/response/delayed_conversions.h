// delayed_conversions: conversion rates from a log in which some conversions have not happened yet.
//
// Chapelle, "Modeling Delayed Feedback in Display Advertising" (KDD 2014): whether a click converts is logistic,
// P = sigmoid(wc x); after how long is exponential with rate exp(wd x). A click without a conversion after `elapsed` either never
// converts or has not yet: probability 1 - P + P exp(-rate elapsed).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "learning/response/learner.h"

namespace bandstand::learning {

struct DelayedOptions {
  int bits = 16;
  float rate = 0.1f;  ///< AdaGrad's
  float l2 = 1e-6f;   ///< on what a row touches
};

/// What is known of a click at the time of learning.
struct DelayedClick {
  std::optional<double> delay_days;  ///< of the conversion, if it has been seen
  double elapsed_days = 0;           ///< since the click; for those without a conversion
};

/// Two logistic-linear models on hashed features, trained together by AdaGrad. Delays far beyond the log's length cannot be told
/// from no conversion: the log must be several mean delays long for P to be identified.
class DelayedConversions {
 public:
  explicit DelayedConversions(const DelayedOptions& options);
  /// Probability that the click ever converts.
  [[nodiscard]] double predict(std::span<const Feature> features) const;
  /// Mean delay of a conversion, in days.
  [[nodiscard]] double mean_delay_days(std::span<const Feature> features) const;
  /// Learns from one click; returns its negative log likelihood before.
  double learn(std::span<const Feature> features, const DelayedClick& click);

 private:
  struct Slot {
    float conversion = 0, conversion_squares = 0;
    float log_rate = 0, log_rate_squares = 0;
  };
  [[nodiscard]] double conversion_logit(std::span<const Feature> features) const;
  [[nodiscard]] double log_rate(std::span<const Feature> features) const;
  void step(Slot& slot, float x, double conversion_gradient, double log_rate_gradient) const;

  DelayedOptions options_;
  std::uint64_t mask_;
  Slot bias_;
  std::vector<Slot> slots_;
};

}  // namespace bandstand::learning
