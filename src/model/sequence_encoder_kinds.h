// sequence_encoder_kinds: the two networks behind SequenceEncoder. For sequence_encoder.cc alone.
#pragma once

#include <vector>

#include "model/sequence_encoder.h"

namespace bandstand::model {

/// What a schema says.
struct SequenceShape {
  std::size_t width = 0, hidden = 0, window = 0;
  std::vector<std::uint64_t> ids;
};

/// Learning's Narm, a click at a time.
class NarmEncoder final : public SequenceEncoder {
 public:
  /// Errors: as tensor_of.
  base::Result<std::monostate> read(const ModelFile& file, SequenceShape shape);
  void update(SequenceState& state, std::uint32_t item) const override;

 private:
  std::size_t hidden_ = 0;
  std::vector<float> input_, recurrent_, bias_, candidate_bias_, query_, key_, weight_, decoder_;
};

/// Learning's Sasrec, a click at a time: keys and values of the last clicks are kept.
class SasrecEncoder final : public SequenceEncoder {
 public:
  /// Errors: as tensor_of.
  base::Result<std::monostate> read(const ModelFile& file, SequenceShape shape);
  void update(SequenceState& state, std::uint32_t item) const override;

 private:
  struct Block {
    std::vector<float> scale1, shift1, qkv, scale2, shift2, inner, inner_bias, outer, outer_bias;
  };
  std::vector<float> positions_, scale_, shift_;
  std::vector<Block> blocks_;
};

}  // namespace bandstand::model
