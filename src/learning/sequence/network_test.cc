// network_test: gradients by differences, learning what can be learned, ranks by hand, stopping and going on.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "learning/sequence/narm.h"
#include "learning/sequence/network_training.h"
#include "learning/sequence/sasrec.h"

namespace bandstand::learning {
namespace {

constexpr Eigen::Index kItems = 11;

Visits some_visits() {
  Visits visits;
  const std::vector<std::vector<Item>> all{{0, 1, 2, 3, 4}, {5, 6}, {7, 7, 2}, {9, 10, 8, 1}};
  for (const auto& visit : all) visits.add(visit);
  return visits;
}

NarmOptions small_narm() { return {.width = 5, .hidden = 6, .window = 3, .seed = 3}; }

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

TEST(RankTargets, CountsWhatIsBefore) {
  Matrix items(5, 1), vectors(4, 1);
  items << 1, 3, 2, 3, 0;
  vectors << 1, 1, 1, -1;
  const std::vector<Item> targets{1, 3, 9, 4};
  std::vector<std::uint32_t> ranks(4);
  rank_targets(vectors, targets, items, ranks);
  EXPECT_EQ(ranks, (std::vector<std::uint32_t>{1, 2, 0, 1}));  // of equal scores the smaller number is before
}

TEST(RankTargets, AcrossBlocksAsBySorting) {
  base::Rng rng(6);
  Matrix items(1300, 3), vectors(7, 3);
  fill_normal(items, 1, rng);
  fill_normal(vectors, 1, rng);
  std::vector<Item> targets;
  for (int i = 0; i < 7; ++i) targets.push_back(static_cast<Item>(rng.below(1300)));
  std::vector<std::uint32_t> ranks(7);
  rank_targets(vectors, targets, items, ranks);
  const Matrix scores = vectors * items.transpose();
  for (Eigen::Index i = 0; i < 7; ++i) {
    const auto target = targets[static_cast<std::size_t>(i)];
    EXPECT_EQ(ranks[static_cast<std::size_t>(i)], (scores.row(i).array() > scores(i, target) + 1e-6f).count() + 1);
  }
}

TEST(PackedVisits, LongestFirstClickByClick) {
  const std::vector<Item> a{1, 2}, b{3, 4, 5}, c{6, 7};
  const std::vector<std::span<const Item>> prefixes{a, b, c};
  PackedVisits packed;
  packed.pack(prefixes);
  EXPECT_EQ(packed.rows(), 7);
  EXPECT_EQ(packed.steps(), 3);
  EXPECT_EQ(packed.source(0), 1u);
  EXPECT_EQ(packed.source(2), 2u);
  EXPECT_EQ(packed.width(2), 1);
  std::vector<Item> rows;
  for (Eigen::Index row = 0; row < 7; ++row) rows.push_back(packed.item(row));
  EXPECT_EQ(rows, (std::vector<Item>{3, 1, 6, 4, 2, 7, 5}));
}

TEST(Ranking, ExamplesOfOneVisitAreTold) {
  Visits examples;
  examples.add(std::vector<Item>{1, 2, 3}, 2);
  examples.add(std::vector<Item>{1, 2}, 1);
  examples.add(std::vector<Item>{5, 6}, 1);
  EXPECT_EQ(visits_of_targets(examples), (std::vector<std::size_t>{0, 0, 1}));
  const std::vector<std::uint32_t> ranks{1, 4, 0, 21};
  EXPECT_EQ(figures_of(ranks).hits, 2u);
  EXPECT_DOUBLE_EQ(figures_of(ranks).mrr(), 1.25 / 4);
}

/// Visits that walk a ring: what comes next is certain, but only by the last two clicks, as half walk the other way.
Visits ring(std::size_t count, std::uint64_t seed) {
  base::Rng rng(seed);
  Visits out;
  for (std::size_t v = 0; v < count; ++v) {
    const std::uint64_t step = rng.chance(.5) ? 1 : 24;
    std::vector<Item> visit{static_cast<Item>(rng.below(25))};
    while (visit.size() < 5) visit.push_back(static_cast<Item>((visit.back() + step) % 25));
    out.add(visit, 2);
  }
  return out;
}

/// Trains on a ring; the share of test targets that are ranked first.
double learn_ring(SequenceNetwork& network, const NetworkTrainingOptions& options, int epochs) {
  const Visits train = ring(800, 1), test = ring(200, 2);
  NetworkTraining training(network, train, options);
  for (int i = 0; i < epochs; ++i) training.epoch([](const TrainingProgress&) { return true; });
  const auto ranks = rank_visits(network, test);
  return static_cast<double>(std::count(ranks.begin(), ranks.end(), 1u)) / static_cast<double>(ranks.size());
}

TEST(NetworkTraining, NarmLearnsARing) {
  Narm narm(25, {.width = 16, .hidden = 24});
  EXPECT_GT(learn_ring(narm, {.batch = 64, .rate = 1e-2f, .halve_from = 100}, 8), .95);
}

TEST(NetworkTraining, SasrecLearnsARing) {
  Sasrec sasrec(25, {.width = 16, .dropout = .1f});
  EXPECT_GT(learn_ring(sasrec, {.batch = 64, .rate = 1e-2f, .halve_from = 100}, 8), .95);
}

TEST(NetworkTraining, ASampleIsEnough) {
  Narm narm(25, {.width = 16, .hidden = 24});
  EXPECT_GT(learn_ring(narm, {.batch = 8, .rate = 1e-2f, .halve_from = 100, .sampled = 5}, 8), .95);
}

TEST(NetworkTraining, StoppedAndResumedIsTheSame) {
  const Visits train = ring(60, 1);
  const NetworkTrainingOptions options{.batch = 32, .seed = 4};
  const auto watch = [](const TrainingProgress&) { return true; };
  model::ModelFile straight{"k", "{}", "{}", {}}, stopped = straight, resumed = straight;
  Narm narm(25, small_narm());
  NetworkTraining training(narm, train, options);
  training.epoch(watch);
  training.save(stopped, true);
  training.epoch(watch);
  training.save(straight, true);

  Narm other(25, {.width = 5, .hidden = 6, .window = 3, .seed = 99});
  NetworkTraining again(other, train, options);
  ASSERT_TRUE(again.load(stopped));
  EXPECT_EQ(again.epochs_done(), 1);
  again.epoch(watch);
  again.save(resumed, true);
  EXPECT_EQ(resumed, straight);
  stopped.tensors.erase("items.first");
  EXPECT_EQ(again.load(stopped).error().code, base::Code::not_found);
}

TEST(NetworkTraining, UnknownItemsAreLeftOut) {
  Narm narm(25, small_narm());
  Visits visits;
  visits.add(std::vector<Item>{30, 3, 31, 4});  // nothing known before 3; 31 is no item of the network
  visits.add(std::vector<Item>{3, 4});
  const auto ranks = rank_visits(narm, visits);
  EXPECT_EQ(ranks[0], 0u);
  EXPECT_EQ(ranks[1], 0u);
  EXPECT_EQ(ranks[2], ranks[3]);
  EXPECT_GT(ranks[3], 0u);
}

}  // namespace
}  // namespace bandstand::learning
