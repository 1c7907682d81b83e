// user_table_test: states are found, evicted, erased and saved; readers beside the writer see whole states only.
#include "agents/profile/user_table.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/rng.h"

namespace bandstand::agents::profile {
namespace {

domain::UserKey key_of(std::uint64_t i) { return {base::mix64(i) | 1}; }

TEST(UserTable, FindsWhatWasWrittenAndNothingElse) {
  UserTable table(1024);
  table.update(key_of(1), 10, [](domain::UserState& state) { state.clicks = 3; });
  table.update(key_of(1), 11, [](domain::UserState& state) { ++state.clicks; });
  domain::UserState state;
  ASSERT_TRUE(table.find(key_of(1), state));
  EXPECT_EQ(state.clicks, 4u);
  EXPECT_EQ(state.key, key_of(1));
  EXPECT_FALSE(table.find(key_of(2), state));
  EXPECT_FALSE(table.find({0}, state));
  EXPECT_EQ(table.size(), 1u);
}

TEST(UserTable, AFullBucketLetsTheUserGoWhoWasSeenLongestAgo) {
  UserTable table(8);  // one bucket
  ASSERT_EQ(table.capacity(), 8u);
  for (std::uint64_t i = 1; i <= 8; ++i) table.update(key_of(i), static_cast<std::uint32_t>(i), [](auto&) {});
  table.update(key_of(1), 100, [](auto&) {});  // seen again: 2 is now the oldest
  table.update(key_of(9), 101, [](domain::UserState& state) { EXPECT_EQ(state.requests, 0u); });
  domain::UserState state;
  EXPECT_FALSE(table.find(key_of(2), state));
  EXPECT_TRUE(table.find(key_of(1), state));
  EXPECT_TRUE(table.find(key_of(9), state));
  EXPECT_EQ(table.evicted(), 1u);
  EXPECT_EQ(table.size(), 8u);
}

TEST(UserTable, AnErasedUserIsGoneFromTheTableAndFromItsBytes) {
  UserTable table(64);
  table.update(key_of(1), 1, [](domain::UserState& state) { state.interests[0].topic = 0xdeadbeef; });
  table.update(key_of(2), 1, [](auto&) {});
  EXPECT_TRUE(table.erase(key_of(1)));
  EXPECT_FALSE(table.erase(key_of(1)));
  domain::UserState state;
  EXPECT_FALSE(table.find(key_of(1), state));
  EXPECT_EQ(table.encode().find("\xef\xbe\xad\xde"), std::string::npos);
  EXPECT_EQ(table.size(), 1u);
}

TEST(UserTable, SavesAndLoadsIntoAnotherSize) {
  UserTable table(4096);
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    table.update(key_of(i), static_cast<std::uint32_t>(i), [&](domain::UserState& state) {
      state.requests = static_cast<std::uint32_t>(i);
      state.last_seen_s = static_cast<std::uint32_t>(i);
    });
  }
  UserTable other(8192);
  other.update(key_of(5000), 1, [](auto&) {});
  ASSERT_EQ(other.decode(table.encode()).value(), 1000u);
  domain::UserState state;
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    ASSERT_TRUE(other.find(key_of(i), state)) << i;
    EXPECT_EQ(state.requests, i);
  }
  EXPECT_FALSE(other.find(key_of(5000), state));
  EXPECT_EQ(other.decode(table.encode()).value(), 1000u);
}

TEST(UserTable, IsSavedInPartsAsWellAsWhole) {
  UserTable table(4096);
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    table.update(key_of(i), 7, [&](domain::UserState& state) { state.clicks = static_cast<std::uint32_t>(i); });
  }
  UserTable other(1 << 14);
  other.update(key_of(5000), 7, [](auto&) {});
  std::size_t slot = 0;
  std::size_t merged = 0;
  int parts = 0;
  while (slot < table.capacity()) {
    std::string part = "kept";
    slot = table.encode_part(slot, 64, part);
    ASSERT_EQ(part.substr(0, 4), "kept");
    ASSERT_LE(part.size(), 4 + 20 + 64 * sizeof(domain::UserState));
    merged += other.merge(std::string_view(part).substr(4)).value();
    ++parts;
    part[part.size() / 2] ^= 1;
    EXPECT_EQ(other.merge(std::string_view(part).substr(4)).error().code, base::Code::corrupt);
  }
  EXPECT_GE(parts, 1000 / 64);
  EXPECT_EQ(merged, 1000u);
  EXPECT_EQ(other.size(), 1001u) << "what was there stays";
  domain::UserState state;
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    ASSERT_TRUE(other.find(key_of(i), state));
    EXPECT_EQ(state.clicks, i);
  }
}

TEST(UserTable, RefusesDamagedBytesAndKeepsWhatItHad) {
  UserTable table(64);
  table.update(key_of(1), 1, [](auto&) {});
  std::string bytes = table.encode();
  bytes[30] = static_cast<char>(bytes[30] ^ 1);
  EXPECT_EQ(table.decode(bytes).error().code, base::Code::corrupt);
  EXPECT_EQ(table.decode("short").error().code, base::Code::corrupt);
  EXPECT_EQ(table.size(), 1u);
}

// Each write makes all words of a state say the same; a torn read would show two values in one state.
TEST(UserTable, ReadersBesideTheWriterSeeWholeStatesOnly) {
  UserTable table(16);
  constexpr std::uint64_t kUsers = 24;  // more than fit: slots change owners under the readers
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> found{0};
  std::atomic<std::uint64_t> torn{0};
  std::vector<std::thread> readers;
  for (std::uint64_t r = 0; r < 2; ++r) {
    readers.emplace_back([&, r] {
      base::Rng rng(r);
      domain::UserState state;
      while (!stop.load(std::memory_order_relaxed)) {
        const domain::UserKey key = key_of(1 + rng.below(kUsers));
        if (!table.find(key, state)) continue;
        found.fetch_add(1, std::memory_order_relaxed);
        bool whole = state.key == key && state.clicks == state.requests;
        for (const auto& interest : state.interests) whole = whole && interest.topic == state.requests;
        for (const auto& slot : state.frequency) whole = whole && slot.key == state.requests;
        if (!whole) torn.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  base::Rng rng(9);
  for (std::uint32_t n = 1; n <= 200'000 || found.load(std::memory_order_relaxed) < 1000; ++n) {
    table.update(key_of(1 + rng.below(kUsers)), n, [&](domain::UserState& state) {
      state.requests = state.clicks = n;
      for (auto& interest : state.interests) interest.topic = n;
      for (auto& slot : state.frequency) slot.key = n;
    });
  }
  stop = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(torn.load(), 0u);
  EXPECT_GT(found.load(), 0u);
}

}  // namespace
}  // namespace bandstand::agents::profile
