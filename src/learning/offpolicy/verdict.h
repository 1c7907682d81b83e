// verdict: promote, do not, or the log cannot tell; with reasons in words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "learning/offpolicy/estimators.h"

namespace bandstand::learning {

enum class Answer : std::uint8_t { promote, do_not, cannot_tell };
std::string_view name_of(Answer answer);

/// What the verdict's rules look at beside the estimate.
struct Diagnostics {
  std::size_t rounds = 0;
  double effective_rounds = 0;  ///< (sum w)^2 / sum w^2
  double weight_max = 0;
  double weight_mean = 1;  ///< is 1, but for chance, if propensities are right and support is there
  double weight_mean_error = 0;
  double largest_share = 0;  ///< of one round in sum w^2: what the variance hangs on
  double effective_rewards =
      0;  ///< (sum |w r|)^2 / sum (w r)^2: how many rewarded rounds the estimate rests on
  /// Of the evaluated policy's probability, what lies on actions that the log never took; 1 - mean w where
  /// its distribution is not known.
  double without_support = 0;
  double silent = 0;  ///< share of rounds with w = 0: the policy would never have done what was logged
};

/// `distribution` (rounds x actions) and `action` may be empty.
Diagnostics diagnose(const Judged& target, std::span<const double> distribution,
                     std::span<const std::uint32_t> action);

/// When a log is refused. The first is the design's; the others are Bandstand's own, with the reason beside
/// each.
struct VerdictRules {
  double effective_rounds_min = 200;  ///< below it intervals do not hold
  double without_support_max = .01;   ///< what lies there is a guess of the model
  double weight_mean_errors = 3;  ///< mean w further from 1 than so many standard errors: propensities are
                                  ///< wrong, or support is missing
  double largest_share_max =
      .1;  ///< one round must not be the variance: the bootstrap cannot see what it did not draw
  double effective_rewards_min = 30;  ///< fewer, and the interval is that of a handful of clicks
};

struct Verdict {
  Answer answer = Answer::cannot_tell;
  std::vector<std::string> reasons = {};  ///< one at least
};

/// The interval of the difference decides, unless a rule refuses.
Verdict judge(const Estimate& estimate, const Diagnostics& diagnostics, const VerdictRules& rules = {});

}  // namespace bandstand::learning
