// dcn_test: a cross layer by hand, gradients by differences, interactions of two and three fields, and what serves it.
#include "learning/response/dcn.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "learning/response/click_world.h"
#include "learning/response/ftrl.h"
#include "model/cross.h"
#include "model/dense.h"

namespace bandstand::learning {
namespace {

TEST(CrossLayer, FollowsTheEquation) {
  CrossLayer layer{{Affine(2, 2)}};
  layer.maps[0].weight.value << 1, 2, -1, 0;
  layer.maps[0].bias.value << 0.5f, 1;
  const Eigen::VectorXf x0 = Eigen::Vector2f(2, 3), x = Eigen::Vector2f(1, -1);
  const Eigen::VectorXf out = layer(x0, x);
  EXPECT_FLOAT_EQ(out[0], 2 * (1 - 2 + 0.5f) + 1);
  EXPECT_FLOAT_EQ(out[1], 3 * (-1 + 1) - 1);
  layer.maps.insert(layer.maps.begin(), Affine(2, 2));  // V = 2 I, so that U V = 2 W
  layer.maps[0].weight.value << 2, 0, 0, 2;
  EXPECT_FLOAT_EQ(layer(x0, x)[0], 2 * (-2 + 0.5f) + 1);
}

/// Loss of a row under the arrays of a file.
double loss_of(const DcnOptions& options, const model::ModelFile& file, std::span<const Feature> row, bool label) {
  Dcn dcn(options);
  EXPECT_TRUE(dcn.load(file));
  const double p = dcn.predict(row);
  return -std::log(label ? p : 1 - p);
}

void expect_gradients(int rank) {
  // In a batch that is not full the file holds the gradient itself: the second row of "adagrad.<name>".
  const DcnOptions options{.bits = 3, .fields = 3, .cross = 2, .rank = rank, .hidden = {5, 4}, .batch = 100, .l2 = 0,
                           .spread = 0.8f, .seed = 3};
  const std::vector<Feature> row{{1, 0, 1}, {2, 1, 2}, {3, 2, 1}, {4, 2, -0.5f}};
  Dcn dcn(options);
  model::ModelFile before, after;
  dcn.save(before);
  dcn.learn(row, true);
  dcn.save(after);
  int seen = 0;
  for (const auto& entry : before.tensors) {
    const std::string& name = entry.first;
    const model::Tensor& tensor = entry.second;
    if (name.rfind("adagrad.", 0) == 0 || name == "pending") continue;
    const bool layer = name != "bias" && before.tensors.count("adagrad." + name) != 0;
    for (std::size_t i = 0; i < tensor.values.size(); ++i) {
      const auto loss_at = [&](float change) {
        model::ModelFile file = before;
        file.tensors[name].values[i] += change;
        return loss_of(options, file, row, true);
      };
      const double slope = (loss_at(2e-3f) - loss_at(-2e-3f)) / 4e-3;
      if (layer) {
        const auto& state = after.tensors["adagrad." + name].values;
        EXPECT_NEAR(state[tensor.values.size() + i], slope, 2e-3 + 0.01 * std::abs(slope)) << name << '[' << i << ']';
        seen += std::abs(slope) > 1e-2;
      } else if (std::abs(slope) > 1e-2) {  // features have stepped: by AdaGrad, against the gradient
        EXPECT_LT(slope * (after.tensors[name].values[i] - tensor.values[i]), 0) << name << '[' << i << ']';
        ++seen;
      }
    }
  }
  EXPECT_GT(seen, 100);
}

TEST(Dcn, GradientsOfFullRank) { expect_gradients(0); }
TEST(Dcn, GradientsOfLowRank) { expect_gradients(3); }

/// Share of rows that are guessed right at the end, in a world where fields 0 and 1 act as a pair and 0, 2 and 3 as a triple:
/// the label is the parity of the pair in one half of the rows, of the triple in the other, as field 4 says.
double share_right(Learner& learner) {
  base::Rng rng(5);
  double right = 0;
  const int rows = 60'000;
  for (int i = 0; i < rows; ++i) {
    std::uint64_t v[5];
    std::vector<Feature> row;
    for (std::uint32_t field = 0; field < 5; ++field) {
      v[field] = rng.below(2);
      row.push_back({base::mix64(2 * field + v[field]), field, 1});
    }
    const bool label = ((v[4] != 0 ? v[0] + v[1] : v[0] + v[2] + v[3]) & 1) != 0;
    const double p = learner.learn(row, label);
    if (i >= rows - 10'000) right += (p > 0.5) == label;
  }
  return right / 10'000;
}

TEST(Dcn, LearnsPairsAndTriplesThatALinearModelCannot) {
  Ftrl ftrl({.bits = 12});
  Dcn dcn({.bits = 12, .fields = 5});
  EXPECT_LT(share_right(ftrl), 0.6);
  EXPECT_GT(share_right(dcn), 0.95);
}

TEST(Dcn, CrossLayersAloneLearnATripleFromTwoLayers) {
  const auto parity = [](int cross) {
    Dcn dcn({.bits = 12, .fields = 3, .cross = cross, .hidden = {}});
    base::Rng rng(7);
    double right = 0;
    for (int i = 0; i < 60'000; ++i) {
      std::uint64_t sum = 0;
      std::vector<Feature> row;
      for (std::uint32_t field = 0; field < 3; ++field) {
        const std::uint64_t v = rng.below(2);
        sum += v;
        row.push_back({base::mix64(2 * field + v), field, 1});
      }
      const double p = dcn.learn(row, sum & 1);
      if (i >= 50'000) right += (p > 0.5) == ((sum & 1) != 0);
    }
    return right / 10'000;
  };
  EXPECT_LT(parity(1), 0.6);  // one layer sees pairs, and no pair tells anything of a parity of three
  EXPECT_GT(parity(2), 0.95);
}

TEST(Dcn, IsServedAsItWasTrained) {
  for (const int rank : {0, 16}) {
    const DcnOptions options{.bits = 8, .fields = 16, .rank = rank};
    Dcn dcn(options);
    auto world = open_click_world({.pairs = true, .rows = 3000});
    Row row;
    while (world->next(row).value_or(false)) dcn.learn(row.features, row.label);
    model::ModelFile file;
    dcn.save(file);
    const auto cross = model::CrossLayers::from(file, "cross").value();
    const auto deep = model::Dense::from(file, "deep").value();
    std::vector<float> x(16 * Dcn::kSize), crossed(x.size());
    double logit = file.tensors["bias"].values[0];
    for (const Feature& feature : row.features) {
      const std::size_t slot = feature.hash & 255;
      logit += file.tensors["weight"].values[slot];
      const float* const vector = file.tensors["embedding"].values.data() + slot * Dcn::kSize;
      for (std::size_t k = 0; k < Dcn::kSize; ++k) x[feature.field * Dcn::kSize + k] += vector[k];
    }
    cross.forward(x, crossed);
    for (std::size_t i = 0; i < x.size(); ++i) logit += file.tensors["head"].values[i] * crossed[i];
    float tower = 0;
    deep.forward(x, {&tower, 1});
    EXPECT_NEAR(sigmoid(logit + tower), dcn.predict(row.features), 1e-5);
  }
}

}  // namespace
}  // namespace bandstand::learning
