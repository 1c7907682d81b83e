// reward_model: ridge regression, logistic or linear, with an offset.
#include "learning/offpolicy/reward_model.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/rng.h"

namespace bandstand::learning {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr int kIterationsMax = 30;

struct Link {
  bool logistic = false;
  [[nodiscard]] VectorXd mean(const VectorXd& score) const {
    return logistic ? VectorXd((1 + (-score.array()).exp()).inverse()) : score;
  }
  /// Minus log-likelihood, but for constants.
  [[nodiscard]] double loss(const VectorXd& score, const VectorXd& y) const {
    if (!logistic) return .5 * (y - score).squaredNorm();
    // log(1 + e^s) - y s, without overflow
    const auto s = score.array();
    return (s.max(0.0) + (-s.abs()).exp().log1p() - y.array() * s).sum();
  }
};

/// Minimises loss + sum penalty b^2 / 2. Newton's method; a step is halved until it does not make things
/// worse.
VectorXd fit(const MatrixXd& x, const VectorXd& y, const VectorXd& offset, const VectorXd& penalty,
             Link link) {
  VectorXd b = VectorXd::Zero(x.cols());
  const auto objective = [&](const VectorXd& at) {
    return link.loss(offset + x * at, y) + .5 * (penalty.array() * at.array().square()).sum();
  };
  double best = objective(b);
  for (int k = 0; k < kIterationsMax; ++k) {
    const VectorXd mean = link.mean(offset + x * b);
    const VectorXd gradient = x.transpose() * (mean - y) + penalty.cwiseProduct(b);
    MatrixXd hessian = penalty.asDiagonal();
    if (link.logistic) {
      const VectorXd weight = mean.array() * (1 - mean.array());
      hessian += x.transpose() * weight.asDiagonal() * x;
    } else {
      hessian += x.transpose() * x;
    }
    VectorXd step = hessian.ldlt().solve(gradient);
    double next = objective(b - step);
    for (int halved = 0; next > best && halved < 20; ++halved) {
      step *= .5;
      next = objective(b - step);
    }
    if (!(next < best)) break;
    b -= step;
    const bool done = best - next <= 1e-10 * (1 + std::abs(best));
    best = next;
    if (done) break;
  }
  return b;
}

/// [1, features], each feature with mean 0 and deviation 1 (constants become 0).
MatrixXd standardised(const std::vector<double>& context, std::size_t rounds, std::size_t features) {
  MatrixXd x(static_cast<Index>(rounds), static_cast<Index>(features) + 1);
  x.col(0).setOnes();
  if (features == 0) return x;
  const Eigen::Map<const RowMajor> raw(context.data(), x.rows(), x.cols() - 1);
  for (Index f = 0; f < raw.cols(); ++f) {
    const VectorXd centred = raw.col(f).array() - raw.col(f).mean();
    const double deviation = std::sqrt(centred.squaredNorm() / static_cast<double>(rounds));
    x.col(f + 1) = deviation > 1e-12 ? VectorXd(centred / deviation) : VectorXd::Zero(x.rows());
  }
  return x;
}

std::vector<int> draw_folds(std::size_t rounds, const RewardModelOptions& options) {
  BANDSTAND_CHECK(options.folds >= 2 && rounds >= static_cast<std::size_t>(options.folds));
  std::vector<int> out(rounds);
  for (std::size_t i = 0; i < rounds; ++i)
    out[i] = static_cast<int>(i % static_cast<std::size_t>(options.folds));
  base::Rng rng(options.seed);
  for (std::size_t i = rounds; i > 1; --i) std::swap(out[i - 1], out[rng.below(i)]);
  return out;
}

Link link_for(const std::vector<double>& reward) {
  return {.logistic = std::all_of(reward.begin(), reward.end(), [](double r) { return r == 0 || r == 1; })};
}

/// Penalty of the pooled regression: next to none on the intercept.
VectorXd pooled_penalty(Index columns) {
  VectorXd out = VectorXd::Ones(columns);
  out[0] = 1e-6;
  return out;
}

struct Training {
  const MatrixXd& x;
  const VectorXd& y;
  Link link;
};

VectorXd fit_pooled(const Training& data, const std::vector<Index>& rows) {
  return fit(data.x(rows, Eigen::all), data.y(rows), VectorXd::Zero(static_cast<Index>(rows.size())),
             pooled_penalty(data.x.cols()), data.link);
}

/// Coefficients of every action, one a column, from the rounds outside `fold`.
MatrixXd fit_actions(const Training& data, const Rounds& rounds, const std::vector<int>& folds, int fold,
                     double ridge) {
  std::vector<Index> train;
  std::vector<std::vector<Index>> of_action(rounds.actions);
  for (std::size_t i = 0; i < rounds.size(); ++i) {
    if (folds[i] == fold) continue;
    train.push_back(static_cast<Index>(i));
    of_action[rounds.action[i]].push_back(static_cast<Index>(i));
  }
  const VectorXd pooled = fit_pooled(data, train);
  MatrixXd out = pooled.replicate(1, static_cast<Index>(rounds.actions));
  const VectorXd penalty = VectorXd::Constant(data.x.cols(), ridge);
  for (std::size_t a = 0; a < rounds.actions; ++a) {
    if (of_action[a].empty()) continue;
    const MatrixXd x = data.x(of_action[a], Eigen::all);
    out.col(static_cast<Index>(a)) += fit(x, data.y(of_action[a]), x * pooled, penalty, data.link);
  }
  return out;
}

MatrixXd with_bid(const MatrixXd& x, std::span<const double> bid, double centre, double scale) {
  MatrixXd out(x.rows(), x.cols() + 2);
  out.leftCols(x.cols()) = x;
  for (Index i = 0; i < x.rows(); ++i) {
    const double u = (bid[static_cast<std::size_t>(i)] - centre) / scale;
    out(i, x.cols()) = u;
    out(i, x.cols() + 1) = u * u;
  }
  return out;
}

}  // namespace

Predictions cross_fit(const Rounds& rounds, const RewardModelOptions& options) {
  BANDSTAND_CHECK(rounds.actions > 0);
  const std::vector<int> folds = draw_folds(rounds.size(), options);
  const MatrixXd x = standardised(rounds.context, rounds.size(), rounds.features);
  const VectorXd y = Eigen::Map<const VectorXd>(rounds.reward.data(), x.rows());
  const Training data{x, y, link_for(rounds.reward)};
  Predictions out;
  out.logged.resize(rounds.size());
  out.all.resize(rounds.size() * rounds.actions);
  for (int fold = 0; fold < options.folds; ++fold) {
    const MatrixXd coefficients = fit_actions(data, rounds, folds, fold, options.ridge);
    for (std::size_t i = 0; i < rounds.size(); ++i) {
      if (folds[i] != fold) continue;
      const VectorXd q = data.link.mean((x.row(static_cast<Index>(i)) * coefficients).transpose());
      std::copy(q.begin(), q.end(), out.all.begin() + static_cast<std::ptrdiff_t>(i * rounds.actions));
      out.logged[i] = q[rounds.action[i]];
    }
  }
  return out;
}

std::vector<std::vector<double>> cross_fit_bids(const Rounds& rounds,
                                                std::span<const std::span<const double>> judged,
                                                const RewardModelOptions& options) {
  const std::vector<int> folds = draw_folds(rounds.size(), options);
  const Eigen::Map<const VectorXd> bids(rounds.bid.data(), static_cast<Index>(rounds.size()));
  const double centre = bids.mean();
  const double scale =
      std::max(1e-12, std::sqrt((bids.array() - centre).square().sum() / static_cast<double>(rounds.size())));
  const MatrixXd features = standardised(rounds.context, rounds.size(), rounds.features);
  const MatrixXd x = with_bid(features, rounds.bid, centre, scale);
  const VectorXd y = Eigen::Map<const VectorXd>(rounds.reward.data(), x.rows());
  const Training data{x, y, link_for(rounds.reward)};
  std::vector<MatrixXd> asked{x};
  for (const auto& bid : judged) asked.push_back(with_bid(features, bid, centre, scale));
  std::vector<std::vector<double>> out(asked.size(), std::vector<double>(rounds.size()));
  for (int fold = 0; fold < options.folds; ++fold) {
    std::vector<Index> train;
    std::vector<Index> held;
    for (std::size_t i = 0; i < rounds.size(); ++i)
      (folds[i] == fold ? held : train).push_back(static_cast<Index>(i));
    const VectorXd b = fit_pooled(data, train);
    for (std::size_t k = 0; k < asked.size(); ++k) {
      const VectorXd q = data.link.mean(asked[k](held, Eigen::all) * b);
      for (std::size_t j = 0; j < held.size(); ++j)
        out[k][static_cast<std::size_t>(held[j])] = q[static_cast<Index>(j)];
    }
  }
  return out;
}

std::vector<double> mean_under(std::span<const double> all, std::span<const double> distribution,
                               std::size_t actions) {
  BANDSTAND_CHECK(all.size() == distribution.size() && actions > 0);
  std::vector<double> out(all.size() / actions);
  for (std::size_t i = 0; i < out.size(); ++i) {
    for (std::size_t a = i * actions; a < (i + 1) * actions; ++a) out[i] += all[a] * distribution[a];
  }
  return out;
}

}  // namespace bandstand::learning
