// creative_belief: Newton's method on the logits of the cells, one step of expectation-maximisation on their spreads.
#include "experiments/creative_belief.h"

#include <cmath>
#include <numeric>

#include "base/check.h"

namespace bandstand::experiments {
namespace {

constexpr int kNewtonSteps = 8;
constexpr double kLevelSpread = 0.5;  ///< of what all cells share, around the counted rate
constexpr double kJitter = 1e-7;      ///< keeps a singular covariance factorable: cells that agree in all factors

Factor residual_of(const CreativeProblem& problem) {
  Factor factor{.name = "cell", .levels = problem.cells(), .level_of = std::vector<std::uint32_t>(problem.cells())};
  std::iota(factor.level_of.begin(), factor.level_of.end(), 0u);
  return factor;
}

}  // namespace

CreativeBelief::CreativeBelief(const CreativeProblem& problem, Options options) : options_(options) {
  for (const Factor& factor : problem.factors) {
    const double expected = factor.interaction ? options.interaction : options.main;
    if (expected > 0) parts_.push_back({factor, expected, expected});
  }
  if (options.residual > 0) parts_.push_back({residual_of(problem), options.residual, options.residual});
  mean_.setZero(problem.cells());
  build_covariance();
  root_ = prior_.llt().matrixL();
}

void CreativeBelief::build_covariance() {
  const Eigen::Index cells = mean_.size();
  prior_.setConstant(cells, cells, kLevelSpread * kLevelSpread);
  for (const Part& part : parts_) {
    const auto& level = part.factor.level_of;
    const double variance = part.spread * part.spread;
    for (Eigen::Index j = 0; j < cells; ++j) {
      for (Eigen::Index i = 0; i < cells; ++i) {
        if (level[static_cast<std::size_t>(i)] == level[static_cast<std::size_t>(j)]) prior_(i, j) += variance;
      }
    }
  }
  prior_.diagonal().array() += kJitter;
}

void CreativeBelief::fit(std::span<const double> shown, std::span<const double> clicks) {
  const Eigen::Index cells = mean_.size();
  BANDSTAND_CHECK(static_cast<Eigen::Index>(shown.size()) == cells && clicks.size() == shown.size());
  const Eigen::Map<const Eigen::VectorXd> n(shown.data(), cells);
  const Eigen::Map<const Eigen::VectorXd> k(clicks.data(), cells);
  const double rate = (k.sum() + 1) / (n.sum() + 50);
  const double centre = std::log(rate / (1 - rate));
  Eigen::VectorXd f = Eigen::VectorXd::Constant(cells, centre);
  Eigen::VectorXd pull(cells);
  Eigen::VectorXd half(cells);
  Eigen::LLT<Eigen::MatrixXd> factored(cells);
  for (int step = 0; step < kNewtonSteps; ++step) {
    const Eigen::VectorXd p = f.unaryExpr(&logistic);
    const Eigen::VectorXd weight = n.array() * p.array() * (1 - p.array());
    half = weight.cwiseSqrt();
    Eigen::MatrixXd inner = half.asDiagonal() * prior_ * half.asDiagonal();
    inner.diagonal().array() += 1;
    factored.compute(inner);
    const Eigen::VectorXd b = weight.array() * (f.array() - centre) + (k.array() - n.array() * p.array());
    const Eigen::VectorXd prior_b = prior_ * b;
    const Eigen::VectorXd scaled = half.asDiagonal() * prior_b;
    pull = b - half.asDiagonal() * factored.solve(scaled);
    const Eigen::VectorXd next = (prior_ * pull).array() + centre;
    const double moved = (next - f).cwiseAbs().maxCoeff();
    f = next;
    if (moved < 1e-4) break;
  }
  mean_ = f;
  // (prior + 1/weight)^-1 = V'V with V = L^-1 sqrt(weight).
  Eigen::MatrixXd v = half.asDiagonal();
  factored.matrixL().solveInPlace(v);
  const Eigen::MatrixXd explained = v * prior_;
  Eigen::MatrixXd posterior = prior_;
  posterior.selfadjointView<Eigen::Lower>().rankUpdate(explained.transpose(), -1);
  posterior.diagonal().array() += 0.01 * kJitter;
  root_ = posterior.selfadjointView<Eigen::Lower>().llt().matrixL();
  Eigen::MatrixXd information = Eigen::MatrixXd::Zero(cells, cells);
  information.selfadjointView<Eigen::Lower>().rankUpdate(v.transpose());
  learn_spreads(pull, information);
  build_covariance();
}

void CreativeBelief::learn_spreads(const Eigen::VectorXd& pull, const Eigen::MatrixXd& information) {
  const Eigen::Index cells = mean_.size();
  std::vector<double> pulled;
  for (Part& part : parts_) {
    const auto level = [&](Eigen::Index cell) { return part.factor.level_of[static_cast<std::size_t>(cell)]; };
    const double variance = part.spread * part.spread;
    pulled.assign(part.factor.levels, 0);
    double informed = 0;  // sum over levels of z' information z
    for (Eigen::Index j = 0; j < cells; ++j) {
      pulled[level(j)] += pull[j];
      informed += information(j, j);
      for (Eigen::Index i = j + 1; i < cells; ++i) {
        if (level(i) == level(j)) informed += 2 * information(i, j);
      }
    }
    double squares = 0;  // sum over levels of E u^2
    for (const double at : pulled) squares += variance * variance * at * at;
    squares += part.factor.levels * variance - variance * variance * informed;
    const double prior = options_.prior_levels;
    part.spread = std::sqrt((squares + prior * part.expected * part.expected) / (part.factor.levels + prior));
  }
}

void CreativeBelief::draw(double alpha, base::Rng& chance, Eigen::VectorXd& out) const {
  const Eigen::Index cells = mean_.size();
  Eigen::VectorXd noise(cells);
  for (double& value : noise) value = alpha * chance.normal();
  out.noalias() = root_.triangularView<Eigen::Lower>() * noise;
  out += mean_;
}

std::vector<double> CreativeBelief::spreads() const {
  std::vector<double> out;
  for (const Part& part : parts_) out.push_back(part.spread);
  return out;
}

}  // namespace bandstand::experiments
