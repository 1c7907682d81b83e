// neural_linear: towers by Adam, head by Newton, choices by joint samples.
#include "experiments/neural_linear.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "experiments/creative_belief.h"

namespace bandstand::experiments {
namespace {

using agents::creative::Context;

constexpr int kDraws = 256;  ///< joint samples a row
constexpr double kInterceptPrecision = 0.2;

std::uint64_t feature(std::uint64_t kind, std::uint64_t name) { return base::mix64(kind << 32 ^ name); }

std::vector<std::uint64_t> user_features(const Context& context) {
  return {feature(1, context.user_topic), feature(2, context.device), feature(3, context.placement), feature(4, context.seen)};
}

std::vector<std::uint64_t> creative_features(const agents::creative::CreativeTraits& traits) {
  std::vector<std::uint64_t> out{feature(5, traits.creative), feature(6, traits.size)};
  for (const std::uint32_t attribute : traits.attributes) out.push_back(feature(7, attribute));
  for (const std::uint32_t topic : traits.topics) out.push_back(feature(1, topic));  // a topic is one name for both towers
  return out;
}

CreativeProblem problem_of(const domain::Catalogue& catalogue, std::size_t contexts, double base_rate) {
  return {.arms = static_cast<std::uint32_t>(catalogue.creatives.size()),
          .contexts = static_cast<std::uint32_t>(contexts),
          .factors = {},
          .base_rate = base_rate};
}

void set_row(const std::vector<std::uint64_t>& features, Eigen::Index row, learning::Mlp::Matrix& out) {
  const auto width = static_cast<std::uint64_t>(out.cols());
  for (const std::uint64_t each : features) out(row, static_cast<Eigen::Index>(each % width)) += 1;
}

}  // namespace

NeuralLinear::NeuralLinear(const domain::Catalogue& catalogue, const std::vector<Context>& contexts, double base_rate,
                           std::uint64_t seed)
    : NeuralLinear(catalogue, contexts, base_rate, seed, Options{}) {}

NeuralLinear::NeuralLinear(const domain::Catalogue& catalogue, const std::vector<Context>& contexts, double base_rate,
                           std::uint64_t seed, const Options& options)
    : TabledBandit(problem_of(catalogue, contexts.size(), base_rate), seed),
      options_(options),
      rng_(base::mix64(seed ^ 0x2707E5)),
      user_({options.user_width, options.hidden, options.dimension}, rng_),
      creative_({options.creative_width, options.hidden, options.dimension}, rng_) {
  const agents::creative::CatalogueTraits traits(catalogue);
  for (const Context& context : contexts) users_.push_back(user_features(context));
  for (std::uint32_t arm = 0; arm < problem().arms; ++arm) {
    creatives_.push_back(creative_features(traits.of(catalogue.line_items[0].id.value, arm)));
  }
}

model::ModelFile NeuralLinear::towers() const {
  model::ModelFile file{.kind = "creative.two_tower", .schema = "{}", .training = "{}", .tensors = {}};
  user_.save("user", file.tensors);
  creative_.save("creative", file.tensors);
  return file;
}

void NeuralLinear::fit() {
  const double known = std::accumulate(shown().begin(), shown().end(), 0.0);
  if (known < options_.train_from) return;
  if (trained_at_ == 0 || known >= options_.train_growth * trained_at_) {
    train(known);
    embed();
    trained_at_ = known;
  }
  fit_head();
}

void NeuralLinear::train(double known) {
  // All pairs that were shown, each weighted by how often: the loss of the log, impression by impression.
  std::vector<std::uint32_t> cells;
  for (std::uint32_t cell = 0; cell < problem().cells(); ++cell) {
    if (shown()[cell] > 0) cells.push_back(cell);
  }
  const auto rows = static_cast<Eigen::Index>(cells.size());
  Matrix users = Matrix::Zero(rows, options_.user_width);
  Matrix creatives = Matrix::Zero(rows, options_.creative_width);
  Eigen::ArrayXf n(rows), k(rows);
  for (Eigen::Index row = 0; row < rows; ++row) {
    const std::uint32_t cell = cells[static_cast<std::size_t>(row)];
    set_row(users_[cell / problem().arms], row, users);
    set_row(creatives_[cell % problem().arms], row, creatives);
    n[row] = static_cast<float>(shown()[cell] / known);
    k[row] = static_cast<float>(clicks()[cell] / known);
  }
  const float level = std::log((k.sum() + 1e-6f) / (1 - k.sum()));
  // A prior of variance 1 a weight, against a loss that is a mean over impressions.
  const learning::AdamRates rates{.rate = options_.rate, .l2 = static_cast<float>(1 / known)};
  for (int step = 0; step < options_.steps; ++step) {
    const Matrix& u = user_.forward(users);
    const Matrix& c = creative_.forward(creatives);
    const Eigen::ArrayXf logits = level + u.cwiseProduct(c).rowwise().sum().array();
    const Eigen::ArrayXf pull = n / (1 + (-logits).exp()) - k;
    const Matrix to_user = c.array().colwise() * pull;
    const Matrix to_creative = u.array().colwise() * pull;
    user_.backward(to_user);
    creative_.backward(to_creative);
    user_.step(rates);
    creative_.step(rates);
  }
}

void NeuralLinear::embed() {
  const auto serving = model::TwoTower::from(towers());
  BANDSTAND_CHECK(serving.has_value());
  const auto size = static_cast<Eigen::Index>(serving->dimension());
  Eigen::VectorXf u(size), c(size);
  phi_.resize(problem().cells(), 2 * size);
  mean_.resize(0);  // of other vectors
  for (std::uint32_t arm = 0; arm < problem().arms; ++arm) {
    serving->creative(creatives_[arm], {c.data(), static_cast<std::size_t>(size)});
    for (std::uint32_t context = 0; context < problem().contexts; ++context) {
      serving->user(users_[context], {u.data(), static_cast<std::size_t>(size)});
      phi_.row(problem().cell(context, arm)) << u.cwiseProduct(c).cast<double>().transpose(), c.cast<double>().transpose();
    }
  }
}

void NeuralLinear::fit_head() {
  const Eigen::Index cells = phi_.rows();
  Eigen::MatrixXd x(cells, 1 + phi_.cols());
  x << Eigen::VectorXd::Ones(cells), phi_;
  const Eigen::MatrixXd centred = phi_.rowwise() - phi_.colwise().mean();
  const double variance = std::max(centred.squaredNorm() / static_cast<double>(cells), 1e-6);
  Eigen::VectorXd prior = Eigen::VectorXd::Constant(x.cols(), variance / (options_.spread * options_.spread));
  prior[0] = kInterceptPrecision;
  Eigen::VectorXd centre = Eigen::VectorXd::Zero(x.cols());
  centre[0] = std::log(problem().base_rate / (1 - problem().base_rate));
  const Eigen::Map<const Eigen::VectorXd> n(shown().data(), cells), k(clicks().data(), cells);
  Eigen::VectorXd w = mean_.size() == 0 ? centre : mean_;
  for (int step = 0; step < 6; ++step) {
    const Eigen::VectorXd p = (x * w).unaryExpr(&logistic);
    const Eigen::VectorXd information = n.array() * p.array() * (1 - p.array());
    Eigen::MatrixXd hessian = x.transpose() * information.asDiagonal() * x;
    hessian.diagonal() += prior;
    precision_.compute(hessian);
    w -= precision_.solve(prior.cwiseProduct(w - centre) - x.transpose() * (k - n.cwiseProduct(p)));
  }
  mean_ = w;
}

void NeuralLinear::fill(std::uint32_t context, std::span<double> row) {
  if (trained_at_ == 0) {
    std::fill(row.begin(), row.end(), 1.0);
    return;
  }
  const auto cells = phi_.middleRows(problem().cell(context, 0), static_cast<Eigen::Index>(row.size()));
  Eigen::VectorXd sample(mean_.size()), scores(cells.rows());
  for (int draw = 0; draw < kDraws; ++draw) {
    for (double& value : sample) value = options_.alpha * chance().normal();
    precision_.matrixU().solveInPlace(sample);
    sample += mean_;
    scores.noalias() = cells * sample.tail(phi_.cols());
    Eigen::Index best = 0;
    scores.maxCoeff(&best);
    row[static_cast<std::size_t>(best)] += 1;
  }
}

}  // namespace bandstand::experiments
