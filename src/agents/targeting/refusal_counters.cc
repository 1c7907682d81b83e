// refusal_counters: carry-save addition of masks.
#include "agents/targeting/refusal_counters.h"

namespace bandstand::agents::targeting {

RefusalCounters::RefusalCounters(std::uint32_t items, std::uint32_t reasons)
    : blocks_((items + kBlockBits - 1) / kBlockBits), reasons_(reasons) {
  for (Bank& bank : banks_) {
    bank.planes = BitRow(reasons_ * blocks_ * kPlanes * kBlockBits);
    bank.added.assign(std::size_t{reasons_} * blocks_, 0);
  }
}

void RefusalCounters::add(std::uint32_t reason, std::uint32_t block, const Lane* refused,
                          std::uint32_t lanes) noexcept {
  Bank& bank = banks_[bank_];
  std::uint32_t& added = bank.added[cell(reason, block)];
  if (added == kCountMax) {
    uncounted_.store(uncounted_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return;
  }
  Lane* planes = planes_of(bank, reason, block);
  const std::uint32_t before = added++;
  // Level by level: an odd input waits in "pending"; an even one is added to it and to the sum, and the carry
  // goes up.
  Lane carry[kBlockLanes];
  const Lane* input = refused;
  for (std::uint32_t level = 0; level < 3; ++level) {
    Lane* pending = planes + std::size_t{level} * 2 * kBlockLanes;
    if (((before >> level) & 1) == 0) {
      for (std::uint32_t i = 0; i < lanes; ++i) pending[i] = input[i];
      return;
    }
    Lane* sum = pending + kBlockLanes;
    for (std::uint32_t i = 0; i < lanes; ++i) {
      const Lane a = sum[i];
      const Lane b = pending[i];
      const Lane c = input[i];
      const Lane half = a ^ b;
      sum[i] = half ^ c;
      carry[i] = (a & b) | (half & c);
    }
    input = carry;
  }
  Lane* high = planes + std::size_t{6} * kBlockLanes;
  for (std::uint32_t plane = 0; plane < kHigh; ++plane, high += kBlockLanes) {
    Lane left{};
    for (std::uint32_t i = 0; i < lanes; ++i) {
      const Lane sum = high[i];
      high[i] = sum ^ carry[i];
      carry[i] &= sum;
      left |= carry[i];
    }
    if (is_zero(left)) return;
  }
}

}  // namespace bandstand::agents::targeting
