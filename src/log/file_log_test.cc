// file_log_test: the file backend against the conformance suite, on a simulated and on a real disk, and what is its own.
#include "log/file_log.h"

#include <filesystem>
#include <thread>

#include "base/allocations_for_tests.h"
#include "base/check.h"
#include "log/conformance.h"
#include "simulation/faulty_disk.h"

namespace bandstand::log {
namespace {

using base::Code;

struct SimulatedBackend {
  std::unique_ptr<Log> open() { return open_file_log(disk, clock); }
  static std::string topic(std::string name) { return name; }
  static bool settle() { return false; }
  base::ManualClock clock;
  simulation::FaultyDisk disk{1};
};

/// A directory of its own below the system's for temporary files, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "bandstand-log-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct RealBackend {
  std::unique_ptr<Log> open() { return open_file_log(*disk, clock); }
  static std::string topic(std::string name) { return name; }
  static bool settle() { return false; }
  base::ManualClock clock;
  TemporaryDirectory directory;
  std::unique_ptr<base::Disk> disk = std::move(*base::open_posix_disk(directory.path()));
};

INSTANTIATE_TYPED_TEST_SUITE_P(Simulated, LogConformance, SimulatedBackend);
INSTANTIATE_TYPED_TEST_SUITE_P(Real, LogConformance, RealBackend);

constexpr TopicOptions kSmall{.segment_bytes = 64 << 10, .record_bytes_max = 16 << 10};

std::size_t segments_on(const simulation::FaultyDisk& disk) {
  std::size_t count = 0;
  for (const auto& [path, bytes] : disk.image()) count += path.ends_with(".log") ? 1 : 0;
  return count;
}

TEST(FileLog, AppendAllocatesNothingOnceWarm) {
  SimulatedBackend backend;
  auto log = backend.open();
  ASSERT_TRUE(log->create_topic("t", {.segment_bytes = 1 << 20, .record_bytes_max = 1024}));
  auto partition = std::move(*log->open_partition("t", 0));
  const std::string value(200, 'v');
  const auto append_some = [&] {
    bool fine = true;
    for (int i = 0; i < 256; ++i) fine = partition->append("key", value).has_value() && fine;
    return fine;
  };
  ASSERT_TRUE(append_some());
  ASSERT_TRUE(partition->flush());
  const std::uint64_t before = base::allocations_for_tests.load();
  EXPECT_TRUE(append_some());
  EXPECT_EQ(base::allocations_for_tests.load(), before);
}

TEST(FileLog, AFlushIsOneWriteAndOneSync) {
  SimulatedBackend backend;
  auto log = backend.open();
  ASSERT_TRUE(log->create_topic("t", kSmall));
  auto partition = std::move(*log->open_partition("t", 0));
  ASSERT_TRUE(partition->claim());
  const auto before = backend.disk.counters();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(partition->append("key", "value"));
  ASSERT_TRUE(partition->flush());
  EXPECT_EQ(backend.disk.counters().writes - before.writes, 1u);
  EXPECT_EQ(backend.disk.counters().syncs - before.syncs, 1u);
}

TEST(FileLog, AFullBufferIsFlushedByAppend) {
  SimulatedBackend backend;
  auto log = open_file_log(backend.disk, backend.clock, {.buffer_bytes_max = 1000});
  ASSERT_TRUE(log->create_topic("t", kSmall));
  auto partition = std::move(*log->open_partition("t", 0));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(partition->append("key", std::string(100, 'v')));
  EXPECT_GE(partition->durable_through(), 90u);
  ASSERT_TRUE(partition->append("key", std::string(5000, 'v')));  // larger than the buffer should be, and still kept
  ASSERT_TRUE(partition->flush());
  EXPECT_EQ(partition->durable_through(), 101u);
}

TEST(FileLog, TakesTheLargestRecordThatASegmentHolds) {
  SimulatedBackend backend;
  auto log = backend.open();
  ASSERT_TRUE(log->create_topic("t", {.segment_bytes = 4096, .record_bytes_max = 4096 - 128}));
  auto partition = std::move(*log->open_partition("t", 0));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(partition->append("", std::string(4096 - 128, static_cast<char>('a' + i))));
  ASSERT_TRUE(partition->flush());
  EXPECT_EQ(segments_on(backend.disk), 3u);
  auto reader = std::move(*log->open_reader("t", 0, ""));
  std::vector<Record> batch;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(*reader->poll(1, batch), 1u);
    EXPECT_EQ(batch[0].value, std::string(4096 - 128, static_cast<char>('a' + i)));
  }
}

TEST(FileLog, RestartsThatWriteNothingLeaveNoSegmentsBehind) {
  SimulatedBackend backend;
  for (int i = 0; i < 20; ++i) {
    auto log = backend.open();
    ASSERT_TRUE(log->create_topic("t", kSmall));
    ASSERT_TRUE((*log->open_partition("t", 0))->claim());
    EXPECT_EQ(segments_on(backend.disk), 1u);
  }
}

TEST(FileLog, AClaimGivesBackTheSpaceThatTheOlderSegmentDidNotUse) {
  SimulatedBackend backend;
  auto log = backend.open();
  ASSERT_TRUE(log->create_topic("t", kSmall));
  for (int i = 0; i < 5; ++i) {
    auto partition = std::move(*log->open_partition("t", 0));
    ASSERT_TRUE(partition->append("key", "value"));
    ASSERT_TRUE(partition->flush());
  }
  std::uint64_t bytes = 0;
  for (const auto& [path, content] : backend.disk.image()) bytes += content.size();
  EXPECT_LT(bytes, kSmall.segment_bytes + 2000);
}

TEST(FileLog, OpeningChangesNothing) {
  SimulatedBackend backend;
  auto log = backend.open();
  ASSERT_TRUE(log->create_topic("t", kSmall));
  auto writer = std::move(*log->open_partition("t", 0));
  ASSERT_TRUE(writer->append("key", "value"));
  ASSERT_TRUE(writer->flush());
  const auto before = backend.disk.image();
  auto other = backend.open();
  auto partition = std::move(*other->open_partition("t", 0));
  auto reader = std::move(*other->open_reader("t", 0, "g"));
  EXPECT_EQ(partition->end(), 1u);
  EXPECT_EQ(backend.disk.image(), before);
  ASSERT_TRUE(writer->append("key", "not fenced"));
  EXPECT_TRUE(writer->flush());
}

TEST(FileLog, AFailedSyncEndsAllOfTheLogButReading) {
  SimulatedBackend backend;
  auto log = backend.open();
  ASSERT_TRUE(log->create_topic("t", {.partitions = 2, .segment_bytes = 64 << 10, .record_bytes_max = 1024}));
  auto first = std::move(*log->open_partition("t", 0));
  auto second = std::move(*log->open_partition("t", 1));
  for (auto* partition : {first.get(), second.get()}) {
    ASSERT_TRUE(partition->append("key", "kept"));
    ASSERT_TRUE(partition->flush());
  }
  ASSERT_TRUE(first->append("key", "lost"));
  backend.disk.set_faults({.fail_at_call = 2});
  EXPECT_EQ(first->flush().error().code, Code::unavailable);
  EXPECT_EQ(backend.disk.counters().faults, 1u);
  EXPECT_EQ(first->durable_through(), 1u);
  EXPECT_NE(log->trouble().find("t/0, flush at byte"), std::string::npos) << log->trouble();
  EXPECT_EQ(first->flush().error().code, Code::unavailable);  // no retry
  EXPECT_EQ(second->append("key", "value").error().code, Code::unavailable);
  EXPECT_EQ(second->claim().error().code, Code::unavailable);
  EXPECT_EQ(log->create_topic("u", kSmall).error().code, Code::unavailable);
  auto reader = std::move(*log->open_reader("t", 0, "g"));
  EXPECT_EQ(reader->commit(0).error().code, Code::unavailable);
  first.reset();  // nobody writes any more: readers look at the file, and still see nothing that is not durable
  std::vector<Record> batch;
  EXPECT_EQ(*reader->poll(10, batch), 1u);
  EXPECT_EQ(*reader->poll(10, batch), 0u);
}

TEST(FileLog, ATailingReaderOnAnotherThreadSeesAllInOrderAndOnlyWhatIsDurable) {
  RealBackend backend;
  auto log = backend.open();
  ASSERT_TRUE(log->create_topic("t", {.segment_bytes = 256 << 10, .record_bytes_max = 4096}));
  constexpr std::uint64_t kRecords = 40'000;
  std::atomic<std::uint64_t> flushing{0};  // records that may be durable by now
  auto writer = std::move(*log->open_partition("t", 0));
  auto reader = std::move(*log->open_reader("t", 0, "tail"));
  std::thread thread([&] {
    base::Rng rng(1);
    for (std::uint64_t i = 0; i < kRecords;) {
      const std::uint64_t stop = std::min(kRecords, i + 1 + rng.below(500));
      for (; i < stop; ++i) BANDSTAND_CHECK(writer->append("k", std::to_string(i) + std::string(i % 90, '.')).has_value());
      flushing.store(i);
      BANDSTAND_CHECK(writer->flush().has_value());
    }
  });
  std::vector<Record> batch;
  std::uint64_t next = 0;
  bool fine = true;
  while (next < kRecords && fine) {
    auto polled = reader->poll(1000, batch);
    fine = polled.has_value();
    for (const Record& record : batch) {
      fine = fine && record.offset == next && record.value == std::to_string(next) + std::string(next % 90, '.') &&
             next < flushing.load();
      ++next;
    }
    if (batch.empty()) std::this_thread::yield();
  }
  thread.join();
  EXPECT_TRUE(fine) << "at " << next << ": " << log->trouble();
  EXPECT_EQ(next, kRecords);
  EXPECT_TRUE(reader->commit(next));
}

TEST(FileLog, RetentionMayTakeASegmentFromUnderAReaderOnAnotherThread) {
  RealBackend backend;
  auto log = backend.open();
  ASSERT_TRUE(log->create_topic("t", {.segment_bytes = 4096, .retention_bytes = 12 << 10, .record_bytes_max = 1024}));
  auto writer = std::move(*log->open_partition("t", 0));
  auto reader = std::move(*log->open_reader("t", 0, ""));
  std::atomic<bool> done{false};
  std::thread thread([&] {
    for (int i = 0; i < 200; ++i) {
      for (int j = 0; j < 20; ++j) BANDSTAND_CHECK(writer->append("k", std::string(100, 'v')).has_value());
      BANDSTAND_CHECK(writer->flush().has_value());
    }
    done.store(true);
  });
  std::vector<Record> batch;
  Offset last = 0;
  bool fine = true;
  for (bool more = true; more && fine;) {
    const bool was_done = done.load();
    auto polled = reader->poll(7, batch);
    fine = polled.has_value();
    for (const Record& record : batch) {
      fine = fine && record.offset >= last;
      last = record.offset + 1;
    }
    more = !was_done || !batch.empty();
  }
  thread.join();
  EXPECT_TRUE(fine) << log->trouble();
  EXPECT_EQ(last, 4000u);
}

}  // namespace
}  // namespace bandstand::log
