// world: a world in which the value of a policy is known exactly, to check estimators against.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "learning/offpolicy/csv.h"
#include "learning/offpolicy/evaluation.h"

namespace bandstand::learning {

/// In the manner of the Open Bandit Pipeline's synthetic data (Saito et al., 2021,
/// `logistic_reward_function`).
struct LogisticWorldOptions {
  std::size_t people =
      5'000;  ///< contexts are drawn from so many, so that a policy's value is a sum and not an integral
  std::size_t actions = 10;
  std::size_t features = 5;
  double curvature = .5;  ///< of the reward in the features: what a regression linear in them does not see
  double greed = 1;       ///< inverse temperature of the evaluated policy; .3 is that of the log's
};

/// People with normal contexts; click probability sigmoid(b_a + theta_a x + curvature c_a (x_0^2 - 1)); the
/// log's policy is a softmax of .3 times a blurred view of these scores, the evaluated one of `greed` times a
/// sharper view.
class LogisticWorld {
 public:
  LogisticWorld(const LogisticWorldOptions& options, std::uint64_t seed);

  /// Rounds of the log's policy, with the evaluated policy's distribution in each.
  [[nodiscard]] PolicyLog draw(std::size_t rounds, std::uint64_t seed) const;
  /// sum over people and actions of pi(a | x) q(x, a) / people.
  [[nodiscard]] double target_value() const { return value_under(target_); }
  [[nodiscard]] double logging_value() const { return value_under(logging_); }

 private:
  [[nodiscard]] double value_under(const std::vector<double>& policy) const;

  LogisticWorldOptions options_;
  std::vector<double> context_;  ///< people x features
  std::vector<double> reward_;   ///< people x actions, as the next two: q, and probabilities
  std::vector<double> logging_;
  std::vector<double> target_;
};

struct CoverageOptions {
  LogisticWorldOptions world = {};
  int worlds = 500;
  std::size_t rounds = 4'000;
  int samples = 500;
  std::uint64_t seed = 1;
};

/// Over many worlds, of one estimator.
struct Coverage {
  Estimator estimator = Estimator::ips;
  double covered = 0;             ///< share of 95 % intervals that hold the value
  double difference_covered = 0;  ///< the same of the difference to the log's policy
  double relative_error = 0;      ///< mean |estimate - value| / value
  double relative_bias = 0;       ///< mean (estimate - value) / value
  double relative_width = 0;      ///< mean width of the interval / value
};

/// A world, a log, a model and a bootstrap for each; 4,000 rounds and 500 samples take about 0.1 s.
std::vector<Coverage> measure_coverage(const CoverageOptions& options);

}  // namespace bandstand::learning
