// delayed_conversions: the gradient of Chapelle's likelihood, eqs. 6 to 9.
#include "learning/response/delayed_conversions.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace bandstand::learning {

DelayedConversions::DelayedConversions(const DelayedOptions& options)
    : options_(options), mask_((std::uint64_t{1} << options.bits) - 1), slots_(mask_ + 1) {
  BANDSTAND_CHECK(options.bits >= 1 && options.bits <= 26);
}

double DelayedConversions::conversion_logit(std::span<const Feature> features) const {
  double logit = bias_.conversion;
  for (const Feature& feature : features) logit += feature.x * slots_[feature.hash & mask_].conversion;
  return logit;
}

double DelayedConversions::log_rate(std::span<const Feature> features) const {
  double sum = bias_.log_rate;
  for (const Feature& feature : features) sum += feature.x * slots_[feature.hash & mask_].log_rate;
  return std::clamp(sum, -15.0, 15.0);  // from a quarter of a second to 9,000 years
}

double DelayedConversions::predict(std::span<const Feature> features) const { return sigmoid(conversion_logit(features)); }

double DelayedConversions::mean_delay_days(std::span<const Feature> features) const { return std::exp(-log_rate(features)); }

double DelayedConversions::learn(std::span<const Feature> features, const DelayedClick& click) {
  const double p = std::clamp(sigmoid(conversion_logit(features)), 1e-9, 1 - 1e-9);
  const double log_of_rate = log_rate(features);
  const double rate = std::exp(log_of_rate);
  double loss = 0, conversion_gradient = 0, log_rate_gradient = 0;
  if (click.delay_days) {
    const double delays = rate * *click.delay_days;  // in mean delays
    loss = -std::log(p) - log_of_rate + delays;
    conversion_gradient = p - 1;
    log_rate_gradient = delays - 1;
  } else {
    const double elapsed = rate * click.elapsed_days;
    const double not_yet = std::exp(-elapsed);
    const double silent = 1 - p + p * not_yet;
    loss = -std::log(silent);
    conversion_gradient = p * (1 - p) * (1 - not_yet) / silent;
    log_rate_gradient = p * elapsed * not_yet / silent;
  }
  log_rate_gradient = std::clamp(log_rate_gradient, -10.0, 10.0);  // one very late conversion must not throw the rate away
  step(bias_, 1, conversion_gradient, log_rate_gradient);
  for (const Feature& feature : features) {
    step(slots_[feature.hash & mask_], feature.x, conversion_gradient, log_rate_gradient);
  }
  return loss;
}

void DelayedConversions::step(Slot& slot, float x, double conversion_gradient, double log_rate_gradient) const {
  const auto one = [&](float& value, float& squares, double gradient) {
    const float g = static_cast<float>(gradient) * x + options_.l2 * value;
    squares += g * g;
    value -= options_.rate * g / (std::sqrt(squares) + 1e-6f);
  };
  one(slot.conversion, slot.conversion_squares, conversion_gradient);
  one(slot.log_rate, slot.log_rate_squares, log_rate_gradient);
}

}  // namespace bandstand::learning
