// narm_encoder: one step of the GRU, one query of the attention over the states that are kept.
#include <algorithm>

#include "model/row_maps.h"
#include "model/sequence_encoder_kinds.h"

namespace bandstand::model {

// Memory: [state | window states | window keys]. Scratch: [gates 3h | product 3h | query h | pair h | both 2h].

base::Result<std::monostate> NarmEncoder::read(const ModelFile& file, SequenceShape shape) {
  const std::size_t h = shape.hidden, d = shape.width;
  BANDSTAND_TRY_VOID(take(file, "items", {shape.ids.size(), d}, vectors_));
  BANDSTAND_TRY_VOID(take(file, "gru.input", {d, 3 * h}, input_));
  BANDSTAND_TRY_VOID(take(file, "gru.recurrent", {h, 3 * h}, recurrent_));
  BANDSTAND_TRY_VOID(take(file, "gru.bias", {1, 3 * h}, bias_));
  BANDSTAND_TRY_VOID(take(file, "gru.candidate_bias", {1, h}, candidate_bias_));
  BANDSTAND_TRY_VOID(take(file, "attention.query", {h, h}, query_));
  BANDSTAND_TRY_VOID(take(file, "attention.key", {h, h}, key_));
  BANDSTAND_TRY_VOID(take(file, "attention.weight", {1, h}, weight_));
  BANDSTAND_TRY_VOID(take(file, "decoder", {2 * h, d}, decoder_));
  ids_ = std::move(shape.ids);
  width_ = d;
  hidden_ = h;
  window_ = shape.window;
  memory_ = (1 + 2 * window_) * h;
  scratch_ = 10 * h;
  return std::monostate{};
}

void NarmEncoder::update(SequenceState& state, std::uint32_t number) const {
  const std::size_t h = hidden_;
  const auto n = static_cast<Eigen::Index>(h);
  float* const states = state.memory.data() + h;
  float* const keys = states + window_ * h;
  float* const scratch = state.scratch.data();
  auto now = row(state.memory.data(), h);
  auto gates = row(scratch, 3 * h), product = row(scratch + 3 * h, 3 * h);
  auto asked = row(scratch + 6 * h, h), pair = row(scratch + 7 * h, h), both = row(scratch + 8 * h, 2 * h);

  gates.noalias() = row(item(number).data(), width_) * matrix(input_, 3 * h);
  gates += row(bias_);
  product.noalias() = now * matrix(recurrent_, 3 * h);
  gates.head(2 * n) += product.head(2 * n);
  gates.head(2 * n) = gates.head(2 * n).array().logistic();
  pair = product.tail(n) + row(candidate_bias_);
  gates.tail(n) = (gates.tail(n).array() + gates.head(n).array() * pair.array()).tanh();
  const auto candidate = gates.tail(n).array(), kept = gates.segment(n, n).array();
  now.array() = candidate + kept * (now.array() - candidate);

  const std::size_t slot = state.clicks++ % window_;
  row(states + slot * h, h) = now;
  row(keys + slot * h, h).noalias() = now * matrix(key_, h);
  asked.noalias() = now * matrix(query_, h);
  both.head(n) = now;
  both.tail(n).setZero();
  const std::size_t filled = std::min<std::size_t>(state.clicks, window_);
  for (std::size_t j = 0; j < filled; ++j) {
    pair = (asked + row(keys + j * h, h)).array().logistic();
    both.tail(n) += pair.dot(row(weight_)) * row(states + j * h, h);
  }
  row(state.vector.data(), width_).noalias() = both * matrix(decoder_, width_);
}

}  // namespace bandstand::model
