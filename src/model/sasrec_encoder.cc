// sasrec_encoder: what a click adds to a causal transformer: one row, since earlier rows do not see it.
#include <algorithm>
#include <cmath>

#include "model/row_maps.h"
#include "model/sequence_encoder_kinds.h"

namespace bandstand::model {
namespace {

template <class In, class Out>
void normalise(const In& in, const std::vector<float>& scale, const std::vector<float>& shift, Out&& out) {
  out.array() = in.array() - in.mean();
  out.array() *= 1 / std::sqrt(out.squaredNorm() / static_cast<float>(out.size()) + 1e-5f);
  out.array() = out.array() * row(scale).array() + row(shift).array();
}

}  // namespace

// Memory: of each block [window keys | window values]. Scratch: [x d | normal d | projected 3d | attended d | hidden d | shares
// window].

base::Result<std::monostate> SasrecEncoder::read(const ModelFile& file, SequenceShape shape) {
  const std::size_t d = shape.width;
  BANDSTAND_TRY_VOID(take(file, "items", {shape.ids.size(), d}, vectors_));
  BANDSTAND_TRY_VOID(take(file, "positions", {shape.window, d}, positions_));
  BANDSTAND_TRY_VOID(take(file, "last.scale", {1, d}, scale_));
  BANDSTAND_TRY_VOID(take(file, "last.shift", {1, d}, shift_));
  for (std::size_t b = 0; file.tensors.count("block" + std::to_string(b) + ".qkv") != 0; ++b) {
    const std::string prefix = "block" + std::to_string(b) + ".";
    Block block;
    BANDSTAND_TRY_VOID(take(file, prefix + "norm1.scale", {1, d}, block.scale1));
    BANDSTAND_TRY_VOID(take(file, prefix + "norm1.shift", {1, d}, block.shift1));
    BANDSTAND_TRY_VOID(take(file, prefix + "qkv", {d, 3 * d}, block.qkv));
    BANDSTAND_TRY_VOID(take(file, prefix + "norm2.scale", {1, d}, block.scale2));
    BANDSTAND_TRY_VOID(take(file, prefix + "norm2.shift", {1, d}, block.shift2));
    BANDSTAND_TRY_VOID(take(file, prefix + "inner", {d, d}, block.inner));
    BANDSTAND_TRY_VOID(take(file, prefix + "inner_bias", {1, d}, block.inner_bias));
    BANDSTAND_TRY_VOID(take(file, prefix + "outer", {d, d}, block.outer));
    BANDSTAND_TRY_VOID(take(file, prefix + "outer_bias", {1, d}, block.outer_bias));
    blocks_.push_back(std::move(block));
  }
  if (blocks_.empty()) return base::fail(base::Code::not_found, "no block0.qkv");
  ids_ = std::move(shape.ids);
  width_ = d;
  window_ = shape.window;
  memory_ = blocks_.size() * 2 * window_ * d;
  scratch_ = 7 * d + window_;
  return std::monostate{};
}

void SasrecEncoder::update(SequenceState& state, std::uint32_t number) const {
  const std::size_t d = width_;
  const auto n = static_cast<Eigen::Index>(d);
  float* const scratch = state.scratch.data();
  auto x = row(scratch, d), normal = row(scratch + d, d), projected = row(scratch + 2 * d, 3 * d);
  auto attended = row(scratch + 5 * d, d), hidden = row(scratch + 6 * d, d);
  float* const shares = scratch + 7 * d;
  const std::size_t position = std::min<std::size_t>(state.clicks, window_ - 1), slot = state.clicks % window_;
  ++state.clicks;
  const std::size_t filled = std::min<std::size_t>(state.clicks, window_);
  x = std::sqrt(static_cast<float>(d)) * row(item(number).data(), d) + row(positions_.data() + position * d, d);
  float* memory = state.memory.data();
  for (const Block& block : blocks_) {
    float* const keys = memory;
    float* const values = memory + window_ * d;
    memory += 2 * window_ * d;
    normalise(x, block.scale1, block.shift1, normal);
    projected.noalias() = normal * matrix(block.qkv, 3 * d);
    row(keys + slot * d, d) = projected.segment(n, n);
    row(values + slot * d, d) = projected.tail(n);
    for (std::size_t j = 0; j < filled; ++j) {
      shares[j] = projected.head(n).dot(row(keys + j * d, d)) / std::sqrt(static_cast<float>(d));
    }
    auto weights = row(shares, filled);
    weights = (weights.array() - weights.maxCoeff()).exp();
    weights /= weights.sum();
    attended.setZero();
    for (std::size_t j = 0; j < filled; ++j) attended += shares[j] * row(values + j * d, d);
    x += attended;
    normalise(x, block.scale2, block.shift2, normal);
    hidden.noalias() = normal * matrix(block.inner, d);
    hidden = (hidden + row(block.inner_bias)).cwiseMax(0);
    normal.noalias() = hidden * matrix(block.outer, d);
    x += normal + row(block.outer_bias);
  }
  normalise(x, scale_, shift_, row(state.vector.data(), d));
}

}  // namespace bandstand::model
