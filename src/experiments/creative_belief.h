// creative_belief: what is believed of the click rates of all cells together: a Gaussian over logits.
//
// logit f(cell) = centre + sum over factors of u_factor[level of the cell] + residual of the cell,  u_factor ~ N(0, s_factor^2)
// so that f is a Gaussian process whose covariance of two cells is the sum of s^2 of the factors in which they agree. The
// posterior given counts is Laplace's (Rasmussen and Williams 2006, algorithm 3.1); the spreads s are learned by one step of
// expectation-maximisation a fit, under an inverse-gamma prior: a factor without effect fades away, and with it its share of
// the exploration.
#pragma once

#include <Eigen/Dense>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "base/rng.h"
#include "experiments/creative_problem.h"

namespace bandstand::experiments {

inline double logistic(double logit) { return 1 / (1 + std::exp(-logit)); }

class CreativeBelief {
 public:
  struct Options {
    /// Expected spreads (logit), each worth `prior_levels` observed levels.
    double main = 0.15, interaction = 0.1, residual = 0.01;  ///< 0: no such effect
    double prior_levels = 8;
  };
  CreativeBelief(const CreativeProblem& problem, Options options);

  /// From totals a cell. O(cells^3): 15 ms for 200.
  void fit(std::span<const double> shown, std::span<const double> clicks);
  [[nodiscard]] std::span<const double> means() const { return {mean_.data(), static_cast<std::size_t>(mean_.size())}; }
  /// One joint sample, with deviations scaled by alpha. O(cells^2).
  void draw(double alpha, base::Rng& chance, Eigen::VectorXd& out) const;
  /// Present spreads: factors in order, then the residual.
  [[nodiscard]] std::vector<double> spreads() const;

 private:
  struct Part {
    Factor factor;
    double expected;  ///< spread
    double spread;
  };
  void build_covariance();
  void learn_spreads(const Eigen::VectorXd& pull, const Eigen::MatrixXd& information);

  Options options_;
  std::vector<Part> parts_;
  Eigen::MatrixXd prior_;   ///< covariance [cell, cell]
  Eigen::VectorXd mean_;
  Eigen::MatrixXd root_;    ///< lower Cholesky factor of the posterior covariance
};

}  // namespace bandstand::experiments
