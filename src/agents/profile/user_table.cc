// user_table: buckets of eight, each slot a seqlock.
#include "agents/profile/user_table.h"

#include <bit>
#include <cstring>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/checksum.h"
#include "base/rng.h"

namespace bandstand::agents::profile {
namespace {

constexpr std::uint32_t kMagic = 0x42535031;  // "BSP1": bump with every change of UserState
constexpr std::size_t kHeaderBytes = 16;

}  // namespace

static_assert(std::is_trivially_copyable_v<domain::UserState>);

UserTable::UserTable(std::size_t capacity)
    : buckets_(std::bit_ceil((capacity + kWays - 1) / kWays)),
      keys_(std::make_unique<Bucket[]>(buckets_)),
      slots_(std::make_unique<Slot[]>(buckets_ * kWays)),
      seen_s_(std::make_unique<std::uint32_t[]>(buckets_ * kWays)) {
  BANDSTAND_CHECK(capacity > 0);
}

std::size_t UserTable::bucket_of(domain::UserKey key) const noexcept {
  return static_cast<std::size_t>(base::mix64(key.value)) & (buckets_ - 1);
}

bool UserTable::find(domain::UserKey key, domain::UserState& out) const noexcept {
  if (key.value == 0) return false;
  const std::size_t bucket = bucket_of(key);
  for (std::size_t way = 0; way < kWays; ++way) {
    if (keys_[bucket].keys[way].load(std::memory_order_acquire) != key.value) continue;
    const Slot& slot = slots_[bucket * kWays + way];
    for (int i = 0; i < kReadTries; ++i) {
      const std::uint64_t before = slot.sequence.load(std::memory_order_acquire);
      if (before % 2 != 0) continue;
      std::array<std::uint64_t, kWords> words;
      for (std::size_t w = 0; w < kWords; ++w) words[w] = slot.words[w].load(std::memory_order_acquire);
      if (slot.sequence.load(std::memory_order_relaxed) != before) continue;
      std::memcpy(static_cast<void*>(&out), words.data(), sizeof out);
      return out.key == key;  // else it was evicted between the two looks
    }
    given_up_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  return false;
}

UserTable::Slot& UserTable::claim(domain::UserKey key, std::uint32_t now_s) noexcept {
  BANDSTAND_CHECK(key.value != 0);
  const std::size_t bucket = bucket_of(key);
  std::size_t chosen = 0;
  bool chosen_free = false;
  for (std::size_t way = 0; way < kWays; ++way) {
    const std::uint64_t here = keys_[bucket].keys[way].load(std::memory_order_relaxed);
    if (here == key.value) {
      seen_s_[bucket * kWays + way] = now_s;
      return slots_[bucket * kWays + way];
    }
    if (chosen_free) continue;
    if (here == 0) {
      chosen = way;
      chosen_free = true;
    } else if (seen_s_[bucket * kWays + way] < seen_s_[bucket * kWays + chosen]) {
      chosen = way;
    }
  }
  Slot& slot = slots_[bucket * kWays + chosen];
  if (chosen_free) {
    size_.fetch_add(1, std::memory_order_relaxed);
  } else {
    evicted_.fetch_add(1, std::memory_order_relaxed);
  }
  publish(slot, domain::UserState{});  // before the key: whoever finds the key must not read the user who left
  keys_[bucket].keys[chosen].store(key.value, std::memory_order_release);
  seen_s_[bucket * kWays + chosen] = now_s;
  return slot;
}

domain::UserState UserTable::read_own(const Slot& slot) noexcept {
  std::array<std::uint64_t, kWords> words;
  for (std::size_t w = 0; w < kWords; ++w) words[w] = slot.words[w].load(std::memory_order_relaxed);
  domain::UserState state;
  std::memcpy(static_cast<void*>(&state), words.data(), sizeof state);
  return state;
}

void UserTable::publish(Slot& slot, const domain::UserState& state) noexcept {
  std::array<std::uint64_t, kWords> words;
  std::memcpy(words.data(), &state, sizeof state);
  const std::uint64_t sequence = slot.sequence.load(std::memory_order_relaxed);
  slot.sequence.store(sequence + 1, std::memory_order_relaxed);
  for (std::size_t w = 0; w < kWords; ++w) slot.words[w].store(words[w], std::memory_order_release);
  slot.sequence.store(sequence + 2, std::memory_order_release);
}

bool UserTable::erase(domain::UserKey key) noexcept {
  if (key.value == 0) return false;
  const std::size_t bucket = bucket_of(key);
  for (std::size_t way = 0; way < kWays; ++way) {
    if (keys_[bucket].keys[way].load(std::memory_order_relaxed) != key.value) continue;
    keys_[bucket].keys[way].store(0, std::memory_order_release);
    publish(slots_[bucket * kWays + way], domain::UserState{});
    seen_s_[bucket * kWays + way] = 0;
    size_.fetch_sub(1, std::memory_order_relaxed);
    return true;
  }
  return false;
}

void UserTable::clear() noexcept {
  for (std::size_t bucket = 0; bucket < buckets_; ++bucket) {
    for (std::size_t way = 0; way < kWays; ++way) {
      const std::uint64_t key = keys_[bucket].keys[way].load(std::memory_order_relaxed);
      if (key != 0) erase(domain::UserKey{key});
    }
  }
}

std::string UserTable::encode() const {
  std::string bytes;
  bytes.reserve(size() * sizeof(domain::UserState) + 64);
  encode_part(0, SIZE_MAX, bytes);
  return bytes;
}

std::size_t UserTable::encode_part(std::size_t from, std::size_t users_max, std::string& out) const {
  const std::size_t begin = out.size();
  base::ByteWriter writer(out);
  writer.put(kMagic);
  writer.put(static_cast<std::uint32_t>(sizeof(domain::UserState)));
  const std::size_t count_at = out.size();
  writer.put(std::uint64_t{0});
  std::uint64_t count = 0;
  std::size_t slot = from;
  for (; slot < capacity() && count < users_max; ++slot) {
    if (keys_[slot / kWays].keys[slot % kWays].load(std::memory_order_relaxed) == 0) continue;
    const domain::UserState state = read_own(slots_[slot]);
    out.append(reinterpret_cast<const char*>(&state), sizeof state);
    ++count;
  }
  std::memcpy(out.data() + count_at, &count, sizeof count);
  base::append_checksum(out, begin);
  return slot;
}

base::Result<std::size_t> UserTable::decode(std::string_view bytes) {
  BANDSTAND_TRY_VOID(check(bytes));
  clear();
  BANDSTAND_TRY_VOID(merge(bytes));
  return size();
}

base::Result<std::size_t> UserTable::merge(std::string_view bytes) {
  BANDSTAND_TRY(count, check(bytes));
  const char* from = bytes.data() + kHeaderBytes;
  std::size_t added = 0;
  for (std::size_t i = 0; i < count; ++i, from += sizeof(domain::UserState)) {
    domain::UserState state;
    std::memcpy(static_cast<void*>(&state), from, sizeof state);
    if (state.key.value == 0) continue;
    publish(claim(state.key, state.last_seen_s), state);
    ++added;
  }
  return added;
}

/// How many states these bytes hold.
base::Result<std::size_t> UserTable::check(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes + 4) return base::fail(base::Code::corrupt, "a table of users is cut short");
  const auto content = base::without_checksum(bytes);
  if (!content) return base::fail(base::Code::corrupt, "the checksum of a table of users is wrong");
  base::ByteReader in(*content);
  const auto magic = in.get<std::uint32_t>();
  const auto state_size = in.get<std::uint32_t>();
  const auto count = in.get<std::uint64_t>();
  const std::size_t states = content->size() - kHeaderBytes;
  if (magic != kMagic || state_size != sizeof(domain::UserState) || states / state_size != count ||
      states % state_size != 0) {
    return base::fail(base::Code::corrupt, "a table of users has another form");
  }
  return static_cast<std::size_t>(count);
}

}  // namespace bandstand::agents::profile
