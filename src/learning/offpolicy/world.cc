// world: tables of people x actions, and draws from them.
#include "learning/offpolicy/world.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/rng.h"

namespace bandstand::learning {
namespace {

constexpr double kLoggingGreed = .3;
constexpr double kLoggingBlur = 1;
constexpr double kTargetBlur = .3;

/// A linear view of the contexts, action by action: b_a + theta_a x.
class Scores {
 public:
  Scores(std::size_t actions, std::size_t features, double scale, base::Rng& rng) : features_(features) {
    weights_.resize(actions * (features + 1));
    for (double& w : weights_) w = scale * rng.normal();
  }
  [[nodiscard]] double of(const double* x, std::size_t action) const {
    const double* const w = weights_.data() + action * (features_ + 1);
    double out = w[features_];
    for (std::size_t f = 0; f < features_; ++f) out += w[f] * x[f];
    return out;
  }

 private:
  std::size_t features_;
  std::vector<double> weights_;
};

void softmax(double* scores, std::size_t count) {
  const double top = *std::max_element(scores, scores + count);
  double sum = 0;
  for (std::size_t a = 0; a < count; ++a) sum += scores[a] = std::exp(scores[a] - top);
  for (std::size_t a = 0; a < count; ++a) scores[a] /= sum;
}

}  // namespace

LogisticWorld::LogisticWorld(const LogisticWorldOptions& options, std::uint64_t seed) : options_(options) {
  BANDSTAND_CHECK(options.people > 0 && options.actions > 0 && options.features > 0);
  const std::size_t k = options.actions;
  base::Rng rng(seed);
  const Scores truth(k, options.features, .5, rng);
  const Scores logging_blur(k, options.features, .5 * kLoggingBlur, rng);
  const Scores target_blur(k, options.features, .5 * kTargetBlur, rng);
  std::vector<double> bend(k);
  for (double& c : bend) c = options.curvature * rng.normal();
  context_.resize(options.people * options.features);
  for (double& x : context_) x = rng.normal();
  reward_.resize(options.people * k);
  logging_.resize(reward_.size());
  target_.resize(reward_.size());
  for (std::size_t i = 0; i < options.people; ++i) {
    const double* const x = context_.data() + i * options.features;
    for (std::size_t a = 0; a < k; ++a) {
      const double score = truth.of(x, a) + bend[a] * (x[0] * x[0] - 1);
      reward_[i * k + a] = 1 / (1 + std::exp(-score));
      logging_[i * k + a] = kLoggingGreed * (score + logging_blur.of(x, a));
      target_[i * k + a] = options.greed * (score + target_blur.of(x, a));
    }
    softmax(logging_.data() + i * k, k);
    softmax(target_.data() + i * k, k);
  }
}

double LogisticWorld::value_under(const std::vector<double>& policy) const {
  double sum = 0;
  for (std::size_t j = 0; j < policy.size(); ++j) sum += policy[j] * reward_[j];
  return sum / static_cast<double>(options_.people);
}

PolicyLog LogisticWorld::draw(std::size_t rounds, std::uint64_t seed) const {
  const std::size_t k = options_.actions;
  base::Rng rng(seed);
  PolicyLog out;
  out.rounds.actions = k;
  out.rounds.features = options_.features;
  for (std::size_t i = 0; i < rounds; ++i) {
    const std::size_t person = rng.below(options_.people);
    const double* const p = logging_.data() + person * k;
    const double* const pi = target_.data() + person * k;
    const double* const x = context_.data() + person * options_.features;
    double left = rng.uniform();
    std::size_t a = 0;
    while (a + 1 < k && (left -= p[a]) >= 0) ++a;
    out.rounds.action.push_back(static_cast<std::uint32_t>(a));
    out.rounds.propensity.push_back(p[a]);
    out.rounds.reward.push_back(rng.chance(reward_[person * k + a]) ? 1 : 0);
    out.rounds.context.insert(out.rounds.context.end(), x, x + options_.features);
    out.target.logged.push_back(pi[a]);
    out.target.distribution.insert(out.target.distribution.end(), pi, pi + k);
  }
  return out;
}

std::vector<Coverage> measure_coverage(const CoverageOptions& options) {
  std::vector<Coverage> out;
  const auto worlds = static_cast<double>(options.worlds);
  for (int w = 0; w < options.worlds; ++w) {
    const std::uint64_t seed = base::mix64(options.seed + (static_cast<std::uint64_t>(w) << 32));
    const LogisticWorld world(options.world, seed);
    const PolicyLog log = world.draw(options.rounds, base::mix64(seed + 1));
    const double truth = world.target_value();
    const double difference = truth - world.logging_value();
    const Evaluation evaluation =
        evaluate(log.rounds, log.target, std::nullopt,
                 {.estimators = {.samples = options.samples, .seed = base::mix64(seed + 2)},
                  .model = {.seed = base::mix64(seed + 3)}});
    out.resize(evaluation.estimates.size());
    for (std::size_t e = 0; e < out.size(); ++e) {
      const Estimate& row = evaluation.estimates[e];
      out[e].estimator = row.estimator;
      out[e].covered += (row.value.low <= truth && truth <= row.value.high ? 1 : 0) / worlds;
      out[e].difference_covered +=
          (row.difference.low <= difference && difference <= row.difference.high ? 1 : 0) / worlds;
      out[e].relative_error += std::abs(row.value.value - truth) / truth / worlds;
      out[e].relative_bias += (row.value.value - truth) / truth / worlds;
      out[e].relative_width += (row.value.high - row.value.low) / truth / worlds;
    }
  }
  return out;
}

}  // namespace bandstand::learning
