// train_fraud: logistic regression by AdaGrad on the features that shards computed, in worlds where rules, where blocks and where
// a first model held.
#include "app/train_fraud.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <ostream>
#include <span>

#include "app/fraud_world.h"
#include "base/rng.h"
#include "base/words.h"

namespace bandstand::app {
namespace {

using agents::fraud::FraudModel;
using agents::fraud::kFraudFeatures;

constexpr float kMarginMin = .25f;

/// Who polices the world that rows come from, and whether it is attacked. What is refused is not seen again, so that each policy
/// shows a learner other things of the same intruders.
struct WorldPlan {
  FraudPolicy policy{};
  bool attacked = true;
};
constexpr WorldPlan kWithoutModel[] = {{FraudPolicy::rules}, {FraudPolicy::score}};
constexpr WorldPlan kWithModel[] = {{FraudPolicy::learned}, {FraudPolicy::learned, false}};

/// Appends the requests of a world for each seed and plan, all attacks at once where it is attacked.
void add_rows(std::pair<std::uint64_t, std::uint64_t> seeds, std::span<const WorldPlan> plans,
              const agents::fraud::FraudModelPtr& model, std::vector<FraudRow>& out, std::ostream& err) {
  std::vector<simulation::AttackKind> all;
  for (std::size_t i = 1; i < simulation::kAttackKinds; ++i)
    all.push_back(static_cast<simulation::AttackKind>(i));
  for (std::uint64_t seed = seeds.first; seed <= seeds.second; ++seed) {
    for (const WorldPlan& plan : plans) {
      FraudWorldOptions world;
      world.seed = seed;
      world.policy = plan.policy;
      world.model = model;
      if (plan.attacked) world.attacks = all;
      world.intensity = .5;
      world.rows = true;
      const auto result = run_fraud_world(world);
      out.insert(out.end(), result.rows.begin(), result.rows.end());
    }
    err << "world " << seed << ": " << out.size() << " requests\n";
  }
}

/// Weighted so that the public is `valid_share` of the whole.
FraudModel fit(const std::vector<FraudRow>& rows, const TrainFraudOptions& options, std::ostream& err) {
  double fraud = 0;
  for (const FraudRow& row : rows) fraud += row.fraud() ? 1 : 0;
  const double n = static_cast<double>(rows.size());
  const double weight_fraud = (1 - options.valid_share) * n / std::max(1.0, fraud);
  const double weight_valid = options.valid_share * n / std::max(1.0, n - fraud);
  std::array<double, kFraudFeatures + 1> weight{}, squares{};
  weight[kFraudFeatures] = -3;
  base::Rng rng(1);
  std::vector<std::uint32_t> order(rows.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
    double loss = 0;
    for (const std::uint32_t index : order) {
      const FraudRow& row = rows[index];
      double logit = weight[kFraudFeatures];
      for (std::size_t i = 0; i < kFraudFeatures; ++i)
        logit += weight[i] * static_cast<double>(row.features[i]);
      const double p = 1 / (1 + std::exp(-logit));
      const double importance = row.fraud() ? weight_fraud : weight_valid;
      loss -= importance * std::log(std::max(1e-12, row.fraud() ? p : 1 - p));
      const double error = importance * (p - (row.fraud() ? 1 : 0));
      for (std::size_t i = 0; i <= kFraudFeatures; ++i) {
        const double x = i == kFraudFeatures ? 1 : static_cast<double>(row.features[i]);
        if (x == 0) continue;
        const double gradient = error * x + (i == kFraudFeatures ? 0 : options.decay * weight[i]);
        squares[i] += gradient * gradient;
        weight[i] -= options.rate * gradient / std::sqrt(squares[i] + 1e-8);
      }
    }
    err << "epoch " << epoch + 1 << " of " << options.epochs << ": log loss " << loss / n << "\n";
  }
  FraudModel model;
  for (std::size_t i = 0; i < kFraudFeatures; ++i) model.weight[i] = static_cast<float>(weight[i]);
  model.bias = static_cast<float>(weight[kFraudFeatures]);
  return model;
}

/// The least margin at which at most `valid_refused_max` of valid requests are refused; never below a quarter of the price.
float margin_of(const FraudModel& model, const std::vector<FraudRow>& rows, double valid_refused_max) {
  std::vector<float> valid;
  for (const FraudRow& row : rows) {
    if (!row.fraud()) valid.push_back(model.probability(row.features));
  }
  const auto spare = static_cast<std::size_t>(valid_refused_max * static_cast<double>(valid.size()));
  if (spare >= valid.size()) return kMarginMin;
  std::nth_element(valid.begin(), valid.begin() + static_cast<std::ptrdiff_t>(spare), valid.end(), std::greater<>());
  const float p = std::min(.999f, std::nextafter(valid[spare], 1.0f));  // which is not refused itself
  return std::max(kMarginMin, p / (1 - p));
}

}  // namespace

int train_fraud(const TrainFraudOptions& options, std::ostream& out, std::ostream& err) {
  const auto seeds = base::read_seeds(options.seeds);
  const auto test = base::read_seeds(options.test);
  if (!seeds || !test) {
    err << "bandstand-lab: --seeds and --test: write 101..110, or one number\n";
    return 2;
  }
  if (options.epochs < 1 || !(options.rate > 0) || !(options.decay >= 0) ||
      !(options.valid_share > 0 && options.valid_share < 1) ||
      !(options.valid_refused_max >= 0 && options.valid_refused_max < 1)) {
    err << "bandstand-lab: --epochs and --rate above 0, --decay at least 0, --valid-share and --valid-refused-max between "
           "0 and 1\n";
    return 2;
  }
  const auto as_policy = [](const FraudModel& model) { return std::make_shared<const FraudModel>(model); };
  std::vector<FraudRow> rows, own;
  add_rows(*seeds, kWithoutModel, nullptr, rows, err);
  FraudModel first = fit(rows, options, err);
  first.margin_over_price = margin_of(first, rows, options.valid_refused_max);
  // Again, with the worlds that such a model makes by its refusals, as it will where it serves (DAgger: Ross, Gordon and Bagnell,
  // 2011).
  add_rows(*seeds, kWithModel, as_policy(first), own, err);
  rows.insert(rows.end(), own.begin(), own.end());
  FraudModel model = fit(rows, options, err);
  model.margin_over_price = margin_of(model, own, options.valid_refused_max);
  std::vector<FraudRow> judging;
  add_rows(*test, kWithoutModel, nullptr, judging, err);
  add_rows(*test, kWithModel, as_policy(model), judging, err);
  std::vector<std::pair<float, bool>> scored;
  std::array<std::size_t, simulation::kAttackKinds> all{}, refused{};
  for (const FraudRow& row : judging) {
    const float p = model.probability(row.features);
    scored.emplace_back(p, row.fraud());
    const auto kind = static_cast<std::size_t>(row.attack);
    ++all[kind];
    refused[kind] += p >= model.refuse_from() ? 1 : 0;
  }
  const auto share = [](std::size_t part, std::size_t whole) {
    return static_cast<double>(part) / static_cast<double>(std::max<std::size_t>(1, whole));
  };
  std::size_t fraud = 0, found = 0;
  std::string by_attack;
  for (std::size_t kind = 1; kind < simulation::kAttackKinds; ++kind) {
    fraud += all[kind];
    found += refused[kind];
    char one[80];
    std::snprintf(one, sizeof one, "%s\"%s\":%.4f", kind == 1 ? "" : ",",
                  std::string(simulation::name_of(static_cast<simulation::AttackKind>(kind))).c_str(),
                  share(refused[kind], all[kind]));
    by_attack += one;
  }
  char line[400];
  std::snprintf(line, sizeof line,
                "{\"rows\":%zu,\"seeds\":\"%s\",\"test\":\"%s\",\"epochs\":%d,\"margin_over_price\":%.3f,"
                "\"test_rows\":%zu,\"auc\":%.5f,\"recall\":%.4f,\"valid_refused\":%.6f,\"recall_of\":{",
                rows.size(), options.seeds.c_str(), options.test.c_str(), options.epochs,
                static_cast<double>(model.margin_over_price), judging.size(), area_under_curve(scored), share(found, fraud),
                share(refused[0], all[0]));
  const std::string training = line + by_attack + "}}";
  out << training << "\n";
  if (options.out.empty()) return 0;
  const auto written = model::write_model(options.out, model.file(training));
  if (!written) err << "bandstand-lab: " << options.out << ": " << written.error().what << "\n";
  return written ? 0 : 1;
}

}  // namespace bandstand::app
