// sequence_encoder: a trained network of visits in use: clicks in, one at a time, a user's vector out.
//
// Kinds "profile.narm" (a GRU with attention) and "profile.sasrec" (a causal transformer), as bandstand-lab train profile writes
// them; tensors and schema: docs/formats/model-file.md. The score of an item is the product of its vector with the user's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "model/safetensors.h"

namespace bandstand::model {

/// What an encoder remembers of one visit, and room to compute in. Made by SequenceEncoder::start; of use to that encoder alone.
struct SequenceState {
  std::vector<float> memory;    ///< of the last clicks: 40 KB for NARM at the paper's sizes, 40 KB for SASRec
  std::vector<float> scratch;
  std::vector<float> vector;    ///< of the user, after the last update; zeros before the first
  std::uint64_t clicks = 0;
};

/// Immutable after loading: any number of threads, each with its own states.
class SequenceEncoder {
 public:
  virtual ~SequenceEncoder() = default;
  /// Errors: `invalid_input` for a schema that is not read; `conflict` for another kind; as tensor_of for tensors.
  static base::Result<std::unique_ptr<SequenceEncoder>> load(const ModelFile& file);

  /// Length of the users' and of the items' vectors.
  [[nodiscard]] std::size_t width() const { return width_; }
  [[nodiscard]] std::size_t items() const { return ids_.size(); }
  /// The number, from 0, of an item by the id of its origin; none for one that was not in training. O(log items).
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t id) const;
  [[nodiscard]] std::span<const float> item(std::uint32_t number) const { return {vectors_.data() + number * width_, width_}; }

  /// Allocates all that update() needs.
  [[nodiscard]] SequenceState start() const;
  /// A further click; `item` below items(). Renews state.vector; the same as if all clicks had been read anew. Allocates nothing.
  virtual void update(SequenceState& state, std::uint32_t item) const = 0;
  /// The score of an item for the user: higher is likelier; comparable within one user.
  [[nodiscard]] float score(const SequenceState& state, std::uint32_t item) const;
  /// Forgets the clicks; the memory is kept.
  static void forget(SequenceState& state);

 protected:
  std::size_t width_ = 0, window_ = 0;
  std::size_t memory_ = 0, scratch_ = 0;  ///< floats of a state
  std::vector<std::uint64_t> ids_;        ///< ascending
  std::vector<float> vectors_;            ///< [items, width]
};

}  // namespace bandstand::model
