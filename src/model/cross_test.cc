// cross_test: layers by hand, of full and of low rank, and what is refused.
#include "model/cross.h"

#include <gtest/gtest.h>

#include <array>

namespace bandstand::model {
namespace {

TEST(CrossLayers, ComputesByHand) {
  ModelFile file;
  file.tensors["c.0.up.0.weight"] = {{2, 2}, {1, 2, -1, 0}};
  file.tensors["c.0.up.0.bias"] = {{2}, {0.5f, 1}};
  file.tensors["c.1.down.0.weight"] = {{1, 2}, {1, 1}};
  file.tensors["c.1.down.0.bias"] = {{1}, {2}};
  file.tensors["c.1.up.0.weight"] = {{2, 1}, {3, -1}};
  file.tensors["c.1.up.0.bias"] = {{2}, {0, 1}};
  const auto cross = CrossLayers::from(file, "c");
  ASSERT_TRUE(cross);
  EXPECT_EQ(cross->width(), 2u);
  std::array<float, 2> x{2, 3};
  // x1 = (2, 3) * (2 + 6 + .5, -2 + 1) + (2, 3) = (19, 0); V x1 + c = 21; x2 = (2, 3) * (63, -20) + (19, 0)
  cross->forward(x, x);
  EXPECT_FLOAT_EQ(x[0], 145);
  EXPECT_FLOAT_EQ(x[1], -60);
}

TEST(CrossLayers, RefusesWhatDoesNotFit) {
  ModelFile file;
  file.tensors["c.0.up.0.weight"] = {{2, 3}, std::vector<float>(6)};
  file.tensors["c.0.up.0.bias"] = {{2}, {0, 0}};
  EXPECT_EQ(CrossLayers::from(file, "d").error().code, base::Code::not_found);
  EXPECT_EQ(CrossLayers::from(file, "c").error().code, base::Code::conflict);
  file.tensors["c.0.down.0.weight"] = {{2, 2}, std::vector<float>(4)};
  file.tensors["c.0.down.0.bias"] = {{2}, {0, 0}};
  EXPECT_EQ(CrossLayers::from(file, "c").error().code, base::Code::conflict);
}

}  // namespace
}  // namespace bandstand::model
