// verdict: the rules, each with its words.
#include "learning/offpolicy/verdict.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/check.h"

namespace bandstand::learning {
namespace {

template <class... Values>
std::string words(const char* format, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

void refuse(const Estimate& estimate, const Diagnostics& d, const VerdictRules& rules,
            std::vector<std::string>& reasons) {
  const double effective =
      std::min(d.effective_rounds, estimate.effective_rounds);  // replay throws rounds away
  if (effective < rules.effective_rounds_min) {
    reasons.push_back(words("the log is worth %.0f rounds to this policy (of %zu), fewer than %.0f",
                            effective, d.rounds, rules.effective_rounds_min));
  }
  if (d.without_support > rules.without_support_max) {
    reasons.push_back(words("support is missing: %.1f %% of what the policy would do, the log never did",
                            100 * d.without_support));
  }
  if (std::abs(d.weight_mean - 1) > rules.weight_mean_errors * d.weight_mean_error + 1e-9) {
    reasons.push_back(
        words("the weights' mean is %.3f, not 1 (standard error %.3f): propensities are wrong, or support is "
              "missing",
              d.weight_mean, d.weight_mean_error));
  }
  if (d.largest_share > rules.largest_share_max) {
    reasons.push_back(
        words("weights are too large: one round (w = %.4g) makes %.0f %% of the sum of squared weights",
              d.weight_max, 100 * d.largest_share));
  }
  if (d.effective_rewards < rules.effective_rewards_min) {
    reasons.push_back(
        words("too few rewards: the estimate rests on as much as %.0f rewarded rounds, fewer than %.0f",
              d.effective_rewards, rules.effective_rewards_min));
  }
}

}  // namespace

std::string_view name_of(Answer answer) {
  switch (answer) {
    case Answer::promote: return "promote";
    case Answer::do_not: return "do not promote";
    case Answer::cannot_tell: return "cannot tell";
  }
  return "";
}

Diagnostics diagnose(const Judged& target, std::span<const double> distribution,
                     std::span<const std::uint32_t> action) {
  Diagnostics out;
  out.rounds = target.weight.size();
  const auto n = static_cast<double>(out.rounds);
  double sum = 0;
  double squares = 0;
  double silent = 0;
  std::vector<double> rewarded(out.rounds);
  for (std::size_t i = 0; i < out.rounds; ++i) {
    const double w = target.weight[i];
    sum += w;
    squares += w * w;
    silent += w == 0 ? 1 : 0;
    out.weight_max = std::max(out.weight_max, w);
    rewarded[i] = std::abs(w * target.reward[i]);
  }
  out.effective_rounds = effective_size(target.weight);
  out.weight_mean = sum / n;
  out.weight_mean_error = std::sqrt(std::max(0.0, squares / n - out.weight_mean * out.weight_mean) / n);
  out.largest_share = squares > 0 ? out.weight_max * out.weight_max / squares : 0;
  out.effective_rewards = effective_size(rewarded);
  out.silent = silent / n;
  if (distribution.empty()) {
    const double missing = 1 - out.weight_mean;
    out.without_support = missing > 3 * out.weight_mean_error ? missing : 0;
    return out;
  }
  const std::size_t actions = distribution.size() / out.rounds;
  BANDSTAND_CHECK(action.size() == out.rounds && actions * out.rounds == distribution.size());
  std::vector<char> played(actions, 0);
  for (const std::uint32_t a : action) played[a] = 1;
  double missing = 0;
  for (std::size_t k = 0; k < distribution.size(); ++k)
    missing += played[k % actions] != 0 ? 0 : distribution[k];
  out.without_support = missing / n;
  return out;
}

Verdict judge(const Estimate& estimate, const Diagnostics& diagnostics, const VerdictRules& rules) {
  Verdict out;
  refuse(estimate, diagnostics, rules, out.reasons);
  if (!may_decide(estimate.estimator)) {
    out.reasons.push_back("the interval of " + std::string(name_of(estimate.estimator)) +
                          " leaves out the error of the model: it may not decide");
  }
  const Measured& d = estimate.difference;
  if (!std::isfinite(d.low) || !std::isfinite(d.high)) {
    out.reasons.push_back("there is no interval of the difference to the incumbent");
  } else if (d.low <= 0 && d.high >= 0) {
    out.reasons.push_back(
        words("the interval of the difference to the incumbent, [%.4g, %.4g], covers 0", d.low, d.high));
  }
  if (!out.reasons.empty()) return out;
  out.answer = d.low > 0 ? Answer::promote : Answer::do_not;
  out.reasons.push_back(
      words("the policy earns %.4g a round %s than the incumbent, 95 %% interval [%.4g, %.4g]",
            std::abs(d.value), d.low > 0 ? "more" : "less", d.low, d.high));
  return out;
}

}  // namespace bandstand::learning
