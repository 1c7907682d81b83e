// network_test: gradients by differences, learning what can be learned, ranks by hand, stopping and going on.
#include <gtest/gtest.h>

#include <cmath>

#include "learning/sequence/narm.h"
#include "learning/sequence/network_training.h"
#include "learning/sequence/sasrec.h"

namespace bandstand::learning {
namespace {

constexpr Eigen::Index kItems = 11;

Visits some_visits() {
  Visits visits;
  for (const std::vector<Item>& visit : std::vector<std::vector<Item>>{{0, 1, 2, 3, 4}, {5, 6}, {7, 7, 2}, {9, 10, 8, 1}}) visits.add(visit);
  return visits;
}

NarmOptions small_narm() { return {.width = 5, .hidden = 6, .window = 3, .input_dropout = .25f, .output_dropout = .5f, .seed = 3}; }

/// Loss of the visits under the dropout of that seed; with `learn` the gradients are left in the parameters.
double loss_of(SequenceNetwork& network, const Visits& visits, bool learn) {
  std::vector<std::span<const Item>> prefixes;
  for (std::size_t v = 0; v < visits.size(); ++v) prefixes.push_back(visits[v].first(visits[v].size() - 1));
  PackedVisits packed;
  packed.pack(prefixes);
  std::vector<Item> targets(static_cast<std::size_t>(packed.rows()));
  for (Eigen::Index v = 0; v < packed.visits(); ++v) {
    for (Eigen::Index t = 0; t < packed.length(v); ++t) {
      targets[static_cast<std::size_t>(packed.row(v, t))] = visits[packed.source(v)][static_cast<std::size_t>(t) + 1];
    }
  }
  base::Rng rng(5);
  SoftmaxLoss softmax;
  Matrix gradient;
  const double loss = softmax.learn(network.forward(packed, &rng), targets, network.items(), gradient);
  if (learn) {
    network.backward(gradient);
  } else {
    network.items().gradient.setZero();
  }
  return loss / static_cast<double>(packed.rows());
}

/// Every parameter's gradient against the difference of two losses.
void expect_gradients(SequenceNetwork& network) {
  const Visits visits = some_visits();
  // Larger values than at the start, so that no part of the network is in its linear range.
  base::Rng rng(8);
  for (const auto& [name, parameter] : network.parameters()) fill_normal(parameter->value, .5f, rng);
  loss_of(network, visits, true);
  std::map<std::string, Matrix> gradients;
  for (const auto& [name, parameter] : network.parameters()) {
    gradients[name] = parameter->gradient;
    parameter->gradient.setZero();
  }
  for (const auto& [name, parameter] : network.parameters()) {
    EXPECT_GT(gradients[name].cwiseAbs().maxCoeff(), 1e-4f) << name;
    const float step = 1e-2f;
    for (Eigen::Index i = 0; i < parameter->value.size(); ++i) {
      float& value = parameter->value.data()[i];
      const float kept = value;
      value = kept + step;
      const double above = loss_of(network, visits, false);
      value = kept - step;
      const double below = loss_of(network, visits, false);
      value = kept;
      const double expected = (above - below) / (2 * static_cast<double>(step));
      EXPECT_NEAR(static_cast<double>(gradients[name].data()[i]), expected, 3e-3 * std::abs(expected) + 2e-4) << name << " " << i;
    }
  }
}

TEST(Narm, GradientsAreThoseOfDifferences) {
  Narm narm(kItems, small_narm());
  expect_gradients(narm);
}

TEST(Sasrec, GradientsAreThoseOfDifferences) {
  Sasrec sasrec(kItems, {.width = 6, .window = 3, .blocks = 2, .dropout = .25f, .seed = 3});
  expect_gradients(sasrec);
}

TEST(SoftmaxLoss, ASampleOfAllItemsIsTheFullLoss) {
  base::Rng rng(4);
  Parameter items(600, 5), same(600, 5);
  fill_normal(items.value, .5f, rng);
  same.value = items.value;
  Matrix vectors(3, 5), gradient, sampled_gradient;
  fill_normal(vectors, 1, rng);
  const std::vector<Item> targets{7, 599, 7};
  SoftmaxLoss softmax;
  const double full = softmax.learn(vectors, targets, items, gradient);
  EXPECT_NEAR(softmax.learn_sampled(vectors, targets, same, sampled_gradient, 600, rng), full, 1e-4);
  EXPECT_LT((gradient - sampled_gradient).cwiseAbs().maxCoeff(), 1e-5f);
  EXPECT_LT((items.gradient - same.gradient).cwiseAbs().maxCoeff(), 1e-5f);
}

TEST(SoftmaxLoss, ASampleEstimatesTheDenominators) {
  base::Rng rng(4);
  Parameter items(2000, 5);
  fill_normal(items.value, .5f, rng);
  Matrix vectors(3, 5), gradient, mean = Matrix::Zero(2000, 5);
  fill_normal(vectors, 1, rng);
  const std::vector<Item> targets{7, 599, 7};
  SoftmaxLoss softmax;
  const double full = softmax.learn(vectors, targets, items, gradient);
  const Matrix expected = items.gradient;
  double sum = 0;
  for (int i = 0; i < 400; ++i) {
    items.gradient.setZero();
    sum += softmax.learn_sampled(vectors, targets, items, gradient, 200, rng) / 400;
    mean += items.gradient / 400;
  }
  EXPECT_NEAR(sum, full, .02);  // 3 log(2000) = 22.8
  EXPECT_LT((mean - expected).norm(), .05f * expected.norm());
}

}  // namespace
}  // namespace bandstand::learning
