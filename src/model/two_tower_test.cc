// two_tower_test: known sums, and towers that do not fit together.
#include "model/two_tower.h"

#include <gtest/gtest.h>

#include <array>

namespace bandstand::model {
namespace {

ModelFile small_towers() {
  ModelFile file;
  file.tensors["user.0.weight"] = {{2, 3}, {1, 2, 3, 10, 20, 30}};
  file.tensors["user.0.bias"] = {{2}, {0.5f, 0}};
  file.tensors["creative.0.weight"] = {{2, 2}, {1, 0, 0, 1}};
  file.tensors["creative.0.bias"] = {{2}, {0, 0}};
  return file;
}

TEST(TwoTower, EmbedsHashedFeaturesModuloTheWidthOfATower) {
  const auto towers = TwoTower::from(small_towers());
  ASSERT_TRUE(towers);
  EXPECT_EQ(towers->dimension(), 2u);
  std::array<float, 2> out{};
  towers->user(std::array<std::uint64_t, 2>{0, 5}, out);  // places 0 and 2
  EXPECT_FLOAT_EQ(out[0], 1 + 3 + 0.5f);
  EXPECT_FLOAT_EQ(out[1], 40);
  towers->creative(std::array<std::uint64_t, 3>{1, 3, 2}, out);  // places 1, 1 and 0
  EXPECT_FLOAT_EQ(out[0], 1);
  EXPECT_FLOAT_EQ(out[1], 2);
  towers->creative({}, out);
  EXPECT_FLOAT_EQ(out[1], 0);
}

TEST(TwoTower, RefusesTowersOfDifferentLengthAndMissingOnes) {
  ModelFile file = small_towers();
  file.tensors["creative.0.weight"] = {{1, 2}, {1, 0}};
  file.tensors["creative.0.bias"] = {{1}, {0}};
  EXPECT_EQ(TwoTower::from(file).error().code, base::Code::conflict);
  file.tensors.erase("creative.0.weight");
  EXPECT_EQ(TwoTower::from(file).error().code, base::Code::not_found);
}

}  // namespace
}  // namespace bandstand::model
