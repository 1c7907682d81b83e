// estimators: what a policy would have earned in rounds that another one played, and how sure that
// is.
//
// Every estimator here is mean(plain) + sum(top) / sum(bottom) of columns with one entry a round, so that its
// standard error (delta method) and its bootstrap need no code of its own, and all are resampled together.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace bandstand::learning {

enum class Estimator : std::uint8_t {
  replay,     ///< mean reward of the rounds kept by rejection with w / max w (Li et al., WSDM 2011, for any
              ///< propensities)
  dm,         ///< direct method: mean q(x, pi)
  ips,        ///< inverse propensity score: mean w r (Horvitz and Thompson, 1952)
  snips,      ///< sum w r / sum w (Swaminathan and Joachims, NIPS 2015)
  dr,         ///< doubly robust: mean q(x, pi) + w (r - q(x, a)) (Dudik, Langford, Li, ICML 2011)
  sndr,       ///< mean q(x, pi) + sum w (r - q) / sum w (Thomas and Brunskill, ICML 2016)
  switch_dr,  ///< dr that trusts the model alone where w > tau (Wang, Agarwal, Dudik, ICML 2017)
  dros,       ///< dr with w shrunk to lambda w / (w^2 + lambda) (Su, Dimakopoulou, Krishnamurthy, Dudik, ICML
              ///< 2020)
};
inline constexpr std::array<std::string_view, 8> kEstimatorNames{"replay", "dm",   "ips",       "snips",
                                                                 "dr",     "sndr", "switch_dr", "dros"};
constexpr std::string_view name_of(Estimator estimator) {
  return kEstimatorNames[static_cast<std::size_t>(estimator)];
}
std::optional<Estimator> estimator_named(std::string_view name);
/// Whether it needs `direct` and `logged`.
constexpr bool needs_model(Estimator e) {
  return e != Estimator::replay && e != Estimator::ips && e != Estimator::snips;
}

/// Whether its interval holds without faith in the reward model.
constexpr bool may_decide(Estimator e) {
  return e != Estimator::dm && e != Estimator::switch_dr && e != Estimator::dros;
}

/// One policy in the rounds, as an estimator sees it. Borrowed; one entry a round.
struct Judged {
  std::span<const double>
      weight;  ///< w: probability (or kernel) under the policy over that of the log; at least 0
  std::span<const double> reward;  ///< r
  std::span<const double> direct =
      {};  ///< q(x, pi): the reward model's mean over the policy; empty without a model
  std::span<const double> logged = {};  ///< q(x, a): of the logged action
};

/// A figure with its standard error and its 95 % interval; NaN where the rounds tell nothing (0 / 0).
struct Measured {
  double value = std::numeric_limits<double>::quiet_NaN();
  double error = std::numeric_limits<double>::quiet_NaN();
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
};

struct Estimate {
  Estimator estimator = Estimator::ips;
  Measured value = {};
  Measured incumbent =
      {};  ///< by the same estimator; the mean reward where the log's own policy is the incumbent
  Measured difference = {};  ///< paired: value - incumbent in the same resampled rounds
  /// Of the weights as the estimator uses them: (sum w)^2 / sum w^2. All rounds for dm, which uses none.
  double effective_rounds = 0;
  double weight_max = 0;
  double parameter = std::numeric_limits<double>::quiet_NaN();  ///< tau or lambda; infinite: the same as dr
};

struct EstimatorOptions {
  int samples = 1000;  ///< of the bootstrap; 0: none
  std::uint64_t seed = 1;
};

/// All estimators that the columns allow. Without `incumbent` it is the policy that played the rounds.
///
/// Intervals are percentiles of a Poisson bootstrap: a round counts Poisson(1) times (Hanley and MacGibbon,
/// 2006; Chamandy et al., 2012), for all columns at once. The reward model, tau and lambda stay as they are
/// in it, so that the intervals of dm, switch_dr and dros leave out the model's own error. tau and lambda are
/// those of least estimated squared error, the bias being measured against dr (Su et al., 2020, as dros), on
/// `target`, and used for both policies. Cost: rounds x samples x about 10 ns (20 with an incumbent). At
/// least one round; weights finite.
std::vector<Estimate> estimate(const Judged& target, const std::optional<Judged>& incumbent,
                               const EstimatorOptions& options);

/// (sum w)^2 / sum w^2 (Kish, 1965); 0 where all are 0.
double effective_size(std::span<const double> weights);

/// SLOPE (Su, Srinath, Krishnamurthy, ICML 2020) in the form of Tucker and Lee (2021), as the Open Bandit
/// Pipeline uses it: of estimates (value, standard error) in the order of falling variance and growing bias,
/// the last one that differs from none before it by more than c_i + (sqrt 6 - 1) c_j, where c = 1.96 standard
/// errors in place of the papers' Bernstein bound. At least one candidate.
std::size_t slope(std::span<const std::pair<double, double>> candidates);

/// Weights of a continuous action in place of pi / p: K((bid - target) / h) / (h density), K(u) = 3/4 (1 -
/// u^2) on [-1, 1] (Kallus and Zhou, AISTATS 2018, eq. 3, with Epanechnikov's kernel). Errs by h^2 / 10 times
/// the second derivative of the value.
std::vector<double> kernel_weights(std::span<const double> bid, std::span<const double> density,
                                   std::span<const double> target, double bandwidth);

/// Bandwidths to choose among, growing: s n^(-1/5) (the rate of Kallus and Zhou, theorem 2) times 1/4 .. 4, s
/// = 2.34 times the standard deviation of what was bid (Silverman's constant of this kernel). Empty if all
/// bids are equal.
std::vector<double> kernel_bandwidths(std::span<const double> bid);

}  // namespace bandstand::learning
