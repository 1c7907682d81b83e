// position_sets: building.
#include "agents/targeting/position_sets.h"

namespace bandstand::agents::targeting {

SetId PositionSets::add(std::vector<std::uint32_t> positions) {
  if (positions.empty()) return kNoSet;
  std::sort(positions.begin(), positions.end());
  positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
  for (std::size_t i = 0; i < positions.size();) {
    const std::uint32_t block = positions[i] / kBlockBits;
    std::size_t end = i;
    while (end < positions.size() && positions[end] / kBlockBits == block) ++end;
    Chunk chunk;
    chunk.block = block;
    chunk.count = static_cast<std::uint16_t>(end - i);
    chunk.dense = end - i > kListMax;
    std::vector<std::uint16_t> list;
    for (; i < end; ++i) list.push_back(static_cast<std::uint16_t>(positions[i] % kBlockBits));
    if (chunk.dense) {
      chunk.offset = static_cast<std::uint32_t>(pending_bitmaps_.size()) * kBlockLanes;
      pending_bitmaps_.push_back(std::move(list));
    } else {
      chunk.offset = static_cast<std::uint32_t>(lists_.size());
      lists_.insert(lists_.end(), list.begin(), list.end());
    }
    chunks_.push_back(chunk);
  }
  first_.push_back(static_cast<std::uint32_t>(chunks_.size()));
  return static_cast<SetId>(first_.size() - 2);
}

void PositionSets::finish(std::uint32_t bits) {
  lanes_ = (bits + kLaneBits - 1) / kLaneBits;
  bitmaps_ = BitRow(static_cast<std::uint32_t>(pending_bitmaps_.size()) * kBlockBits);
  for (std::uint32_t b = 0; b < pending_bitmaps_.size(); ++b) {
    for (const std::uint16_t bit : pending_bitmaps_[b]) bitmaps_.set(b * kBlockBits + bit);
  }
  pending_bitmaps_ = {};
  chunks_.shrink_to_fit();
  lists_.shrink_to_fit();
}

}  // namespace bandstand::agents::targeting
