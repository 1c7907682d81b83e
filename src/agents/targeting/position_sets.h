// position_sets: small sets of positions, cut into the blocks of bit_rows.h: lists where sparse, bitmaps where dense.
//
// The idea of Roaring bitmaps (Chambi, Lemire, Kaser, Godin, 2016) with containers of one block.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "agents/targeting/bit_rows.h"

namespace bandstand::agents::targeting {

using SetId = std::uint32_t;
inline constexpr SetId kNoSet = UINT32_MAX;

/// All sets of an index, in a few arrays. Immutable once built.
class PositionSets {
 public:
  /// Positions in any order, repeats allowed; none gives kNoSet.
  SetId add(std::vector<std::uint32_t> positions);

  struct Chunk {
    std::uint32_t block = 0;
    std::uint32_t offset = 0;  ///< in lists_, or in bitmaps_ (lanes)
    std::uint16_t count = 0;
    bool dense = false;
  };

  /// Walks a set block by block, forward only.
  struct Cursor {
    const Chunk* at = nullptr;
    const Chunk* end = nullptr;
  };
  [[nodiscard]] Cursor cursor(SetId set) const noexcept {
    return {chunks_.data() + first_[set], chunks_.data() + first_[set + 1]};
  }

  /// Sets the bits of the set's part in this block. Blocks are asked in rising order.
  void add_to(Cursor& cursor, std::uint32_t block, Lane* bits) const noexcept {
    if (!reach(cursor, block)) return;
    const Chunk& chunk = *cursor.at;
    if (chunk.dense) {
      const Lane* from = bitmaps_.block(0) + chunk.offset;
      const std::uint32_t lanes = lanes_in(block);
      for (std::uint32_t i = 0; i < lanes; ++i) bits[i] |= from[i];
      return;
    }
    auto* words = reinterpret_cast<std::uint64_t*>(bits);
    const std::uint16_t* list = lists_.data() + chunk.offset;
    for (std::uint32_t i = 0; i < chunk.count; ++i) words[list[i] / 64] |= std::uint64_t{1} << (list[i] % 64);
  }
  /// Clears them.
  void remove_from(Cursor& cursor, std::uint32_t block, Lane* bits) const noexcept {
    if (!reach(cursor, block)) return;
    const Chunk& chunk = *cursor.at;
    if (chunk.dense) {
      const Lane* from = bitmaps_.block(0) + chunk.offset;
      const std::uint32_t lanes = lanes_in(block);
      for (std::uint32_t i = 0; i < lanes; ++i) bits[i] &= ~from[i];
      return;
    }
    auto* words = reinterpret_cast<std::uint64_t*>(bits);
    const std::uint16_t* list = lists_.data() + chunk.offset;
    for (std::uint32_t i = 0; i < chunk.count; ++i)
      words[list[i] / 64] &= ~(std::uint64_t{1} << (list[i] % 64));
  }
  /// Visits every position of a set.
  template <class Visit>
  void each(SetId set, Visit visit) const {
    for (Cursor c = cursor(set); c.at != c.end; ++c.at) {
      const std::uint32_t base = c.at->block * kBlockBits;
      if (!c.at->dense) {
        for (std::uint32_t i = 0; i < c.at->count; ++i) visit(base + lists_[c.at->offset + i]);
        continue;
      }
      const auto* words = reinterpret_cast<const std::uint64_t*>(bitmaps_.block(0) + c.at->offset);
      for (std::uint32_t w = 0; w < kBlockBits / 64; ++w) {
        for (std::uint64_t bits = words[w]; bits != 0; bits &= bits - 1) {
          visit(base + w * 64 + static_cast<std::uint32_t>(__builtin_ctzll(bits)));
        }
      }
    }
  }

  /// To be called once, after the last add(); `bits` is the length of rows.
  void finish(std::uint32_t bits);
  [[nodiscard]] std::size_t bytes() const {
    return chunks_.size() * sizeof(Chunk) + first_.size() * 4 + lists_.size() * 2 + bitmaps_.bytes();
  }

 private:
  static bool reach(Cursor& cursor, std::uint32_t block) noexcept {
    while (cursor.at != cursor.end && cursor.at->block < block) ++cursor.at;
    return cursor.at != cursor.end && cursor.at->block == block;
  }
  [[nodiscard]] std::uint32_t lanes_in(std::uint32_t block) const noexcept {
    return std::min(kBlockLanes, lanes_ - block * kBlockLanes);
  }

  /// Above this many positions a block is kept as a bitmap of 512 bytes.
  static constexpr std::size_t kListMax = 48;

  std::vector<Chunk> chunks_;
  std::vector<std::uint32_t> first_{0};  ///< by set: its first chunk
  std::vector<std::uint16_t> lists_;
  std::vector<std::vector<std::uint16_t>> pending_bitmaps_;  ///< until finish()
  BitRow bitmaps_;
  std::uint32_t lanes_ = 0;
};

}  // namespace bandstand::agents::targeting
