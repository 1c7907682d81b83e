// file_log_fence_test: two processes on one partition, one of them stopped at any I/O call while the other acts.
#include <gtest/gtest.h>

#include <functional>

#include "log/file_log.h"
#include "log/recovery_check.h"
#include "simulation/faulty_disk.h"

namespace bandstand::log {
namespace {

using base::Code;
using simulation::FaultyDisk;

constexpr TopicOptions kOptions{.segment_bytes = 4096, .record_bytes_max = 512};

/// One process's way to a disk. Right before its n-th call, something else happens: as if it had been stopped there.
class StoppedDisk final : public base::Disk {
 public:
  StoppedDisk(base::Disk& disk, std::uint64_t stop_at, std::function<void()> meanwhile)
      : disk_(disk), stop_at_(stop_at), meanwhile_(std::move(meanwhile)) {}

  [[nodiscard]] std::uint64_t calls() const { return calls_; }

  base::Result<std::unique_ptr<base::File>> open(const std::string& path, base::Open mode) override {
    count();
    return wrap(disk_.open(path, mode));
  }
  base::Result<std::monostate> rename(const std::string& from, const std::string& to) override {
    count();
    return disk_.rename(from, to);
  }
  base::Result<std::monostate> remove(const std::string& path) override {
    count();
    return disk_.remove(path);
  }
  base::Result<std::monostate> make_directory(const std::string& path) override {
    count();
    return disk_.make_directory(path);
  }
  base::Result<std::monostate> sync_directory(const std::string& path) override {
    count();
    return disk_.sync_directory(path);
  }
  base::Result<std::vector<std::string>> list(const std::string& path) override {
    count();
    return disk_.list(path);
  }
  base::Result<std::unique_ptr<base::File>> lock(const std::string& path) override {
    count();
    return wrap(disk_.lock(path));
  }

 private:
  class StoppedFile final : public base::File {
   public:
    StoppedFile(StoppedDisk& disk, std::unique_ptr<base::File> file) : disk_(disk), file_(std::move(file)) {}
    /// A write may also be stopped in its middle.
    base::Result<std::monostate> write_at(std::uint64_t offset, std::string_view data) override {
      disk_.count();
      const std::size_t half = data.size() / 2;
      BANDSTAND_TRY_VOID(file_->write_at(offset, data.substr(0, half)));
      disk_.count();
      return file_->write_at(offset + half, data.substr(half));
    }
    base::Result<std::monostate> read_at(std::uint64_t offset, std::size_t size, std::string& out) override {
      disk_.count();
      return file_->read_at(offset, size, out);
    }
    base::Result<std::monostate> preallocate(std::uint64_t size) override {
      disk_.count();
      return file_->preallocate(size);
    }
    base::Result<std::monostate> truncate(std::uint64_t size) override {
      disk_.count();
      return file_->truncate(size);
    }
    base::Result<std::monostate> sync() override {
      disk_.count();
      return file_->sync();
    }
    base::Result<std::uint64_t> size() override {
      disk_.count();
      return file_->size();
    }

   private:
    StoppedDisk& disk_;
    std::unique_ptr<base::File> file_;
  };

  void count() {
    if (++calls_ == stop_at_) meanwhile_();
  }
  base::Result<std::unique_ptr<base::File>> wrap(base::Result<std::unique_ptr<base::File>> file) {
    if (!file) return file;
    return std::unique_ptr<base::File>(std::make_unique<StoppedFile>(*this, std::move(*file)));
  }

  base::Disk& disk_;
  const std::uint64_t stop_at_;
  const std::function<void()> meanwhile_;
  std::uint64_t calls_ = 0;
};

/// Follows a partition through a log of its own; all that it is given must stay.
class Follower {
 public:
  Follower(base::Disk& disk, const base::Clock& clock) : log_(open_file_log(disk, clock)) {}

  void look(Expectation& expectation) {
    if (reader_ == nullptr) {
      auto opened = log_->open_reader("t", 0, "");
      ASSERT_TRUE(opened) << log_->trouble();
      reader_ = std::move(*opened);
    }
    std::vector<Record> batch;
    do {
      auto polled = reader_->poll(50, batch);
      ASSERT_TRUE(polled) << log_->trouble();
      for (const Record& record : batch) expectation.seen(record.offset, std::string(record.value));
    } while (!batch.empty());
  }

 private:
  std::unique_ptr<Log> log_;
  std::unique_ptr<Reader> reader_;
};

/// Compares the whole partition, first as it is, then after a crash that keeps only what was synced.
void check_all(FaultyDisk& disk, const base::Clock& clock, Expectation& expectation, const std::string& story) {
  for (const bool crashed : {false, true}) {
    if (crashed) disk.crash_losing_all();
    auto log = open_file_log(disk, clock);
    auto partition = log->open_partition("t", 0);
    ASSERT_TRUE(partition) << story << ": " << log->trouble();
    ASSERT_TRUE((*partition)->claim()) << story << ": " << log->trouble();
    expectation.check(read_values(*log, "t"), story + (crashed ? ", crashed" : ""));
  }
}

TEST(FileLogFence, AWriterStoppedAnywhereAcknowledgesNothingThatTheNextOneHasNotSeen) {
  const base::ManualClock clock;
  int fenced = 0;
  for (std::uint64_t stop_at = 1;; ++stop_at) {
    FaultyDisk disk(stop_at);
    Expectation expectation;
    Follower follower(disk, clock);
    std::unique_ptr<Log> second_log = open_file_log(disk, clock);
    ASSERT_TRUE(second_log->create_topic("t", kOptions));
    std::unique_ptr<Partition> second;
    bool second_wrote = false;
    StoppedDisk stopped(disk, stop_at, [&] {
      follower.look(expectation);
      second = std::move(*second_log->open_partition("t", 0));
      base::Error error{};
      second_wrote = write_some(*second, expectation, "second", 50, &error);
      // It cannot claim in the middle of another claim; nothing else may stop it.
      ASSERT_TRUE(second_wrote || error.code == Code::conflict) << second_log->trouble();
      follower.look(expectation);
    });
    auto first_log = open_file_log(stopped, clock);
    auto first = first_log->open_partition("t", 0);
    ASSERT_TRUE(first) << first_log->trouble();
    bool alive = true;
    for (int round = 0; alive && round < 5; ++round) {
      alive = write_some(**first, expectation, "first" + std::to_string(round), 40);
      follower.look(expectation);
    }
    const std::string story = "stopped at call " + std::to_string(stop_at);
    if (stopped.calls() < stop_at) {
      ASSERT_TRUE(alive);
      break;
    }
    fenced += alive ? 0 : 1;
    if (second_wrote) {  // then exactly one of them goes on
      const bool first_goes_on = write_some(**first, expectation, "first, on", 50);
      EXPECT_NE(write_some(*second, expectation, "second, on", 50), first_goes_on) << story;
    }
    follower.look(expectation);
    check_all(disk, clock, expectation, story);
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(fenced, 50);
}

TEST(FileLogFence, AClaimStoppedAnywhereTakesInWhatTheOlderWriterWasToldMeanwhile) {
  const base::ManualClock clock;
  int told = 0;
  int refused = 0;
  for (std::uint64_t stop_at = 1;; ++stop_at) {
    FaultyDisk disk(stop_at);
    Expectation expectation;
    Follower follower(disk, clock);
    auto first_log = open_file_log(disk, clock);
    ASSERT_TRUE(first_log->create_topic("t", kOptions));
    auto first = std::move(*first_log->open_partition("t", 0));
    ASSERT_TRUE(write_some(*first, expectation, "first", 30));
    StoppedDisk stopped(disk, stop_at, [&] {
      for (int round = 0; round < 3; ++round) {  // over the end of a segment
        ++(write_some(*first, expectation, "meanwhile" + std::to_string(round), 40) ? told : refused);
        follower.look(expectation);
      }
    });
    auto second_log = open_file_log(stopped, clock);
    auto second = second_log->open_partition("t", 0);
    ASSERT_TRUE(second) << second_log->trouble();
    ASSERT_TRUE(write_some(**second, expectation, "second", 40)) << second_log->trouble();
    const std::string story = "stopped at call " + std::to_string(stop_at);
    if (stopped.calls() < stop_at) break;
    EXPECT_FALSE(write_some(*first, expectation, "late", 3)) << story;
    follower.look(expectation);
    check_all(disk, clock, expectation, story);
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(told, 10);
  EXPECT_GT(refused, 10);
}

TEST(FileLogFence, AReaderOfAnotherProcessStoppedAnywhereGivesOnlyWhatStays) {
  const base::ManualClock clock;
  for (std::uint64_t stop_at = 1;; ++stop_at) {
    FaultyDisk disk(stop_at);
    Expectation expectation;
    auto first_log = open_file_log(disk, clock);
    ASSERT_TRUE(first_log->create_topic("t", kOptions));
    auto first = std::move(*first_log->open_partition("t", 0));
    auto second_log = open_file_log(disk, clock);
    auto second = std::move(*second_log->open_partition("t", 0));
    ASSERT_TRUE(write_some(*first, expectation, "first", 30));
    StoppedDisk stopped(disk, stop_at, [&] {
      ASSERT_TRUE(write_some(*second, expectation, "second", 40));
      // The fenced one still leaves records behind the end of its segment.
      EXPECT_FALSE(write_some(*first, expectation, "late", 40));
    });
    Follower follower(stopped, clock);
    follower.look(expectation);
    follower.look(expectation);
    if (stopped.calls() < stop_at) break;
    disk.crash_losing_all();
    check_all(disk, clock, expectation, "reader stopped at call " + std::to_string(stop_at));
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(FileLogFence, WhatAReaderOfAnotherProcessWasGivenSurvivesACrashAtAnyCallOfTheWriter) {
  const base::ManualClock clock;
  for (std::uint64_t stop_at = 1;; ++stop_at) {
    FaultyDisk disk(stop_at);
    Expectation expectation;
    Follower follower(disk, clock);
    auto maker = open_file_log(disk, clock);
    ASSERT_TRUE(maker->create_topic("t", kOptions));
    StoppedDisk stopped(disk, stop_at, [&] {
      follower.look(expectation);  // a batch may be written and not yet synced
      disk.crash_losing_all();
    });
    auto log = open_file_log(stopped, clock);
    auto partition = log->open_partition("t", 0);
    for (int round = 0; partition && round < 4; ++round) {
      if (!write_some(**partition, expectation, std::to_string(round), 40)) break;
    }
    if (stopped.calls() < stop_at) break;
    check_all(disk, clock, expectation, "crashed at call " + std::to_string(stop_at));
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(FileLogFence, TwoClaimsAtOnceAreRefused) {
  const base::ManualClock clock;
  FaultyDisk disk(1);
  auto log = open_file_log(disk, clock);
  ASSERT_TRUE(log->create_topic("t", kOptions));
  auto partition = std::move(*log->open_partition("t", 0));
  ASSERT_TRUE(partition->claim());
  {
    auto other_claim = disk.lock("t/0/claim.lock");
    ASSERT_TRUE(other_claim);
    EXPECT_EQ(partition->claim().error().code, Code::conflict);
  }
  EXPECT_TRUE(partition->claim());  // no harm done
  EXPECT_TRUE(partition->append("k", "v"));
  EXPECT_TRUE(partition->flush());
}

}  // namespace
}  // namespace bandstand::log
