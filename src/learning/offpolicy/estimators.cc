// estimators: columns, their sums, and the sums again with every round counted Poisson(1) times.
#include "learning/offpolicy/estimators.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/rng.h"

namespace bandstand::learning {
namespace {

constexpr double kZ = 1.959964;  // two-sided 95 %
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// An estimator: mean(plain) + sum(top) / sum(bottom). Columns by number; -1: no such part, and for `bottom`
/// the rounds.
struct Terms {
  int plain = -1;
  int top = -1;
  int bottom = -1;
};

/// What a resampling sums up; a matrix because that is what the sums are cheap with.
class Columns {
 public:
  Columns(std::size_t rounds, int columns_max)
      : values_(static_cast<Eigen::Index>(rounds), static_cast<Eigen::Index>(columns_max)) {}

  template <class Function>
  int add(Function value_in_round) {
    BANDSTAND_CHECK(used_ < values_.cols());
    for (Eigen::Index i = 0; i < values_.rows(); ++i)
      values_(i, used_) = value_in_round(static_cast<std::size_t>(i));
    return used_++;
  }

  [[nodiscard]] Eigen::Index rounds() const { return values_.rows(); }
  [[nodiscard]] auto used() const { return values_.leftCols(used_); }
  [[nodiscard]] std::span<const double> column(int at) const {
    return {values_.col(at).data(), static_cast<std::size_t>(values_.rows())};
  }

  static double value(const Terms& terms, const Eigen::VectorXd& sums, double rounds) {
    double out = 0;
    if (terms.plain >= 0) out += sums[terms.plain] / rounds;
    if (terms.top >= 0) out += sums[terms.top] / (terms.bottom >= 0 ? sums[terms.bottom] : rounds);
    return out;
  }

  /// What each round moves an estimator by, times the number of rounds (its influence function).
  [[nodiscard]] Eigen::VectorXd influence(const Terms& terms, const Eigen::VectorXd& sums) const {
    const auto n = static_cast<double>(rounds());
    Eigen::VectorXd out = Eigen::VectorXd::Zero(rounds());
    if (terms.plain >= 0) out += (values_.col(terms.plain).array() - sums[terms.plain] / n).matrix();
    if (terms.top >= 0 && terms.bottom < 0)
      out += (values_.col(terms.top).array() - sums[terms.top] / n).matrix();
    if (terms.top >= 0 && terms.bottom >= 0) {
      const double ratio = sums[terms.top] / sums[terms.bottom];
      out += (values_.col(terms.top) - ratio * values_.col(terms.bottom)) / (sums[terms.bottom] / n);
    }
    return out;
  }

 private:
  Eigen::MatrixXd values_;
  int used_ = 0;
};

/// The estimators of one policy, in terms of columns.
using AllTerms = std::array<std::optional<Terms>, kEstimatorNames.size()>;

struct Parameters {
  double tau = kInfinity;
  double lambda = kInfinity;
};

double switched(double w, double tau) { return w <= tau ? w : 0; }
double shrunk(double w, double lambda) { return std::isinf(lambda) ? w : lambda * w / (w * w + lambda); }

/// Mean over rounds of q(x, pi) + w' (r - q(x, a)), with its standard error.
template <class Weight>
std::pair<double, double> corrected(const Judged& p, Weight weight) {
  const auto n = static_cast<double>(p.reward.size());
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 0; i < p.reward.size(); ++i) {
    const double value = p.direct[i] + weight(p.weight[i]) * (p.reward[i] - p.logged[i]);
    sum += value;
    squares += value * value;
  }
  const double mean = sum / n;
  return {mean, std::sqrt(std::max(0.0, squares / n - mean * mean) / n)};
}

/// Thresholds from the largest weight down: infinity, then quantiles of the weights, then 0 (the model
/// alone).
std::vector<double> thresholds(std::span<const double> weights) {
  std::vector<double> sorted(weights.begin(), weights.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> out{kInfinity};
  for (const double q : {.999, .99, .98, .95, .9, .8, .5}) {
    const double at = sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))];
    if (at > 0 && at < out.back()) out.push_back(at);
  }
  out.push_back(0);
  return out;
}

/// The candidate of least estimated squared error: how far it is from the first, which is dr and has no bias,
/// and its variance.
std::size_t least_error(std::span<const std::pair<double, double>> candidates) {
  const auto squared_error = [&](std::size_t i) {
    return std::pow(candidates[i].first - candidates[0].first, 2) + std::pow(candidates[i].second, 2);
  };
  std::size_t best = 0;
  for (std::size_t i = 1; i < candidates.size(); ++i)
    best = squared_error(i) < squared_error(best) ? i : best;
  return best;
}

Parameters choose_parameters(const Judged& target) {
  const std::vector<double> grid = thresholds(target.weight);
  std::vector<std::pair<double, double>> with_tau;
  std::vector<std::pair<double, double>> with_lambda;
  for (const double at : grid) {
    with_tau.push_back(corrected(target, [&](double w) { return switched(w, at); }));
    with_lambda.push_back(corrected(target, [&](double w) { return shrunk(w, at * at); }));
  }
  const double root = grid[least_error(with_lambda)];
  return {grid[least_error(with_tau)], root * root};
}

AllTerms add_terms(Columns& columns, const Judged& p, const Parameters& parameters, std::uint64_t seed) {
  AllTerms out;
  const auto set = [&](Estimator e, Terms terms) { out[static_cast<std::size_t>(e)] = terms; };
  const double weight_max = *std::max_element(p.weight.begin(), p.weight.end());
  base::Rng rng(base::mix64(seed));  // another stream than the bootstrap's
  const int kept =
      columns.add([&](std::size_t i) { return rng.uniform() * weight_max < p.weight[i] ? 1.0 : 0.0; });
  const auto keep = columns.column(kept);
  set(Estimator::replay,
      {.top = columns.add([&](std::size_t i) { return keep[i] * p.reward[i]; }), .bottom = kept});
  const int weight = columns.add([&](std::size_t i) { return p.weight[i]; });
  const int weighted = columns.add([&](std::size_t i) { return p.weight[i] * p.reward[i]; });
  set(Estimator::ips, {.top = weighted});
  set(Estimator::snips, {.top = weighted, .bottom = weight});
  if (p.direct.empty()) return out;
  const auto correction = [&](auto used_weight) {
    return columns.add([&](std::size_t i) { return used_weight(p.weight[i]) * (p.reward[i] - p.logged[i]); });
  };
  const int direct = columns.add([&](std::size_t i) { return p.direct[i]; });
  const int residual = correction([](double w) { return w; });
  set(Estimator::dm, {.plain = direct});
  set(Estimator::dr, {.plain = direct, .top = residual});
  set(Estimator::sndr, {.plain = direct, .top = residual, .bottom = weight});
  set(Estimator::switch_dr,
      {.plain = direct, .top = correction([&](double w) { return switched(w, parameters.tau); })});
  set(Estimator::dros,
      {.plain = direct, .top = correction([&](double w) { return shrunk(w, parameters.lambda); })});
  return out;
}

/// Poisson(1) numbers, four out of 64 random bits: the 16-bit fraction is compared with the law's thresholds.
class PoissonCounts {
 public:
  explicit PoissonCounts(std::uint64_t seed) : rng_(seed) {
    double term = std::exp(-1.0);
    double below = 0;
    for (std::size_t k = 0; k < thresholds_.size(); ++k) {
      below += term;
      term /= static_cast<double>(k + 1);
      thresholds_[k] = static_cast<std::uint32_t>(std::lround(below * 65536));
    }
  }

  void fill(Eigen::Ref<Eigen::VectorXd> out) {
    for (Eigen::Index i = 0; i < out.size(); i += 4) {
      std::uint64_t bits = rng_.next();
      for (Eigen::Index j = i; j < std::min(i + 4, out.size()); ++j, bits >>= 16) {
        const auto fraction = static_cast<std::uint32_t>(bits & 0xFFFF);
        int count = 0;
        for (const std::uint32_t threshold : thresholds_) count += fraction >= threshold ? 1 : 0;
        out[j] = count;
      }
    }
  }

 private:
  base::Rng rng_;
  std::array<std::uint32_t, 8> thresholds_{};
};

/// Sums of all columns in each resampling: (columns + 1) x samples, the last row being the number of rounds
/// drawn.
Eigen::MatrixXd resample(const Columns& columns, const EstimatorOptions& options) {
  constexpr Eigen::Index kBlock = 2048;  // stays in the first caches
  const auto values = columns.used();
  Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(values.cols() + 1, options.samples);
  PoissonCounts poisson(options.seed);
  Eigen::VectorXd counts(kBlock);
  for (Eigen::Index begin = 0; begin < values.rows(); begin += kBlock) {
    const Eigen::Index rows = std::min(kBlock, values.rows() - begin);
    for (Eigen::Index s = 0; s < sums.cols(); ++s) {
      auto drawn = counts.head(rows);
      poisson.fill(drawn);
      sums.col(s).head(values.cols()).noalias() += values.middleRows(begin, rows).transpose() * drawn;
      sums(values.cols(), s) += drawn.sum();
    }
  }
  return sums;
}

/// Percentiles of what resamplings gave; those without a value (0 / 0) are left out.
void set_interval(Measured& out, std::vector<double> resampled) {
  std::erase_if(resampled, [](double value) { return !std::isfinite(value); });
  if (resampled.empty() || !std::isfinite(out.value)) return;
  std::sort(resampled.begin(), resampled.end());
  const auto at = [&](double q) {
    const double place = q * static_cast<double>(resampled.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, resampled.size() - 1);
    return resampled[below] + (place - static_cast<double>(below)) * (resampled[above] - resampled[below]);
  };
  out.low = at(.025);
  out.high = at(.975);
}

double error_of(const Eigen::VectorXd& influence) {
  const auto n = static_cast<double>(influence.size());
  return n < 2 ? std::numeric_limits<double>::quiet_NaN() : influence.norm() / std::sqrt(n * (n - 1));
}

/// The figures of one estimator, of the incumbent and of their difference.
void measure(const Columns& columns, const Eigen::VectorXd& sums, const Eigen::MatrixXd& resampled,
             const Terms& target, const Terms& incumbent, Estimate& out) {
  const auto n = static_cast<double>(columns.rounds());
  const Eigen::VectorXd of_target = columns.influence(target, sums);
  const Eigen::VectorXd of_incumbent = columns.influence(incumbent, sums);
  out.value = {.value = Columns::value(target, sums, n), .error = error_of(of_target)};
  out.incumbent = {.value = Columns::value(incumbent, sums, n), .error = error_of(of_incumbent)};
  out.difference = {.value = out.value.value - out.incumbent.value,
                    .error = error_of(of_target - of_incumbent)};
  std::vector<double> values;
  std::vector<double> incumbents;
  std::vector<double> differences;
  for (Eigen::Index s = 0; s < resampled.cols(); ++s) {
    const double rounds = resampled(resampled.rows() - 1, s);
    const Eigen::VectorXd drawn = resampled.col(s);
    values.push_back(Columns::value(target, drawn, rounds));
    incumbents.push_back(Columns::value(incumbent, drawn, rounds));
    differences.push_back(values.back() - incumbents.back());
  }
  set_interval(out.value, std::move(values));
  set_interval(out.incumbent, std::move(incumbents));
  set_interval(out.difference, std::move(differences));
}

/// The weights as the estimator uses them.
void measure_weights(const Judged& target, const Parameters& parameters, std::span<const double> kept,
                     Estimate& out) {
  std::vector<double> used(target.weight.begin(), target.weight.end());
  if (out.estimator == Estimator::replay) used.assign(kept.begin(), kept.end());
  if (out.estimator == Estimator::dm) used.assign(used.size(), 1);
  if (out.estimator == Estimator::switch_dr) {
    out.parameter = parameters.tau;
    for (double& w : used) w = switched(w, parameters.tau);
  }
  if (out.estimator == Estimator::dros) {
    out.parameter = parameters.lambda;
    for (double& w : used) w = shrunk(w, parameters.lambda);
  }
  out.effective_rounds = effective_size(used);
  out.weight_max = *std::max_element(used.begin(), used.end());
}

void check(const Judged& p) {
  BANDSTAND_CHECK(!p.reward.empty() && p.weight.size() == p.reward.size());
  BANDSTAND_CHECK(p.direct.empty() ||
                  (p.direct.size() == p.reward.size() && p.logged.size() == p.reward.size()));
}

}  // namespace

std::optional<Estimator> estimator_named(std::string_view name) {
  const auto found = std::find(kEstimatorNames.begin(), kEstimatorNames.end(), name);
  if (found == kEstimatorNames.end()) return std::nullopt;
  return static_cast<Estimator>(found - kEstimatorNames.begin());
}

double effective_size(std::span<const double> weights) {
  double sum = 0;
  double squares = 0;
  for (const double w : weights) {
    sum += w;
    squares += w * w;
  }
  return squares > 0 ? sum * sum / squares : 0;
}

std::size_t slope(std::span<const std::pair<double, double>> candidates) {
  BANDSTAND_CHECK(!candidates.empty());
  const double earlier = std::sqrt(6.0) - 1;
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double apart = std::abs(candidates[i].first - candidates[j].first);
      if (apart > kZ * (candidates[i].second + earlier * candidates[j].second)) return i - 1;
    }
  }
  return candidates.size() - 1;
}

std::vector<double> kernel_weights(std::span<const double> bid, std::span<const double> density,
                                   std::span<const double> target, double bandwidth) {
  BANDSTAND_CHECK(bid.size() == density.size() && bid.size() == target.size() && bandwidth > 0);
  std::vector<double> out(bid.size());
  for (std::size_t i = 0; i < bid.size(); ++i) {
    const double u = (bid[i] - target[i]) / bandwidth;
    out[i] = std::abs(u) < 1 ? .75 * (1 - u * u) / (bandwidth * density[i]) : 0;
  }
  return out;
}

std::vector<double> kernel_bandwidths(std::span<const double> bid) {
  const auto n = static_cast<double>(bid.size());
  double sum = 0;
  for (const double b : bid) sum += b;
  double squares = 0;
  for (const double b : bid) squares += (b - sum / n) * (b - sum / n);
  const double base = 2.34 * std::sqrt(squares / n) * std::pow(n, -.2);
  if (!(base > 0)) return {};
  std::vector<double> out;
  for (const double factor : {.25, .35, .5, .7, 1.0, 1.4, 2.0, 2.8, 4.0}) out.push_back(factor * base);
  return out;
}

std::vector<Estimate> estimate(const Judged& target, const std::optional<Judged>& incumbent,
                               const EstimatorOptions& options) {
  check(target);
  if (incumbent) check(*incumbent);
  Parameters parameters;
  if (!target.direct.empty()) parameters = choose_parameters(target);
  Columns columns(target.reward.size(), 18);
  const AllTerms of_target = add_terms(columns, target, parameters, options.seed);
  AllTerms of_incumbent;
  if (incumbent) {
    of_incumbent = add_terms(columns, *incumbent, parameters, options.seed);
  } else {
    of_incumbent.fill(Terms{.plain = columns.add([&](std::size_t i) { return target.reward[i]; })});
  }
  const Eigen::VectorXd sums = columns.used().colwise().sum();
  const Eigen::MatrixXd resampled = resample(columns, options);
  std::vector<Estimate> out;
  for (std::size_t e = 0; e < of_target.size(); ++e) {
    if (!of_target[e] || !of_incumbent[e]) continue;
    Estimate& row = out.emplace_back();
    row.estimator = static_cast<Estimator>(e);
    measure(columns, sums, resampled, *of_target[e], *of_incumbent[e], row);
    measure_weights(target, parameters, columns.column(0), row);
  }
  return out;
}

}  // namespace bandstand::learning
