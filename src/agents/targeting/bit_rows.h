// bit_rows: rows of one bit a line item, worked on in blocks that stay in the first cache.
//
// 1. Bit p of a row is the line item at position p of the index's order. Bits past the last item are free:
// whoever reads starts from a row that has them cleared.
// 2. A block is 4,096 bits = 16 lanes of 256; the last block of a row may have fewer lanes.
#pragma once

#include <cstdint>
#include <vector>

namespace bandstand::agents::targeting {

/// Four words at once; the compiler turns & | ^ ~ on it into one instruction each where the machine has
/// 256-bit registers.
using Lane = std::uint64_t __attribute__((vector_size(32), may_alias));

inline constexpr std::uint32_t kLaneBits = 256;
inline constexpr std::uint32_t kBlockLanes = 16;
inline constexpr std::uint32_t kBlockBits = kLaneBits * kBlockLanes;

[[nodiscard]] inline bool is_zero(const Lane& lane) noexcept {
  return (lane[0] | lane[1] | lane[2] | lane[3]) == 0;
}

class BitRow {
 public:
  BitRow() = default;
  explicit BitRow(std::uint32_t bits) : lanes_((bits + kLaneBits - 1) / kLaneBits) {}

  void set(std::uint32_t bit) noexcept { word(bit) |= mask(bit); }
  void clear(std::uint32_t bit) noexcept { word(bit) &= ~mask(bit); }
  void flip(std::uint32_t bit) noexcept { word(bit) ^= mask(bit); }
  [[nodiscard]] bool test(std::uint32_t bit) const noexcept {
    return (lanes_[bit / kLaneBits].words[bit / 64 % 4] & mask(bit)) != 0;
  }

  [[nodiscard]] Lane* block(std::uint32_t block) noexcept {
    return reinterpret_cast<Lane*>(lanes_.data() + std::size_t{block} * kBlockLanes);
  }
  [[nodiscard]] const Lane* block(std::uint32_t block) const noexcept {
    return reinterpret_cast<const Lane*>(lanes_.data() + std::size_t{block} * kBlockLanes);
  }
  [[nodiscard]] std::uint32_t lanes() const noexcept { return static_cast<std::uint32_t>(lanes_.size()); }
  [[nodiscard]] std::size_t bytes() const noexcept { return lanes_.size() * sizeof(Storage); }

 private:
  struct alignas(32) Storage {
    std::uint64_t words[4] = {};
  };
  static std::uint64_t mask(std::uint32_t bit) noexcept { return std::uint64_t{1} << (bit % 64); }
  std::uint64_t& word(std::uint32_t bit) noexcept { return lanes_[bit / kLaneBits].words[bit / 64 % 4]; }

  std::vector<Storage> lanes_;
};

}  // namespace bandstand::agents::targeting
