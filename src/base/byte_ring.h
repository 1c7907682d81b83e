// byte_ring: a bounded queue of byte records between exactly two threads; a full one drops the record and counts it.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/check.h"

namespace bandstand::base {

/// Single producer, single consumer, no lock. Capacity is a power of two. A record is copied in once and read in place.
class ByteRing {
 public:
  explicit ByteRing(std::size_t capacity_bytes)
      : capacity_(capacity_bytes), bytes_(std::make_unique<char[]>(capacity_bytes)) {
    BANDSTAND_CHECK(capacity_bytes >= 4096 && (capacity_bytes & (capacity_bytes - 1)) == 0);
  }
  ByteRing(const ByteRing&) = delete;
  ByteRing& operator=(const ByteRing&) = delete;

  /// Producer: false if there is no room (counted). Records of more than a quarter of the ring never fit.
  bool push(std::string_view record) noexcept {
    const std::uint64_t need = (kHeader + record.size() + 7) & ~std::uint64_t{7};
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    const std::uint64_t at = tail & (capacity_ - 1);
    const std::uint64_t skip = at + need > capacity_ ? capacity_ - at : 0;  // records do not wrap
    const bool fits = need <= capacity_ / 4 && tail + skip + need - head_.load(std::memory_order_acquire) <= capacity_;
    if (!fits) {
      dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return false;
    }
    if (skip > 0) put_size(at, kSkip);
    const std::uint64_t place = (tail + skip) & (capacity_ - 1);
    put_size(place, static_cast<std::uint64_t>(record.size()));
    std::memcpy(bytes_.get() + place + kHeader, record.data(), record.size());
    tail_.store(tail + skip + need, std::memory_order_release);
    return true;
  }

  /// Consumer: the oldest record, valid until pop(); false if there is none.
  bool front(std::string_view& out) noexcept {
    std::uint64_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) return false;
    std::uint64_t at = head & (capacity_ - 1);
    if (size_at(at) == kSkip) {
      head += capacity_ - at;
      head_.store(head, std::memory_order_release);
      at = 0;
    }
    out = {bytes_.get() + at + kHeader, size_at(at)};
    return true;
  }
  /// Consumer: gives the place of front() back.
  void pop() noexcept {
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    const std::uint64_t size = size_at(head & (capacity_ - 1));
    head_.store(head + ((kHeader + size + 7) & ~std::uint64_t{7}), std::memory_order_release);
  }

  /// Any thread.
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::uint64_t kHeader = 8;
  static constexpr std::uint64_t kSkip = ~std::uint64_t{0};

  void put_size(std::uint64_t at, std::uint64_t size) noexcept { std::memcpy(bytes_.get() + at, &size, sizeof size); }
  [[nodiscard]] std::uint64_t size_at(std::uint64_t at) const noexcept {
    std::uint64_t size;
    std::memcpy(&size, bytes_.get() + at, sizeof size);
    return size;
  }

  const std::uint64_t capacity_;
  std::unique_ptr<char[]> bytes_;
  alignas(64) std::atomic<std::uint64_t> head_{0};
  alignas(64) std::atomic<std::uint64_t> tail_{0};
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace bandstand::base
