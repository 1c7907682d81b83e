// learner_test: algorithm 1 by hand, gradients by differences, known worlds, and files of models.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/rng.h"
#include "learning/dataset/data_for_tests.h"
#include "learning/response/click_world.h"
#include "learning/response/dcn.h"
#include "learning/response/ftrl.h"
#include "learning/response/fwfm.h"
#include "learning/response/metrics.h"
#include "learning/response/rate_table.h"

namespace bandstand::learning {
namespace {

/// Predictions beside the truth.
struct Judged {
  std::vector<double> p, truth;
  std::vector<std::uint8_t> y;
  [[nodiscard]] double entropy_gap() const { return normalised_entropy(p, y) / normalised_entropy(truth, y) - 1; }
  [[nodiscard]] double auc_gap() const { return area_under_curve(truth, y) - area_under_curve(p, y); }
};

/// Learns from the first `train` rows of the world, judges on the others.
Judged judge(Learner& learner, const ClickWorldOptions& options, std::uint64_t train) {
  auto world = open_click_world(options);
  Judged out;
  Row row;
  for (std::uint64_t i = 0; *world->next(row); ++i) {
    if (i < train) {
      learner.learn(row.features, row.label);
      continue;
    }
    out.p.push_back(learner.predict(row.features));
    out.truth.push_back(*row.prediction);
    out.y.push_back(row.label);
  }
  return out;
}

std::vector<Feature> features_of(std::initializer_list<Feature> features) { return features; }

TEST(Ftrl, FollowsAlgorithmOne) {
  const FtrlOptions options{.bits = 4, .alpha = 0.5f, .beta = 1, .l1 = 0.1f, .l2 = 2};
  Ftrl ftrl(options);
  double z = 0, n = 0, bias_z = 0, bias_n = 0;
  const auto weight = [&](double at_z, double at_n, double l1, double l2) {
    if (std::abs(at_z) <= l1) return 0.0;
    return -(at_z - std::copysign(l1, at_z)) / ((options.beta + std::sqrt(at_n)) / options.alpha + l2);
  };
  const auto update = [&](double& at_z, double& at_n, double w, double g) {
    const double sigma = (std::sqrt(at_n + g * g) - std::sqrt(at_n)) / options.alpha;
    at_z += g - sigma * w;
    at_n += g * g;
  };
  const double x = 1.5;
  for (int i = 0; i < 50; ++i) {
    const bool label = i % 3 == 0;
    const double w = weight(z, n, options.l1, options.l2), bias = weight(bias_z, bias_n, 0, 0);
    const double p = sigmoid(w * x + bias);
    EXPECT_NEAR(ftrl.learn(features_of({{7, 0, 1.5f}}), label), p, 1e-5) << "row " << i;
    update(z, n, w, (p - label) * x);
    update(bias_z, bias_n, bias, p - label);
  }
}

TEST(Learner, AddsToWhatIsKnownFromElsewhere) {
  Ftrl ftrl({.bits = 4});
  Fwfm fwfm({.bits = 4, .fields = 1});
  Dcn dcn({.bits = 4, .fields = 1});
  for (Learner* learner : std::initializer_list<Learner*>{&ftrl, &fwfm, &dcn}) {
    EXPECT_NEAR(learner->predict({}, -2), sigmoid(-2), 1e-6);
    for (int i = 0; i < 100; ++i) learner->learn(features_of({{1, 0, 1}}), i % 10 == 0, -2.2f);  // the offset is right
    EXPECT_NEAR(learner->predict(features_of({{1, 0, 1}}), -2.2f), 0.1, 0.04);
  }
}

TEST(RateTable, ShrinksToTheBaseRateAndComesBackFromAFile) {
  RateTable rates(4, 0.1f);
  EXPECT_NEAR(rates.rate(3), 0.1, 1e-6);
  for (int i = 0; i < 90; ++i) rates.learn(3, i < 45);
  EXPECT_NEAR(rates.rate(3), 46.0 / 100, 1e-6);
  EXPECT_NEAR(rates.log_odds(3), std::log(0.46 / 0.54), 1e-5);
  model::ModelFile file;
  rates.save(file);
  RateTable other(4, 0.5f);
  ASSERT_TRUE(other.load(file));
  EXPECT_EQ(other.rate(3), rates.rate(3));
  EXPECT_EQ(other.rate(4), rates.rate(4));
  file.tensors["rate.counts"].values[1] = 1;  // a positive without a row
  EXPECT_EQ(other.load(file).error().code, base::Code::corrupt);
  EXPECT_EQ(RateTable(5, 0.5f).load(file).error().code, base::Code::conflict);
}

TEST(Ftrl, L1KeepsRareFeaturesAtZero) {
  Ftrl dense({.bits = 10, .l1 = 0}), sparse({.bits = 10, .l1 = 1});
  for (Ftrl* ftrl : {&dense, &sparse}) {
    for (std::uint64_t i = 0; i < 500; ++i) ftrl->learn(features_of({{i, 0, 1}}), i % 4 == 0);
  }
  EXPECT_EQ(dense.weights(), 500u);
  EXPECT_EQ(sparse.weights(), 0u);
}

TEST(Ftrl, ComesCloseToTheBayesRateOfALinearWorld) {
  Ftrl ftrl({.bits = 18});
  const Judged judged = judge(ftrl, {.rows = 1'700'000}, 1'500'000);
  EXPECT_GT(judged.y.size(), 0u);
  EXPECT_LT(judged.entropy_gap(), 0.01);
  EXPECT_LT(judged.auc_gap(), 0.005);
}

TEST(Fwfm, FollowsTheGradient) {
  // With one step of AdaGrad from nothing each weight moves by the rate against the sign of its gradient; compare signs with
  // differences of the loss, through what predict says.
  const FwfmOptions options{.bits = 4, .fields = 3, .rate = 0.01f, .pair_rate = 0.01f, .l2 = 0, .spread = 0.5f, .seed = 3};
  const auto row = features_of({{1, 0, 1}, {2, 1, 2}, {3, 2, 1}});
  for (const bool label : {false, true}) {
    Fwfm fwfm(options);
    model::ModelFile before, after;
    fwfm.save(before);
    fwfm.learn(row, label);
    fwfm.save(after);
    for (const char* name : {"weight", "vector", "pair", "bias"}) {
      for (std::size_t i = 0; i < before.tensors[name].values.size(); ++i) {
        const float moved = after.tensors[name].values[i] - before.tensors[name].values[i];
        const auto loss_at = [&](float change) {
          model::ModelFile file = before;
          file.tensors[name].values[i] += change;
          Fwfm other(options);
          EXPECT_TRUE(other.load(file));
          const double p = other.predict(row);
          return -std::log(label ? p : 1 - p);
        };
        const double slope = (loss_at(0.01f) - loss_at(-0.01f)) / 0.02;
        if (std::abs(slope) < 1e-3) continue;
        EXPECT_LT(slope * moved, 0) << name << '[' << i << "], label " << label;
      }
    }
  }
}

TEST(Fwfm, LearnsWhatALinearModelCannot) {
  const auto both = [](Learner& learner) {
    base::Rng rng(5);
    double right = 0;
    for (int i = 0; i < 40'000; ++i) {
      const std::uint64_t a = rng.below(2), b = rng.below(2);
      const bool label = a != b;
      const double p = learner.learn(features_of({{a, 0, 1}, {2 + b, 1, 1}}), label);
      if (i >= 30'000) right += (p > 0.5) == label;
    }
    return right / 10'000;
  };
  Ftrl ftrl({.bits = 8});
  Fwfm fwfm({.bits = 8, .fields = 2});
  EXPECT_LT(both(ftrl), 0.7);
  EXPECT_GT(both(fwfm), 0.99);
}

template <class T>
void expect_resumed_as_never_stopped(const T& fresh) {
  const ClickWorldOptions world{.pairs = true, .rows = 4000, .seed = 9};
  T whole = fresh, first = fresh, second = fresh;
  const auto learn = [&](T& learner, std::uint64_t from, std::uint64_t to) {
    auto reader = open_click_world(world);
    Row row;
    for (std::uint64_t i = 0; *reader->next(row); ++i) {
      if (i >= from && i < to) learner.learn(row.features, row.label);
    }
  };
  learn(whole, 0, 4000);
  learn(first, 0, 2000);
  model::ModelFile stopped;
  first.save(stopped);
  ASSERT_TRUE(second.load(model::decode_model(model::encode_model(stopped).value()).value()));
  learn(second, 2000, 4000);
  model::ModelFile a, b;
  whole.save(a);
  second.save(b);
  EXPECT_EQ(a, b);
}

TEST(Learner, GoesOnFromAFileBitForBit) {
  expect_resumed_as_never_stopped(Ftrl({.bits = 10}));
  expect_resumed_as_never_stopped(Fwfm({.bits = 8, .fields = 16}));
  expect_resumed_as_never_stopped(Dcn({.bits = 8, .fields = 16, .batch = 48}));  // stops within a batch
}

TEST(Learner, RefusesAFileOfAnotherSizeOrKind) {
  Ftrl small({.bits = 3});
  Fwfm other({.bits = 3, .fields = 4});
  model::ModelFile file;
  small.save(file);
  EXPECT_EQ(Ftrl({.bits = 4}).load(file).error().code, base::Code::conflict);
  EXPECT_FALSE(other.load(file));
  file.tensors["ftrl.n"].values[0] = -1;
  EXPECT_EQ(small.load(file).error().code, base::Code::corrupt);
  file.tensors.erase("ftrl.z");
  EXPECT_EQ(small.load(file).error().code, base::Code::not_found);
}

TEST(Learner, AFileWithFlippedBitsIsRefusedOrRead) {
  Fwfm fwfm({.bits = 1, .fields = 2});
  model::ModelFile file;
  file.kind = fwfm.kind();
  fwfm.save(file);
  const std::string bytes = model::encode_model(file).value();
  int loaded = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    const auto read = model::decode_model(damaged);
    if (!read || !fwfm.load(*read)) continue;
    ++loaded;
    EXPECT_TRUE(std::isfinite(fwfm.predict(features_of({{1, 0, 1}, {2, 1, 1}}))));
  }
  EXPECT_LT(loaded, static_cast<int>(bytes.size()));  // letters of the description, and no more
}

TEST(Learner, TakesRowsOfAnySize) {
  std::vector<Feature> many;
  for (std::uint64_t i = 0; i < 200; ++i) many.push_back({i, static_cast<std::uint32_t>(i), 1});
  Ftrl ftrl({.bits = 8});
  Fwfm fwfm({.bits = 8});
  Dcn dcn({.bits = 8});
  for (Learner* learner : std::initializer_list<Learner*>{&ftrl, &fwfm, &dcn}) {
    learner->learn(many, true);
    learner->learn({}, false);
    EXPECT_TRUE(std::isfinite(learner->predict(many)));
  }
}

TEST(Ftrl, ReachesTheReferenceOnTheAvazuSample) {
  const std::string name = "ctr_formats/avazu.train.csv.xz";
  BANDSTAND_NEEDS_SHARED_DATA(name);
  Ftrl ftrl({});
  Judged judged;
  Row row;
  for (int epoch = 0; epoch < 3; ++epoch) {
    auto reader = open_dataset({shared_data(name), "avazu", ""}).value();
    for (int i = 0; *reader->next(row); ++i) {
      if (i < 7278) {
        ftrl.learn(row.features, row.label);
      } else if (epoch == 2) {
        judged.p.push_back(ftrl.predict(row.features));
        judged.y.push_back(row.label);
      }
    }
  }
  EXPECT_EQ(judged.y.size(), 809u);
  EXPECT_NEAR(area_under_curve(judged.p, judged.y), 0.723, 0.01);  // .723 and .441 are the data's README's
  EXPECT_NEAR(log_loss(judged.p, judged.y), 0.441, 0.005);
}

TEST(ClickWorld, SaysWhatIsWrongWithItsName) {
  EXPECT_TRUE(parse_click_world("pairs,rows=10,seed=3")->pairs);
  EXPECT_EQ(parse_click_world("pairs,rows=10,seed=3")->rows, 10u);
  for (const char* bad : {"", "linear,", "square", "linear,rows=x", "linear,size=3"}) {
    const auto options = parse_click_world(bad);
    if (std::strcmp(bad, "linear,") != 0) {
      EXPECT_FALSE(options) << bad;
    }
  }
}

TEST(ClickWorld, TruthIsCalibratedAndRepeatable) {
  auto one = open_click_world({.pairs = true, .rows = 200'000, .seed = 4});
  auto two = open_click_world({.pairs = true, .rows = 200'000, .seed = 4});
  double predicted = 0, clicks = 0;
  Row a, b;
  while (*one->next(a)) {
    ASSERT_TRUE(*two->next(b));
    ASSERT_EQ(a.label, b.label);
    predicted += *a.prediction;
    clicks += a.label;
  }
  EXPECT_NEAR(predicted / clicks, 1, 0.03);
  EXPECT_EQ(one->intake().hash, two->intake().hash);
}

}  // namespace
}  // namespace bandstand::learning
