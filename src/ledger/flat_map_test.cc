// flat_map_test: the table agrees with std::map over long random histories.
#include "ledger/flat_map.h"

#include <gtest/gtest.h>

#include <map>

#include "base/ids.h"
#include "base/rng.h"

namespace bandstand::ledger {
namespace {

using Key = base::LeaseId;

TEST(FlatMap, AgreesWithAMapOverRandomInsertsErasesAndFilters) {
  base::Rng rng(11);
  FlatMap<Key, std::uint64_t> table;
  std::map<Key, std::uint64_t> truth;
  for (int step = 0; step < 200'000; ++step) {
    const Key key{1 + rng.below(500)};
    switch (rng.below(4)) {
      case 0:
      case 1:
        table[key] = truth[key] = rng.next();
        break;
      case 2:
        EXPECT_EQ(table.erase(key), truth.erase(key) == 1);
        break;
      default: {
        const std::uint64_t* found = table.find(key);
        const auto expected = truth.find(key);
        ASSERT_EQ(found != nullptr, expected != truth.end());
        if (found != nullptr) {
          ASSERT_EQ(*found, expected->second);
        }
      }
    }
    if (step % 20'000 == 0) {
      table.filter([](Key, std::uint64_t value) { return value % 3 != 0; });
      std::erase_if(truth, [](const auto& entry) { return entry.second % 3 == 0; });
    }
    ASSERT_EQ(table.size(), truth.size());
  }
  std::uint64_t sum = 0;
  std::uint64_t expected = 0;
  table.for_each([&](Key key, std::uint64_t value) { sum += key.value ^ value; });
  for (const auto& [key, value] : truth) expected += key.value ^ value;
  EXPECT_EQ(sum, expected);
  table.clear();
  EXPECT_EQ(table.size(), 0u);
}

// The simulator found this: the empty key marks free places and was "found" in one of them.
TEST(FlatMap, NeitherFindsNorErasesTheEmptyKey) {
  FlatMap<Key, int> table;
  table[{5}] = 1;
  EXPECT_EQ(table.find({}), nullptr);
  EXPECT_FALSE(table.erase({}));
  EXPECT_EQ(table.size(), 1u);
}

}  // namespace
}  // namespace bandstand::ledger
