// log_test: the partitioner and the checks that all backends share.
#include "log/log.h"

#include <gtest/gtest.h>

#include <set>

namespace bandstand::log {
namespace {

TEST(Log, AKeysPartitionNeverChanges) {
  // Fixed values: moving a key breaks the order of its records and the accounts that are folded from them.
  EXPECT_EQ(partition_of("campaign-1", 16), partition_of("campaign-1", 16));
  EXPECT_EQ(partition_of("", 1024), 0x2D06800538D394C2ull % 1024);  // XXH3_64bits of nothing, seed 0
}

TEST(Log, KeysSpreadOverAllPartitions) {
  std::vector<int> count(16);
  for (int i = 0; i < 16000; ++i) ++count[partition_of("key" + std::to_string(i), 16)];
  for (const int n : count) EXPECT_NEAR(n, 1000, 150);
}

TEST(Log, NamesAreFitForFilesAndBrokers) {
  for (const char* good : {"a", "decisions", "ledger.wal-2", "0_1", "..."}) EXPECT_TRUE(is_valid_name(good)) << good;
  for (const char* bad : {"", ".", "..", "A", "a/b", "a b", "ü"}) EXPECT_FALSE(is_valid_name(bad)) << bad;
  EXPECT_TRUE(is_valid_name(std::string(100, 'a')));
  EXPECT_FALSE(is_valid_name(std::string(101, 'a')));
}

TEST(Log, OptionsOutOfRangeAreRefused) {
  EXPECT_TRUE(check_options({}));
  EXPECT_FALSE(check_options({.partitions = 0}));
  EXPECT_FALSE(check_options({.partitions = 1025}));
  EXPECT_FALSE(check_options({.segment_bytes = 4095, .record_bytes_max = 1}));
  EXPECT_FALSE(check_options({.segment_bytes = 1 << 20, .record_bytes_max = 1 << 20}));
  EXPECT_FALSE(check_options({.record_bytes_max = 0}));
}

}  // namespace
}  // namespace bandstand::log
