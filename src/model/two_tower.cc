// two_tower: hashed features in, a vector out.
#include "model/two_tower.h"

#include <array>

namespace bandstand::model {

base::Result<TwoTower> TwoTower::from(const ModelFile& file) {
  auto user = Dense::from(file, "user");
  if (!user) return user.error();
  auto creative = Dense::from(file, "creative");
  if (!creative) return creative.error();
  if (user->outputs() != creative->outputs()) {
    return base::fail(base::Code::conflict, "model: the towers' vectors differ in length");
  }
  return TwoTower(std::move(*user), std::move(*creative));
}

void TwoTower::embed(const Dense& tower, std::span<const std::uint64_t> features, std::span<float> out) {
  std::array<float, Dense::kWidest> in;
  const std::size_t width = tower.inputs();
  std::fill_n(in.begin(), width, 0.0f);
  for (const std::uint64_t feature : features) in[feature % width] += 1;
  tower.forward({in.data(), width}, out);
}

}  // namespace bandstand::model
