// faulty_disk_test: what the simulated disk promises to the simulations that stand on it.
#include "simulation/faulty_disk.h"

#include <gtest/gtest.h>

namespace bandstand::simulation {
namespace {

using base::Code;
using base::Open;

TEST(FaultyDisk, LosesExactlyWhatWasNotSynced) {
  FaultyDisk disk(1);
  auto file = *disk.open("a", Open::create);
  ASSERT_TRUE(file->write_at(0, "kept"));
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(disk.sync_directory(""));
  ASSERT_TRUE(file->write_at(4, "lost"));
  EXPECT_EQ(disk.content("a"), "keptlost");
  disk.crash_losing_all();
  EXPECT_EQ(disk.content("a"), "kept");
  EXPECT_EQ(file->write_at(0, "x").error().code, Code::unavailable);
}

TEST(FaultyDisk, LosesANameWhoseDirectoryWasNotSynced) {
  FaultyDisk disk(1);
  ASSERT_TRUE(disk.make_directory("d/e"));
  ASSERT_TRUE((*disk.open("d/e/a", Open::create))->sync());
  ASSERT_TRUE(disk.sync_directory("d/e"));
  ASSERT_TRUE(disk.sync_directory("d"));
  EXPECT_EQ(disk.image().size(), 1u);
  disk.crash_losing_all();  // the root never learnt of "d"
  EXPECT_TRUE(disk.image().empty());
  EXPECT_EQ(disk.list("d").error().code, Code::not_found);
}

TEST(FaultyDisk, RenameIsOldOrNewNeverNeither) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    FaultyDisk disk(seed);
    base::Rng rng(seed);
    auto file = *disk.open("a", Open::create);
    ASSERT_TRUE(file->write_at(0, "old"));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(disk.sync_directory(""));
    file = *disk.open("a.new", Open::create);
    ASSERT_TRUE(file->write_at(0, "new"));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(disk.rename("a.new", "a"));
    disk.crash(rng);
    const std::string now = disk.content("a");
    EXPECT_TRUE(now == "old" || now == "new") << seed << " '" << now << "'";
  }
}

TEST(FaultyDisk, TearsAtAnyByteAndInAnySectorOrder) {
  std::set<std::size_t> prefixes;
  bool later_sector_without_earlier = false;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    FaultyDisk disk(seed);
    base::Rng rng(seed);
    auto file = *disk.open("a", Open::create);
    ASSERT_TRUE(file->preallocate(2048));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(disk.sync_directory(""));
    ASSERT_TRUE(file->write_at(0, std::string(2048, 'x')));
    disk.crash(rng);
    const std::string now = disk.content("a");
    ASSERT_EQ(now.size(), 2048u);
    prefixes.insert(std::min(now.find('\0'), now.size()));
    later_sector_without_earlier |= now[0] == '\0' && now[1024] == 'x';
  }
  EXPECT_GT(prefixes.size(), 50u);
  EXPECT_TRUE(later_sector_without_earlier);
}

TEST(FaultyDisk, FailedSyncIsNotMendedByTheNextOne) {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    FaultyDisk disk(seed);
    auto file = *disk.open("a", Open::create);
    ASSERT_TRUE(disk.sync_directory(""));
    ASSERT_TRUE(file->write_at(0, "data"));
    disk.set_faults({.fail_at_call = 1});
    ASSERT_EQ(file->sync().error().code, Code::unavailable);
    ASSERT_TRUE(file->sync());
    EXPECT_EQ(disk.content("a"), "data");  // still in the cache
    disk.crash_losing_all();
    lost += disk.content("a") != "data" ? 1 : 0;
  }
  EXPECT_GT(lost, 10);
}

TEST(FaultyDisk, IsFullAboveItsCapacityAndStillReads) {
  FaultyDisk disk(1);
  disk.set_faults({.capacity_bytes = 10});
  auto file = *disk.open("a", Open::create);
  ASSERT_TRUE(file->write_at(0, "0123456789"));
  EXPECT_EQ(file->write_at(8, "abcd").error().code, Code::exhausted);
  EXPECT_EQ(disk.content("a"), "01234567ab");  // a short write, as the kernel does
  EXPECT_EQ(file->preallocate(11).error().code, Code::exhausted);
  ASSERT_TRUE(disk.remove("a"));
  EXPECT_TRUE((*disk.open("b", Open::create))->preallocate(10));
}

TEST(FaultyDisk, FailsTheNumberedCallAloneAndAfterAPowerCutAll) {
  FaultyDisk disk(1);
  auto file = *disk.open("a", Open::create);
  disk.set_faults({.fail_at_call = 2});
  EXPECT_TRUE(file->write_at(0, "a"));
  EXPECT_FALSE(file->write_at(1, "b"));
  EXPECT_TRUE(file->write_at(1, "b"));
  disk.set_faults({.power_cut_at_call = 2});
  EXPECT_TRUE(file->sync());
  EXPECT_FALSE(file->sync());
  EXPECT_FALSE(disk.list(""));
  EXPECT_EQ(disk.counters().faults, 3u);
  disk.crash_losing_all();
  EXPECT_TRUE(disk.list(""));
}

TEST(FaultyDisk, TakesAnImageAndGivesItBackAfterACrash) {
  const FaultyDisk::Image image{{"a", "1"}, {"d/b", "2"}};
  FaultyDisk disk(1);
  ASSERT_TRUE(disk.open("gone", Open::create));
  disk.set_image(image);
  disk.crash_losing_all();
  EXPECT_EQ(disk.image(), image);
  EXPECT_EQ(disk.list("d")->size(), 1u);
}

TEST(FaultyDisk, RotStays) {
  FaultyDisk disk(7);
  auto file = *disk.open("a", Open::create);
  ASSERT_TRUE(file->write_at(0, std::string(100, '\0')));
  ASSERT_TRUE(file->sync());
  disk.set_faults({.rot = 1});
  std::string out;
  ASSERT_TRUE(file->read_at(0, 100, out));
  EXPECT_EQ(100 - std::count(out.begin(), out.end(), '\0'), 1);
  disk.set_faults({});
  EXPECT_EQ(disk.content("a"), out);
}

TEST(FaultyDisk, LocksOnceAndFreesWithTheHandleOrTheCrash) {
  FaultyDisk disk(1);
  auto held = *disk.lock("l");
  EXPECT_EQ(disk.lock("l").error().code, Code::conflict);
  held.reset();
  held = *disk.lock("l");
  disk.crash_losing_all();
  auto again = *disk.lock("l");
  held.reset();  // of before the crash: frees nothing
  EXPECT_EQ(disk.lock("l").error().code, Code::conflict);
}

TEST(FaultyDisk, SameSeedSameFaults) {
  const auto run = [](std::uint64_t seed) {
    FaultyDisk disk(seed);
    base::Rng rng(seed);
    std::string trace;
    disk.set_faults({.write_error = 0.1, .short_write = 0.1, .sync_error = 0.1, .sync_latency_mean = base::Duration{1000}});
    for (int round = 0; round < 20; ++round) {
      auto file = *disk.open("a", Open::create);
      (void)disk.sync_directory("");
      for (int i = 0; i < 20; ++i) {
        trace += file->write_at(rng.below(5000), std::string(rng.below(3000), static_cast<char>('a' + i))) ? '.' : 'w';
        trace += file->sync() ? '.' : 's';
      }
      disk.crash(rng);
      trace += disk.content("a");
    }
    return trace + std::to_string(disk.counters().faults);
  };
  EXPECT_EQ(run(3), run(3));
  EXPECT_NE(run(3), run(4));
}

}  // namespace
}  // namespace bandstand::simulation
