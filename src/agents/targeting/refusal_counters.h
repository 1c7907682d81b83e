// refusal_counters: how often each line item was refused for each reason, counted 256 line items at a time.
//
// 1. Counters are vertical: plane k of a reason holds bit k of every line item's count. Adding a mask of
// refused items is a carry-save addition: the lowest three planes are fed through pairs of pending masks
// (Harley and Seal), so that only every eighth mask walks on through the higher planes. Amortised cost: about
// six operations a lane.
// 2. Two banks. The shard adds to one, collect() empties the other; they are exchanged between two requests,
// without a lock.
// 3. A block counts at most kCountMax masks a reason between two collections; what comes after is not
// counted, and uncounted() says how many.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "agents/targeting/bit_rows.h"

namespace bandstand::agents::targeting {

class RefusalCounters {
 public:
  /// Memory: 2 banks * `reasons` * 23 bits an item: 1.2 MB for 10,000 items and 20 reasons.
  RefusalCounters(std::uint32_t items, std::uint32_t reasons);

  /// To be called by the shard before the first add() of a request: takes over the bank that collect() left
  /// for it.
  void begin() noexcept {
    bank_ = wanted_.load(std::memory_order_acquire);
    current_.store(bank_, std::memory_order_release);
  }

  /// Shard: one more refusal for each bit set. `lanes` of the block are read.
  void add(std::uint32_t reason, std::uint32_t block, const Lane* refused, std::uint32_t lanes) noexcept;

  /// One thread, any but not two: calls visit(position, reason, count) for what the resting bank holds, then
  /// asks the shard to exchange the banks. What a shard counts is seen by the second call after it; nothing
  /// is lost or seen twice.
  template <class Visit>
  void collect(Visit visit) {
    const std::uint32_t wanted = wanted_.load(std::memory_order_relaxed);
    if (current_.load(std::memory_order_acquire) != wanted)
      return;  // the shard has not come by since the last call
    Bank& resting = banks_[1 - wanted];
    for (std::uint32_t reason = 0; reason < reasons_; ++reason) {
      for (std::uint32_t block = 0; block < blocks_; ++block) drain(resting, reason, block, visit);
    }
    wanted_.store(1 - wanted, std::memory_order_release);
  }

  [[nodiscard]] std::uint64_t uncounted() const { return uncounted_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t bytes() const { return banks_[0].planes.bytes() * 2; }

 private:
  static constexpr std::uint32_t kHigh = 17;           ///< planes of 8, 16, ... 2^19
  static constexpr std::uint32_t kPlanes = 6 + kHigh;  ///< pending and sum of 1, 2, 4 come first
  static constexpr std::uint32_t kCountMax = (1u << 20) - 8;

  struct Bank {
    BitRow planes;                     ///< [reason][block][plane][lane]
    std::vector<std::uint32_t> added;  ///< [reason][block]: masks since the bank was emptied
  };

  [[nodiscard]] std::size_t cell(std::uint32_t reason, std::uint32_t block) const noexcept {
    return std::size_t{reason} * blocks_ + block;
  }
  [[nodiscard]] Lane* planes_of(Bank& bank, std::uint32_t reason, std::uint32_t block) const noexcept {
    return bank.planes.block(static_cast<std::uint32_t>(cell(reason, block)) * kPlanes);
  }

  template <class Visit>
  void drain(Bank& bank, std::uint32_t reason, std::uint32_t block, Visit& visit) {
    std::uint32_t& added = bank.added[cell(reason, block)];
    if (added == 0) return;
    Lane* planes = planes_of(bank, reason, block);
    std::array<std::uint32_t, kBlockBits> counts{};
    for (std::uint32_t plane = 0; plane < kPlanes; ++plane) {
      // A pending mask is there only while its level has an odd number of inputs.
      const bool pending = plane < 6 && plane % 2 == 0;
      if (pending && ((added >> (plane / 2)) & 1) == 0) continue;
      const std::uint32_t weight = 1u << (plane < 6 ? plane / 2 : plane - 3);
      auto* words = reinterpret_cast<std::uint64_t*>(planes + std::size_t{plane} * kBlockLanes);
      for (std::uint32_t w = 0; w < kBlockBits / 64; ++w) {
        for (std::uint64_t bits = words[w]; bits != 0; bits &= bits - 1) {
          counts[w * 64 + static_cast<std::uint32_t>(__builtin_ctzll(bits))] += weight;
        }
      }
    }
    for (std::uint32_t i = 0; i < kBlockBits; ++i) {
      if (counts[i] != 0) visit(block * kBlockBits + i, reason, counts[i]);
    }
    clear(planes);
    added = 0;
  }
  static void clear(Lane* planes) noexcept {
    for (std::uint32_t i = 0; i < kPlanes * kBlockLanes; ++i) planes[i] = Lane{};
  }

  std::uint32_t blocks_;
  std::uint32_t reasons_;
  std::array<Bank, 2> banks_;
  std::uint32_t bank_ = 0;                 ///< the shard's
  std::atomic<std::uint32_t> wanted_{0};   ///< the bank that the collector wants the shard to use
  std::atomic<std::uint32_t> current_{0};  ///< the bank that the shard uses
  std::atomic<std::uint64_t> uncounted_{0};
};

}  // namespace bandstand::agents::targeting
