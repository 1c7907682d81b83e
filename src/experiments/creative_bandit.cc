// creative_bandit: the policies, each a way to fit and a way to fill a row.
#include "experiments/creative_bandit.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "experiments/creative_belief.h"

namespace bandstand::experiments {
namespace {

constexpr int kDraws = 256;          ///< joint samples a row
constexpr double kGrowth = 1.01;     ///< a model is fitted anew once there is so many times what it was fitted on
constexpr double kEpsilon = 0.1;
constexpr double kRelativeSpread = 0.15;  ///< prior deviation of a main effect, as a share of the rate: .003 of .02
constexpr double kGamma = 18;            ///< SquareCB: see fill_by_gaps
constexpr double kStructuredGamma = 50;  ///< the same, where the estimate borrows more strength
/// Spreads and scale of the deviation were chosen on seeds that no published figure uses (a first look was at some that do):
/// 101 to 112 of the tables (many arms, long horizon: `kWide`, alpha 0.7), 201 to 300 of the world (few arms, short horizon:
/// `kSparing`, alpha 0.4).
constexpr CreativeBelief::Options kWide{.main = 0.15, .interaction = 0.1, .residual = 0};
constexpr CreativeBelief::Options kSparing{.main = 0.2, .interaction = 0.1, .residual = 0.01};

double logit(double rate) { return std::log(rate / (1 - rate)); }

/// Each of the best of a row gets an equal share of `mass`.
void add_best(std::span<const double> scores, double mass, std::span<double> row) {
  const double best = *std::max_element(scores.begin(), scores.end());
  const auto count = std::count(scores.begin(), scores.end(), best);
  for (std::size_t arm = 0; arm < row.size(); ++arm) {
    if (scores[arm] == best) row[arm] += mass / static_cast<double>(count);
  }
}

class RandomBandit final : public TabledBandit {
 public:
  using TabledBandit::TabledBandit;

 private:
  void fit() override {}
  void fill(std::uint32_t, std::span<double> row) override { std::fill(row.begin(), row.end(), 1.0); }
};

/// The best counted rate, one click at the base rate in advance; with chance epsilon any arm.
class CountedBandit final : public TabledBandit {
 public:
  CountedBandit(const CreativeProblem& problem, std::uint64_t seed, double epsilon)
      : TabledBandit(problem, seed), epsilon_(epsilon), scores_(problem.arms) {}

 private:
  void fit() override {}
  void fill(std::uint32_t context, std::span<double> row) override {
    std::fill(row.begin(), row.end(), epsilon_ / static_cast<double>(row.size()));
    for (std::uint32_t arm = 0; arm < row.size(); ++arm) {
      const std::uint32_t cell = problem().cell(context, arm);
      scores_[arm] = (clicks()[cell] + 1) / (shown()[cell] + 1 / problem().base_rate);
    }
    add_best(scores_, 1 - epsilon_, row);
  }

  double epsilon_;
  std::vector<double> scores_;
};

/// Thompson sampling on a Beta(1, 1) belief a cell.
class BetaBandit final : public TabledBandit {
 public:
  using TabledBandit::TabledBandit;

 private:
  void fit() override {}
  void fill(std::uint32_t context, std::span<double> row) override {
    for (int draw = 0; draw < kDraws; ++draw) {
      std::uint32_t best = 0;
      double highest = -1;
      for (std::uint32_t arm = 0; arm < row.size(); ++arm) {
        const std::uint32_t cell = problem().cell(context, arm);
        const double value = chance().beta(1 + clicks()[cell], 1 + shown()[cell] - clicks()[cell]);
        if (value <= highest) continue;
        highest = value;
        best = arm;
      }
      row[best] += 1;
    }
  }
};

/// LinUCB, disjoint (Li, Chu, Langford and Schapire 2010, algorithm 1): a ridge regression an arm on an intercept and the
/// context's indicator; the width in units of a click's deviation.
class LinUcbBandit final : public TabledBandit {
 public:
  LinUcbBandit(const CreativeProblem& problem, std::uint64_t seed) : TabledBandit(problem, seed) {
    scores_.resize(problem.cells());
    const Eigen::Index size = problem.contexts == 1 ? 1 : 1 + problem.contexts;
    a_.resize(size, size);
    b_.resize(size);
    x_.resize(size);
  }

 private:
  void fit() override {
    const double noise = problem().base_rate * (1 - problem().base_rate);
    for (std::uint32_t arm = 0; arm < problem().arms; ++arm) {
      a_.setIdentity();
      b_.setZero();
      for (std::uint32_t context = 0; context < problem().contexts; ++context) {
        set_features(context);
        const std::uint32_t cell = problem().cell(context, arm);
        a_ += shown()[cell] * x_ * x_.transpose();
        b_ += clicks()[cell] * x_;
      }
      const Eigen::LLT<Eigen::MatrixXd> factored(a_);
      const Eigen::VectorXd theta = factored.solve(b_);
      for (std::uint32_t context = 0; context < problem().contexts; ++context) {
        set_features(context);
        const double width = std::sqrt(noise * x_.dot(factored.solve(x_)));
        scores_[problem().cell(context, arm)] = theta.dot(x_) + width;
      }
    }
  }
  void fill(std::uint32_t context, std::span<double> row) override {
    add_best({scores_.data() + problem().cell(context, 0), row.size()}, 1, row);
  }
  void set_features(std::uint32_t context) {
    x_.setZero();
    x_[0] = 1;
    if (x_.size() > 1) x_[1 + context] = 1;
  }

  std::vector<double> scores_;
  Eigen::MatrixXd a_;
  Eigen::VectorXd b_, x_;
};

/// Cells as rows of indicators: an intercept, then the levels of the factors.
Eigen::MatrixXd indicators(const CreativeProblem& problem, bool with_interactions) {
  std::uint32_t columns = 1;
  for (const Factor& factor : problem.factors) {
    if (with_interactions || !factor.interaction) columns += factor.levels;
  }
  Eigen::MatrixXd x = Eigen::MatrixXd::Zero(problem.cells(), columns);
  x.col(0).setOnes();
  std::uint32_t first = 1;
  for (const Factor& factor : problem.factors) {
    if (factor.interaction && !with_interactions) continue;
    for (std::uint32_t cell = 0; cell < problem.cells(); ++cell) x(cell, first + factor.level_of[cell]) = 1;
    first += factor.levels;
  }
  return x;
}

/// What the two samplers of weights share: a row is the share of samples in which an arm scores best.
class WeightBandit : public TabledBandit {
 public:
  WeightBandit(const CreativeProblem& problem, std::uint64_t seed, bool with_interactions)
      : TabledBandit(problem, seed), x_(indicators(problem, with_interactions)), mean_(x_.cols()), sample_(x_.cols()) {}

 protected:
  virtual void draw_weights(Eigen::VectorXd& out) = 0;
  void fill(std::uint32_t context, std::span<double> row) override {
    const auto cells = x_.middleRows(problem().cell(context, 0), static_cast<Eigen::Index>(row.size()));
    Eigen::VectorXd scores(cells.rows());
    for (int draw = 0; draw < kDraws; ++draw) {
      draw_weights(sample_);
      scores.noalias() = cells * sample_;
      Eigen::Index best = 0;
      scores.maxCoeff(&best);
      row[static_cast<std::size_t>(best)] += 1;
    }
  }

  Eigen::MatrixXd x_;
  Eigen::VectorXd mean_, sample_;
};

/// Linear Thompson sampling: weights ~ N(A^-1 b, A^-1) with the noise of a click at the base rate (Agrawal and Goyal 2013).
class LinearBandit final : public WeightBandit {
 public:
  using WeightBandit::WeightBandit;

 private:
  void fit() override {
    const double rate = problem().base_rate;
    const double noise = rate * (1 - rate);
    const double spread = kRelativeSpread * rate;
    const auto cells = static_cast<Eigen::Index>(problem().cells());
    const Eigen::Map<const Eigen::VectorXd> n(shown().data(), cells);
    const Eigen::Map<const Eigen::VectorXd> k(clicks().data(), cells);
    Eigen::MatrixXd a = x_.transpose() * n.asDiagonal() * x_ / noise;
    a.diagonal().array() += 1 / (spread * spread);
    factored_.compute(a);
    const Eigen::VectorXd b = x_.transpose() * (k - rate * n) / noise;  // about the base rate
    mean_ = factored_.solve(b);
  }
  void draw_weights(Eigen::VectorXd& out) override {
    for (double& value : out) value = chance().normal();
    factored_.matrixU().solveInPlace(out);
    out += mean_;
  }

  Eigen::LLT<Eigen::MatrixXd> factored_;
};

/// Regularised logistic regression with a diagonal belief (Chapelle and Li 2011, algorithm 3), fitted on what came since the
/// last fit, with the last belief as prior. Deviations scaled by alpha = 0.5, which did best there.
class LogisticBandit : public WeightBandit {
 public:
  LogisticBandit(const CreativeProblem& problem, std::uint64_t seed, bool with_interactions)
      : WeightBandit(problem, seed, with_interactions),
        precision_(Eigen::VectorXd::Constant(x_.cols(), 1 / (kRelativeSpread * kRelativeSpread))),
        seen_(Eigen::VectorXd::Zero(x_.rows())),
        seen_clicks_(Eigen::VectorXd::Zero(x_.rows())) {
    mean_.setZero();
    mean_[0] = logit(problem.base_rate);
    precision_[0] = 1;
  }

 protected:
  void fit() override {
    const Eigen::Map<const Eigen::VectorXd> shown_now(shown().data(), x_.rows());
    const Eigen::Map<const Eigen::VectorXd> clicks_now(clicks().data(), x_.rows());
    const Eigen::VectorXd n = shown_now - seen_;
    const Eigen::VectorXd k = clicks_now - seen_clicks_;
    Eigen::VectorXd w = mean_;
    Eigen::VectorXd information(x_.rows());
    for (int step = 0; step < 4; ++step) {
      const Eigen::VectorXd p = (x_ * w).unaryExpr(&logistic);
      information = n.array() * p.array() * (1 - p.array());
      Eigen::MatrixXd hessian = x_.transpose() * information.asDiagonal() * x_;
      hessian.diagonal() += precision_;
      const Eigen::VectorXd gradient =
          precision_.cwiseProduct(w - mean_) - x_.transpose() * (k - n.cwiseProduct(p));
      w -= hessian.llt().solve(gradient);
    }
    mean_ = w;
    precision_ += x_.cwiseAbs2().transpose() * information;
    seen_ = shown_now;
    seen_clicks_ = clicks_now;
  }
  void draw_weights(Eigen::VectorXd& out) override {
    constexpr double kAlpha = 0.5;
    for (Eigen::Index i = 0; i < out.size(); ++i) {
      out[i] = mean_[i] + kAlpha * chance().normal() / std::sqrt(precision_[i]);
    }
  }

 private:
  Eigen::VectorXd precision_, seen_, seen_clicks_;
};

/// SquareCB (Foster and Rakhlin 2020): p = 1 / (K + gamma gap), the rest to the best one. Gaps are shares of the best rate, whose
/// estimate has an error of about 1 / sqrt(clicks): gamma = 18 sqrt(K clicks), of the order of their square root of K T.
void fill_by_gaps(std::span<const double> rates, double clicks, double scale, std::span<double> row) {
  const auto arms = static_cast<double>(row.size());
  const double gamma = scale * std::sqrt(arms * clicks);
  const auto best = static_cast<std::size_t>(std::max_element(rates.begin(), rates.end()) - rates.begin());
  double left = 1;
  for (std::size_t arm = 0; arm < row.size(); ++arm) {
    if (arm == best) continue;
    row[arm] = 1 / (arms + gamma * (1 - rates[arm] / rates[best]));
    left -= row[arm];
  }
  row[best] = left;
}

class SquareBandit final : public LogisticBandit {
 public:
  SquareBandit(const CreativeProblem& problem, std::uint64_t seed, bool with_interactions, double gamma)
      : LogisticBandit(problem, seed, with_interactions), rates_(problem.arms), gamma_(gamma) {}

 private:
  void fill(std::uint32_t context, std::span<double> row) override {
    for (std::uint32_t arm = 0; arm < row.size(); ++arm) {
      rates_[arm] = logistic(x_.row(problem().cell(context, arm)).dot(mean_));
    }
    fill_by_gaps(rates_, clicked(), gamma_, row);
  }
  std::vector<double> rates_;
  double gamma_;
};

class StructuredSquareBandit final : public TabledBandit {
 public:
  StructuredSquareBandit(const CreativeProblem& problem, std::uint64_t seed, CreativeBelief::Options options, double gamma)
      : TabledBandit(problem, seed), belief_(problem, options), rates_(problem.arms), gamma_(gamma) {}

 private:
  void fit() override { belief_.fit(shown(), clicks()); }
  void fill(std::uint32_t context, std::span<double> row) override {
    for (std::uint32_t arm = 0; arm < row.size(); ++arm) {
      rates_[arm] = logistic(belief_.means()[problem().cell(context, arm)]);
    }
    fill_by_gaps(rates_, clicked(), gamma_, row);
  }

  CreativeBelief belief_;
  std::vector<double> rates_;
  double gamma_;
};

class StructuredBandit final : public TabledBandit {
 public:
  StructuredBandit(const CreativeProblem& problem, std::uint64_t seed, CreativeBelief::Options options, double alpha)
      : TabledBandit(problem, seed), belief_(problem, options), alpha_(alpha) {}

 private:
  void fit() override {
    belief_.fit(shown(), clicks());
    drawn_ = false;
  }
  void fill(std::uint32_t context, std::span<double> row) override {
    if (!drawn_) draw_best();
    const std::size_t first = problem().cell(context, 0);
    std::copy_n(best_.begin() + static_cast<std::ptrdiff_t>(first), row.size(), row.begin());
  }
  /// One set of samples serves all contexts.
  void draw_best() {
    best_.assign(problem().cells(), 0);
    for (int draw = 0; draw < kDraws; ++draw) {
      belief_.draw(alpha_, chance(), sample_);
      for (std::uint32_t context = 0; context < problem().contexts; ++context) {
        const auto first = sample_.data() + problem().cell(context, 0);
        const auto best = std::max_element(first, first + problem().arms) - first;
        best_[problem().cell(context, static_cast<std::uint32_t>(best))] += 1;
      }
    }
    drawn_ = true;
  }

  CreativeBelief belief_;
  double alpha_;
  std::vector<double> best_;
  Eigen::VectorXd sample_;
  bool drawn_ = false;
};

}  // namespace

TabledBandit::TabledBandit(const CreativeProblem& problem, std::uint64_t seed)
    : problem_(problem),
      chance_(seed),
      shown_(problem.cells()),
      clicks_(problem.cells()),
      rows_(problem.cells()),
      filled_(problem.contexts) {}

std::span<const double> TabledBandit::propensities(std::uint32_t context) {
  if (fitted_at_ < 0) refresh();
  const std::span<double> row(rows_.data() + problem_.cell(context, 0), problem_.arms);
  if (filled_[context] == 0) {
    std::fill(row.begin(), row.end(), 0.0);
    fill(context, row);
    const double sum = std::accumulate(row.begin(), row.end(), 0.0);
    for (double& chance : row) chance /= sum;
    filled_[context] = 1;
  }
  return row;
}

CreativeChoice TabledBandit::choose(std::uint32_t context, base::Rng& chance) {
  const std::span<const double> row = propensities(context);
  double left = chance.uniform();
  std::uint32_t chosen = 0;
  for (std::uint32_t arm = 0; arm < row.size(); ++arm) {
    if (!(row[arm] > 0)) continue;
    chosen = arm;  // what rounding leaves falls to the last arm that has any chance
    if (left < row[arm]) break;
    left -= row[arm];
  }
  return {chosen, static_cast<float>(row[chosen])};
}

void TabledBandit::learn(std::uint32_t context, std::uint32_t arm, bool clicked) {
  const std::uint32_t cell = problem_.cell(context, arm);
  shown_[cell] += 1;
  clicks_[cell] += clicked ? 1 : 0;
  impressions_ += 1;
  clicked_ += clicked ? 1 : 0;
}

void TabledBandit::refresh() {
  if (fitted_at_ >= 0 && impressions_ < kGrowth * fitted_at_) return;
  fit();
  fitted_at_ = impressions_;
  std::fill(filled_.begin(), filled_.end(), std::uint8_t{0});
}

const std::vector<std::string>& creative_bandit_names() {
  static const std::vector<std::string> kNames = {
      "random",      "greedy",     "epsilon_greedy", "beta_ts",  "linucb_disjoint", "linear_ts", "linear_ts_x",
      "logistic_ts", "logistic_ts_x", "squarecb",    "structured_ts", "structured_ts_sparing",
      "structured_squarecb"};
  return kNames;
}

std::unique_ptr<TabledBandit> make_creative_bandit(std::string_view name, const CreativeProblem& problem,
                                                   std::uint64_t seed) {
  if (name == "random") return std::make_unique<RandomBandit>(problem, seed);
  if (name == "greedy") return std::make_unique<CountedBandit>(problem, seed, 0.0);
  if (name == "epsilon_greedy") return std::make_unique<CountedBandit>(problem, seed, kEpsilon);
  if (name == "beta_ts") return std::make_unique<BetaBandit>(problem, seed);
  if (name == "linucb_disjoint") return std::make_unique<LinUcbBandit>(problem, seed);
  if (name == "linear_ts") return std::make_unique<LinearBandit>(problem, seed, false);
  if (name == "linear_ts_x") return std::make_unique<LinearBandit>(problem, seed, true);
  if (name == "logistic_ts") return std::make_unique<LogisticBandit>(problem, seed, false);
  if (name == "logistic_ts_x") return std::make_unique<LogisticBandit>(problem, seed, true);
  if (name == "squarecb") return std::make_unique<SquareBandit>(problem, seed, true, kGamma);
  if (name == "structured_ts") return std::make_unique<StructuredBandit>(problem, seed, kWide, 0.7);
  if (name == "structured_ts_sparing") return std::make_unique<StructuredBandit>(problem, seed, kSparing, 0.4);
  if (name == "structured_squarecb") return std::make_unique<StructuredSquareBandit>(problem, seed, kSparing, kStructuredGamma);
  return nullptr;
}

}  // namespace bandstand::experiments
