// evaluation: weights, model, estimators, verdict; for actions that are one of several and for
// numbers.
#include "learning/offpolicy/evaluation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"

namespace bandstand::learning {
namespace {

/// Owns what Judged borrows.
struct Prepared {
  std::vector<double> weight;
  std::vector<double> direct;
  [[nodiscard]] Judged judged(const Rounds& rounds, std::span<const double> logged) const {
    return {.weight = weight,
            .reward = rounds.reward,
            .direct = direct,
            .logged = direct.empty() ? std::span<const double>{} : logged};
  }
};

Prepared prepare(const Rounds& rounds, const PolicyColumns& policy, const Predictions& model) {
  BANDSTAND_CHECK(policy.logged.size() == rounds.size());
  Prepared out;
  out.weight.resize(rounds.size());
  for (std::size_t i = 0; i < rounds.size(); ++i) out.weight[i] = policy.logged[i] / rounds.propensity[i];
  if (!model.all.empty()) out.direct = mean_under(model.all, policy.distribution, rounds.actions);
  return out;
}

void decide(const Judged& target, std::span<const double> distribution, const Rounds& rounds,
            const EvaluationOptions& options, Evaluation& out) {
  out.diagnostics = diagnose(target, distribution, rounds.action);
  out.deciding = options.deciding.value_or(target.direct.empty() ? Estimator::snips : Estimator::dr);
  const auto row = std::find_if(out.estimates.begin(), out.estimates.end(),
                                [&](const Estimate& e) { return e.estimator == out.deciding; });
  if (row == out.estimates.end()) {
    out.verdict.reasons = {"the log lacks the columns that " + std::string(name_of(out.deciding)) + " needs"};
    return;
  }
  out.verdict = judge(*row, out.diagnostics, options.rules);
}

/// Mean and standard error of w (r - m).
std::pair<double, double> weighted_mean(std::span<const double> weight, std::span<const double> reward,
                                        double m) {
  const auto n = static_cast<double>(weight.size());
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 0; i < weight.size(); ++i) {
    const double value = weight[i] * (reward[i] - m);
    sum += value;
    squares += value * value;
  }
  return {sum / n, std::sqrt(std::max(0.0, squares / n - sum / n * (sum / n)) / n)};
}

/// One step below the widest kernel that the narrower ones do not contradict, so that its bias stays below
/// the noise. Two things are watched: ips of the reward less its mean, which feels the bend of the reward and
/// is surer than ips, and the mean of the weights, which falls where the kernel reaches past what was bid.
double choose_bandwidth(const Rounds& rounds, std::span<const double> target,
                        const std::vector<double>& bandwidths) {
  const auto n = static_cast<double>(rounds.size());
  const double mean = std::accumulate(rounds.reward.begin(), rounds.reward.end(), 0.0) / n;
  const std::vector<double> ones(rounds.size(), 1);
  std::vector<std::pair<double, double>> values;
  std::vector<std::pair<double, double>> weights;
  for (const double h : bandwidths) {
    const auto weight = kernel_weights(rounds.bid, rounds.propensity, target, h);
    values.push_back(weighted_mean(weight, rounds.reward, mean));
    weights.push_back(weighted_mean(weight, ones, 0));
  }
  const std::size_t widest = std::min(slope(values), slope(weights));
  return bandwidths[widest == 0 ? 0 : widest - 1];
}

Evaluation evaluate_bids(const Rounds& rounds, const PolicyColumns& target,
                         const std::optional<PolicyColumns>& incumbent, const EvaluationOptions& options) {
  Evaluation out;
  const std::vector<double> bandwidths = kernel_bandwidths(rounds.bid);
  if (rounds.size() < static_cast<std::size_t>(options.model.folds)) {
    out.verdict.reasons = {"the log has fewer rounds than the reward model has folds"};
    return out;
  }
  if (bandwidths.empty()) {
    out.verdict.reasons = {"every bid of the log is the same: nothing was explored"};
    return out;
  }
  std::vector<std::span<const double>> asked{target.bid};
  if (incumbent) asked.emplace_back(incumbent->bid);
  const auto model = cross_fit_bids(rounds, asked, options.model);
  out.bandwidth = choose_bandwidth(rounds, target.bid, bandwidths);
  const Prepared of_target{kernel_weights(rounds.bid, rounds.propensity, target.bid, out.bandwidth),
                           model[1]};
  Prepared of_incumbent;
  if (incumbent)
    of_incumbent = {kernel_weights(rounds.bid, rounds.propensity, incumbent->bid, out.bandwidth), model[2]};
  const Judged judged = of_target.judged(rounds, model[0]);
  out.estimates =
      estimate(judged, incumbent ? std::optional(of_incumbent.judged(rounds, model[0])) : std::nullopt,
               options.estimators);
  decide(judged, {}, rounds, options, out);
  if (out.deciding != Estimator::dr && out.deciding != Estimator::sndr) {
    out.verdict = {
        .reasons = {"the interval of " + std::string(name_of(out.deciding)) +
                    " leaves out the bias of the kernel, which dr and sndr mend: it may not decide"}};
  }
  return out;
}

}  // namespace

Evaluation evaluate(const Rounds& rounds, const PolicyColumns& target,
                    const std::optional<PolicyColumns>& incumbent, const EvaluationOptions& options) {
  if (rounds.actions == 0) return evaluate_bids(rounds, target, incumbent, options);
  Predictions model;
  const bool modelled = !target.distribution.empty() && (!incumbent || !incumbent->distribution.empty()) &&
                        rounds.size() >= static_cast<std::size_t>(options.model.folds);
  if (modelled) model = cross_fit(rounds, options.model);
  const Prepared of_target = prepare(rounds, target, model);
  Prepared of_incumbent;
  if (incumbent) of_incumbent = prepare(rounds, *incumbent, model);
  const Judged judged = of_target.judged(rounds, model.logged);
  Evaluation out;
  out.estimates =
      estimate(judged, incumbent ? std::optional(of_incumbent.judged(rounds, model.logged)) : std::nullopt,
               options.estimators);
  decide(judged, target.distribution, rounds, options, out);
  return out;
}

}  // namespace bandstand::learning
