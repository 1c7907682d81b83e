// user_table: the states of many users in fixed memory: one thread writes, any number read without locks.
//
// 1. A set-associative table: a key has one bucket of eight slots (its keys are one cache line). A full bucket lets the user go
//    who was seen longest ago. Nothing moves, nothing grows.
// 2. A slot is a seqlock over atomic words: a reader copies them and keeps the copy only if no write came between
//    (Boehm 2012, "Can seqlocks get along with programming language memory models?": here with acquire and release on every
//    word, which costs nothing on x86 and needs no fence).
// 3. Readers never wait. After kReadTries torn copies a read gives up and the user is unknown for that request (counted).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "domain/user.h"

namespace bandstand::agents::profile {

class UserTable {
 public:
  static constexpr std::size_t kWays = 8;
  static constexpr int kReadTries = 16;

  /// Room for about `capacity` users (rounded up to a power of two of buckets); 560 bytes each, taken at once.
  explicit UserTable(std::size_t capacity);
  UserTable(const UserTable&) = delete;
  UserTable& operator=(const UserTable&) = delete;

  /// Any thread. Copies the user's state to `out`; false if unknown. About 40 ns from cache, three misses from memory.
  [[nodiscard]] bool find(domain::UserKey key, domain::UserState& out) const noexcept;

  /// Writer. Applies `change(UserState&)` to the user's state, made if new. `now_s` decides who is oldest in a full bucket.
  template <class Change>
  void update(domain::UserKey key, std::uint32_t now_s, Change&& change) {
    Slot& slot = claim(key, now_s);
    domain::UserState state = read_own(slot);
    state.key = key;
    change(state);
    state.key = key;
    publish(slot, state);
  }

  /// Writer. Forgets a user at once: true if it was known. The memory is overwritten.
  bool erase(domain::UserKey key) noexcept;

  /// Writer. All states as bytes with a checksum, in slot order.
  [[nodiscard]] std::string encode() const;
  /// Writer. Replaces the content. Bytes of a table of another capacity are fine. Errors: `corrupt` (nothing is changed).
  [[nodiscard]] base::Result<std::size_t> decode(std::string_view bytes);
  /// Writer. Some of it, so that a large table can be saved between other things: appends up to about `users_max` states from
  /// slot `from` on, in the form of encode(), and returns the slot to go on at; capacity() is the end. Each state is whole;
  /// two parts are of two moments.
  std::size_t encode_part(std::size_t from, std::size_t users_max, std::string& out) const;
  /// Writer. Adds what encode() or encode_part() gave; returns how many. A state that is known here already is replaced.
  /// Errors: `corrupt` (nothing is changed).
  [[nodiscard]] base::Result<std::size_t> merge(std::string_view bytes);

  [[nodiscard]] std::size_t capacity() const { return buckets_ * kWays; }
  /// Any thread; approximate while the writer works.
  [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t evicted() const { return evicted_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t reads_given_up() const { return given_up_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kWords = sizeof(domain::UserState) / 8;
  static_assert(sizeof(domain::UserState) % 8 == 0);

  struct Slot {
    std::atomic<std::uint64_t> sequence{0};  ///< odd while being written
    std::array<std::atomic<std::uint64_t>, kWords> words{};
  };
  struct alignas(64) Bucket {
    std::array<std::atomic<std::uint64_t>, kWays> keys{};  ///< 0 = free
  };

  [[nodiscard]] std::size_t bucket_of(domain::UserKey key) const noexcept;
  Slot& claim(domain::UserKey key, std::uint32_t now_s) noexcept;
  [[nodiscard]] static domain::UserState read_own(const Slot& slot) noexcept;
  static void publish(Slot& slot, const domain::UserState& state) noexcept;
  [[nodiscard]] static base::Result<std::size_t> check(std::string_view bytes);
  void clear() noexcept;

  std::size_t buckets_;
  std::unique_ptr<Bucket[]> keys_;
  std::unique_ptr<Slot[]> slots_;
  std::unique_ptr<std::uint32_t[]> seen_s_;  ///< writer's: last update of each slot
  std::atomic<std::size_t> size_{0};
  std::atomic<std::uint64_t> evicted_{0};
  mutable std::atomic<std::uint64_t> given_up_{0};
};

}  // namespace bandstand::agents::profile
