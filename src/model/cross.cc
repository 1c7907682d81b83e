// cross: dense products, then a product with x_0 element by element.
#include "model/cross.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace bandstand::model {

base::Result<CrossLayers> CrossLayers::from(const ModelFile& file, const std::string& prefix) {
  CrossLayers out;
  for (std::size_t l = 0;; ++l) {
    const std::string name = prefix + "." + std::to_string(l);
    if (l > 0 && file.tensors.count(name + ".up.0.weight") == 0) return out;
    BANDSTAND_TRY(up, Dense::from(file, name + ".up"));
    std::vector<Dense> maps;
    if (file.tensors.count(name + ".down.0.weight") != 0) {
      BANDSTAND_TRY(down, Dense::from(file, name + ".down"));
      maps.push_back(std::move(down));
    }
    maps.push_back(std::move(up));
    const std::size_t width = l == 0 ? maps.back().outputs() : out.width();
    const bool follow = maps.size() == 1 || maps.front().outputs() == maps.back().inputs();
    if (maps.front().inputs() != width || maps.back().outputs() != width || !follow) {
      return base::fail(base::Code::conflict, "model: a cross layer does not fit the others");
    }
    out.layers_.push_back(std::move(maps));
  }
}

void CrossLayers::forward(std::span<const float> x0, std::span<float> out) const {
  BANDSTAND_CHECK(x0.size() == width() && out.size() >= width());
  std::array<float, Dense::kWidest> start, low, product;
  std::copy(x0.begin(), x0.end(), start.begin());
  std::copy(x0.begin(), x0.end(), out.begin());
  for (const auto& maps : layers_) {
    std::span<const float> in = out.first(width());
    if (maps.size() == 2) {
      maps.front().forward(in, low);
      in = {low.data(), maps.front().outputs()};
    }
    maps.back().forward(in, product);
    for (std::size_t i = 0; i < width(); ++i) out[i] += start[i] * product[i];
  }
}

}  // namespace bandstand::model
