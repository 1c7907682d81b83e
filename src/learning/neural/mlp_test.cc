// mlp_test: the gradient is the slope, the serving kernel gives the same numbers, and it learns what no line can.
#include "learning/neural/mlp.h"

#include <gtest/gtest.h>

#include "model/dense.h"

namespace bandstand::learning {
namespace {

Mlp::Matrix random_matrix(int rows, int columns, base::Rng& rng) {
  Mlp::Matrix matrix(rows, columns);
  for (Eigen::Index i = 0; i < matrix.size(); ++i) matrix.data()[i] = static_cast<float>(rng.normal());
  return matrix;
}

TEST(Mlp, GradientIsTheSlopeOfTheLoss) {
  base::Rng rng(3);
  Mlp net({5, 7, 6, 3}, rng);
  const Mlp::Matrix x = random_matrix(4, 5, rng);
  const Mlp::Matrix y = random_matrix(4, 3, rng);
  const auto loss = [&] { return 0.5 * static_cast<double>((net.predict(x) - y).squaredNorm()); };
  net.backward(net.forward(x) - y);
  int compared = 0;
  for (Mlp::Layer& layer : net.layers()) {
    for (Parameter* parameter : {&layer.weight, &layer.bias}) {
      for (Eigen::Index i = 0; i < parameter->value.size(); i += 3) {
        float& value = parameter->value.data()[i];
        const float kept = value;
        constexpr float kStep = 2e-3f;
        value = kept + kStep;
        const double above = loss();
        value = kept - kStep;
        const double below = loss();
        value = kept;
        const double slope = (above - below) / (2 * kStep);
        EXPECT_NEAR(static_cast<double>(parameter->gradient.data()[i]), slope, 0.02 + 0.01 * std::abs(slope));
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 30);
}

TEST(Mlp, LearnsExclusiveOr) {
  base::Rng rng(1);
  Mlp net({2, 8, 1}, rng);
  Mlp::Matrix x(4, 2);
  x << 0, 0, 0, 1, 1, 0, 1, 1;
  Mlp::Matrix y(4, 1);
  y << 0, 1, 1, 0;
  for (int i = 0; i < 1000; ++i) {
    net.backward(net.forward(x) - y);
    net.step({.rate = .01f}, 1);
  }
  EXPECT_LT((net.predict(x) - y).cwiseAbs().maxCoeff(), 0.05f);
}

TEST(Mlp, ServingKernelGivesTheSameNumbers) {
  base::Rng rng(7);
  const Mlp net({10, 33, 64, 11}, rng);
  model::ModelFile file;
  net.save("q", file.tensors);
  const auto served = model::Dense::from(file, "q");
  ASSERT_TRUE(served) << served.error().what;
  EXPECT_EQ(served->inputs(), 10u);
  EXPECT_EQ(served->outputs(), 11u);
  const Mlp::Matrix x = random_matrix(50, 10, rng);
  const Mlp::Matrix y = net.predict(x);
  for (Eigen::Index row = 0; row < x.rows(); ++row) {
    std::vector<float> out(11);
    served->forward({x.row(row).data(), 10}, out);
    for (Eigen::Index j = 0; j < 11; ++j) EXPECT_NEAR(out[static_cast<std::size_t>(j)], y(row, j), 1e-5f);
  }
}

}  // namespace
}  // namespace bandstand::learning
