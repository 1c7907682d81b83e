// dense_test: known sums, and what is refused.
#include "model/dense.h"

#include <gtest/gtest.h>

#include <array>

namespace bandstand::model {
namespace {

ModelFile small_net() {
  ModelFile file;
  file.tensors["n.0.weight"] = {{2, 3}, {1, 2, 3, -1, -2, -3}};
  file.tensors["n.0.bias"] = {{2}, {0.5f, 0.25f}};
  file.tensors["n.1.weight"] = {{1, 2}, {2, 10}};
  file.tensors["n.1.bias"] = {{1}, {-1}};
  return file;
}

TEST(Dense, ComputesLayerByLayer) {
  const auto net = Dense::from(small_net(), "n");
  ASSERT_TRUE(net);
  std::array<float, 1> out{};
  net->forward(std::array<float, 3>{1, 1, 1}, out);
  EXPECT_FLOAT_EQ(out[0], 2 * 6.5f - 1);  // the second unit is below zero
  net->forward(std::array<float, 3>{-1, 0, 0}, out);
  EXPECT_FLOAT_EQ(out[0], 10 * 1.25f - 1);
}

TEST(Dense, RefusesWhatDoesNotFit) {
  ModelFile file = small_net();
  EXPECT_EQ(Dense::from(file, "m").error().code, base::Code::not_found);
  file.tensors["n.1.weight"].shape = {2, 1};
  EXPECT_EQ(Dense::from(file, "n").error().code, base::Code::conflict);
  file = small_net();
  file.tensors.erase("n.1.bias");
  EXPECT_FALSE(Dense::from(file, "n"));
  file = small_net();
  file.tensors["n.0.weight"] = {{Dense::kWidest + 1, 1}, std::vector<float>(Dense::kWidest + 1)};
  EXPECT_EQ(Dense::from(file, "n").error().code, base::Code::conflict);
}

}  // namespace
}  // namespace bandstand::model
