// conformance: what every backend of the log must do, as typed test cases; a new backend instantiates them unchanged.
//
// A backend type B is made anew for each case, with empty storage, and has:
//   std::unique_ptr<Log> open();       the storage as one more process sees it
//   std::string topic(std::string);    a name that no other case uses (where the storage is shared)
//   base::ManualClock clock;           the time that writers stamp
//   bool settle();                     called when something is not there yet: waits a little and says whether to look
//                                      again; a backend that is never late returns false
// Then: INSTANTIATE_TYPED_TEST_SUITE_P(Mine, LogConformance, B);
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "log/log.h"

namespace bandstand::log {

/// A record that owns its bytes.
struct Kept {
  Offset offset = 0;
  std::string key;
  std::string value;
  friend bool operator==(const Kept&, const Kept&) = default;
};

template <class Backend>
class LogConformance : public ::testing::Test {
 protected:
  static std::string numbered(std::uint64_t n) { return "value-" + std::to_string(n); }

  /// A log with the topic "t".
  std::unique_ptr<Log> open(const TopicOptions& options = {.segment_bytes = 64 << 10, .record_bytes_max = 16 << 10}) {
    std::unique_ptr<Log> log = backend.open();
    auto created = log->create_topic(topic(), options);
    EXPECT_TRUE(created) << created.error().what;
    return log;
  }
  std::string topic() { return backend.topic("t"); }
  std::unique_ptr<Partition> writer(Log& log, std::uint32_t partition = 0) {
    auto opened = log.open_partition(topic(), partition);
    EXPECT_TRUE(opened) << opened.error().what;
    return std::move(*opened);
  }
  std::unique_ptr<Reader> reader(Log& log, const std::string& group = "", std::uint32_t partition = 0) {
    auto opened = log.open_reader(topic(), partition, group);
    EXPECT_TRUE(opened) << opened.error().what;
    return std::move(*opened);
  }
  /// Appends numbered(from) .. numbered(to - 1) and flushes.
  static void write(Partition& partition, std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t i = from; i < to; ++i) ASSERT_TRUE(partition.append("key", numbered(i)));
    ASSERT_TRUE(partition.flush());
  }
  /// Polls until the end, or until there are `enough`; waits for a late backend while there are fewer.
  std::vector<Kept> drain(Reader& reader, std::size_t enough = SIZE_MAX, std::size_t step = 100) {
    std::vector<Kept> all;
    std::vector<Record> batch;
    for (;;) {
      auto polled = reader.poll(std::min(step, enough - all.size()), batch);
      EXPECT_TRUE(polled) << polled.error().what;
      if (!polled) return all;
      EXPECT_EQ(*polled, batch.size());
      for (const Record& r : batch) all.push_back({r.offset, std::string(r.key), std::string(r.value)});
      if (all.size() >= enough) return all;
      if (batch.empty() && !backend.settle()) return all;
    }
  }
  /// That `kept` is numbered(from) .. numbered(to - 1), each at the offset of its number.
  static void expect_numbered(const std::vector<Kept>& kept, std::uint64_t from, std::uint64_t to) {
    ASSERT_EQ(kept.size(), to - from);
    for (std::uint64_t i = from; i < to; ++i) {
      ASSERT_EQ(kept[i - from].offset, i);
      ASSERT_EQ(kept[i - from].value, numbered(i));
    }
  }

  Backend backend;
};

TYPED_TEST_SUITE_P(LogConformance);

TYPED_TEST_P(LogConformance, KeepsTheOrderOfAPartition) {
  auto log = this->open();
  auto partition = this->writer(*log);
  EXPECT_EQ(partition->end(), 0u);
  for (std::uint64_t i = 0; i < 1000; i += 50) this->write(*partition, i, i + 50);
  EXPECT_EQ(partition->end(), 1000u);
  auto reader = this->reader(*log);
  this->expect_numbered(this->drain(*reader, 1000, 7), 0, 1000);
  EXPECT_EQ(reader->position(), 1000u);
}

TYPED_TEST_P(LogConformance, CountsNothingBeforeItIsFlushed) {
  auto log = this->open();
  auto partition = this->writer(*log);
  this->write(*partition, 0, 3);
  EXPECT_EQ(partition->durable_through(), 3u);
  const auto ticket = partition->append("key", this->numbered(3));
  ASSERT_TRUE(ticket);
  EXPECT_EQ(*ticket, 4u);
  // A backend may be faster than asked (then the ticket is passed); what it shows to readers must be durable.
  std::vector<Record> batch;
  auto reader = this->reader(*log);
  ASSERT_TRUE(reader->seek(3));
  ASSERT_TRUE(reader->poll(10, batch));
  EXPECT_TRUE(batch.empty() || partition->durable_through() == 4);
  ASSERT_TRUE(partition->flush());
  EXPECT_EQ(partition->durable_through(), 4u);
  auto from_start = this->reader(*log);
  this->expect_numbered(this->drain(*from_start, 4), 0, 4);
}

TYPED_TEST_P(LogConformance, KeepsWhatWasFlushedWhenTheProcessGoes) {
  {
    auto log = this->open();
    auto partition = this->writer(*log);
    this->write(*partition, 0, 100);
    ASSERT_TRUE(partition->append("key", "never flushed"));
  }
  auto log = this->open();
  {
    auto reader = this->reader(*log);
    const auto kept = this->drain(*reader, 100);
    this->expect_numbered(kept, 0, 100);
  }
  auto partition = this->writer(*log);
  ASSERT_TRUE(partition->claim());
  const Offset end = partition->end();
  ASSERT_LE(end, 101u);  // a backend may have stored the last one; it may not have stored it wrong
  ASSERT_TRUE(partition->append("key", "next"));
  ASSERT_TRUE(partition->flush());
  auto reader = this->reader(*log);
  const auto all = this->drain(*reader, end + 1);
  ASSERT_EQ(all.size(), end + 1);
  EXPECT_EQ(all.back(), (Kept{end, "key", "next"}));
}

TYPED_TEST_P(LogConformance, AnotherProcessSeesWhatIsDurable) {
  auto log = this->open();
  auto partition = this->writer(*log);
  auto other = this->open();
  auto reader = this->reader(*other);
  EXPECT_TRUE(this->drain(*reader, 0).empty());
  for (std::uint64_t i = 0; i < 50; i += 10) {
    this->write(*partition, i, i + 10);
    this->expect_numbered(this->drain(*reader, 10), i, i + 10);
  }
}

TYPED_TEST_P(LogConformance, AGroupResumesWhereItCommitted) {
  {
    auto log = this->open();
    auto partition = this->writer(*log);
    this->write(*partition, 0, 100);
    auto reader = this->reader(*log, "a");
    this->drain(*reader, 40);
    ASSERT_TRUE(reader->commit(30));
    this->drain(*reader, 20);  // read, not committed: comes again
    auto second = this->reader(*log, "b");
    EXPECT_EQ(this->drain(*second, 1).front().offset, 0u);  // groups know nothing of each other
  }
  auto log = this->open();
  auto reader = this->reader(*log, "a");
  EXPECT_EQ(reader->position(), 30u);
  this->expect_numbered(this->drain(*reader, 70), 30, 100);
  ASSERT_TRUE(reader->commit(100));
  ASSERT_TRUE(reader->commit(90));  // backwards is allowed: a replay
  auto again = this->reader(*log, "a");
  EXPECT_EQ(again->position(), 90u);
  auto nobody = this->reader(*log);
  EXPECT_EQ(nobody->position(), 0u);
  EXPECT_EQ(nobody->commit(1).error().code, base::Code::invalid_input);
}

TYPED_TEST_P(LogConformance, DeliversAtLeastOnceHoweverOftenTheReaderDies) {
  auto log = this->open();
  auto partition = this->writer(*log);
  this->write(*partition, 0, 500);
  base::Rng rng(1);
  std::map<Offset, int> seen;
  Offset committed = 0;
  for (int lives = 0; committed < 500; ++lives) {
    ASSERT_LT(lives, 200);
    auto fresh = this->backend.open();
    auto reader = this->reader(*fresh, "g");
    EXPECT_EQ(reader->position(), committed);
    const std::size_t n = 1 + rng.below(40);
    for (const Kept& kept : this->drain(*reader, std::min<std::size_t>(n, 500 - committed))) {
      EXPECT_EQ(kept.value, this->numbered(kept.offset));
      ++seen[kept.offset];
    }
    if (rng.chance(0.6)) {
      committed = reader->position();
      ASSERT_TRUE(reader->commit(committed));
    }
  }
  EXPECT_EQ(seen.size(), 500u);
}

TYPED_TEST_P(LogConformance, AClaimFencesOlderWritersHereAndInOtherProcesses) {
  auto log = this->open();
  auto other = this->open();
  auto first = this->writer(*log);
  const auto epoch1 = first->claim();
  ASSERT_TRUE(epoch1);
  this->write(*first, 0, 10);
  ASSERT_TRUE(first->append("key", "lost"));  // buffered when the claim comes

  auto second = this->writer(*other);
  const auto epoch2 = second->claim();
  ASSERT_TRUE(epoch2) << epoch2.error().what;
  EXPECT_GT(*epoch2, *epoch1);
  const Offset end = second->end();
  EXPECT_GE(end, 10u);
  const Ticket durable = first->durable_through();
  EXPECT_EQ(first->flush().error().code, base::Code::conflict);
  EXPECT_EQ(first->durable_through(), durable);
  EXPECT_EQ(first->append("key", "late").error().code, base::Code::conflict);
  EXPECT_EQ(first->flush().error().code, base::Code::conflict);
  EXPECT_EQ(first->claim().error().code, base::Code::conflict);

  for (std::uint64_t i = 0; i < 10; ++i) ASSERT_TRUE(second->append("key", "second"));
  ASSERT_TRUE(second->flush());
  auto third = this->writer(*other);  // the same process may fence itself
  const auto epoch3 = third->claim();
  ASSERT_TRUE(epoch3);
  EXPECT_GT(*epoch3, *epoch2);
  (void)second->append("key", "late");
  EXPECT_EQ(second->flush().error().code, base::Code::conflict);
  ASSERT_TRUE(third->append("key", "third"));
  ASSERT_TRUE(third->flush());

  for (Log* view : {log.get(), other.get()}) {
    auto reader = this->reader(*view);
    const auto all = this->drain(*reader, end + 11);
    ASSERT_EQ(all.size(), end + 11);
    this->expect_numbered({all.begin(), all.begin() + 10}, 0, 10);
    for (Offset i = end; i < end + 10; ++i) EXPECT_EQ(all[i].value, "second");
    EXPECT_EQ(all.back().value, "third");
  }
}

TYPED_TEST_P(LogConformance, AClaimSeesAllThatTheOlderWriterWasToldIsDurable) {
  auto log = this->open();
  std::uint64_t written = 0;
  std::vector<std::unique_ptr<Log>> processes;
  std::vector<std::unique_ptr<Partition>> writers;
  for (int i = 0; i < 8; ++i) {
    processes.push_back(this->backend.open());
    writers.push_back(this->writer(*processes.back()));
    ASSERT_TRUE(writers.back()->claim());
    EXPECT_EQ(writers.back()->end(), written);
    this->write(*writers.back(), written, written + 5);
    written += 5;
  }
  auto reader = this->reader(*log);
  this->expect_numbered(this->drain(*reader, written), 0, written);
}

TYPED_TEST_P(LogConformance, RetentionDropsTheOldestAndReadersGoOn) {
  const TopicOptions options{.segment_bytes = 4096, .retention_bytes = 16384, .record_bytes_max = 1024};
  auto log = this->open(options);
  auto partition = this->writer(*log);
  auto early = this->reader(*log, "slow");
  const std::string value(400, 'v');
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(partition->append("key", value));
    if (i % 10 == 9) {
      ASSERT_TRUE(partition->flush());
    }
  }
  while (partition->begin() == 0 && this->backend.settle()) {
  }
  const Offset begin = partition->begin();
  EXPECT_GT(begin, 0u);
  EXPECT_LT(begin, 480u);  // 16 KiB of at most 0.5 KiB records: 32 at least
  EXPECT_EQ(partition->end(), 500u);
  const auto rest = this->drain(*early, 500 - begin);
  ASSERT_FALSE(rest.empty());
  EXPECT_EQ(rest.front().offset, begin);
  EXPECT_EQ(rest.back().offset, 499u);
  ASSERT_TRUE(early->seek(0));
  EXPECT_EQ(this->drain(*early, 1).front().offset, begin);
  // And after a restart.
  partition.reset();
  auto fresh = this->open(options);
  EXPECT_EQ(this->reader(*fresh)->position(), begin);
  auto again = this->writer(*fresh);
  ASSERT_TRUE(again->claim());
  EXPECT_EQ(again->end(), 500u);
  EXPECT_EQ(again->begin(), begin);
}

TYPED_TEST_P(LogConformance, RefusesARecordAboveTheLimitAndGoesOn) {
  auto log = this->open({.segment_bytes = 64 << 10, .record_bytes_max = 1000});
  auto partition = this->writer(*log);
  ASSERT_TRUE(partition->append(std::string(400, 'k'), std::string(600, 'v')));
  EXPECT_EQ(partition->append(std::string(400, 'k'), std::string(601, 'v')).error().code, base::Code::invalid_input);
  ASSERT_TRUE(partition->append("", "after"));
  ASSERT_TRUE(partition->flush());
  auto reader = this->reader(*log);
  const auto all = this->drain(*reader, 2);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].value.size(), 600u);
  EXPECT_EQ(all[1].value, "after");
}

TYPED_TEST_P(LogConformance, KeepsAnyBytes) {
  auto log = this->open();
  auto partition = this->writer(*log);
  base::Rng rng(2);
  std::vector<Kept> expected;
  for (Offset i = 0; i < 300; ++i) {
    Kept kept{i, std::string(rng.below(20), '\0'), std::string(rng.below(300), '\0')};
    if (i % 3 != 0) {  // every third stays all zeros
      for (char& c : kept.key) c = static_cast<char>(rng.next());
      for (char& c : kept.value) c = static_cast<char>(rng.next());
    }
    ASSERT_TRUE(partition->append(kept.key, kept.value));
    expected.push_back(kept);
  }
  ASSERT_TRUE(partition->append("", ""));
  expected.push_back({300, "", ""});
  ASSERT_TRUE(partition->flush());
  auto fresh = this->open();
  auto reader = this->reader(*fresh);
  EXPECT_EQ(this->drain(*reader, 301), expected);
}

TYPED_TEST_P(LogConformance, StampsRecordsWithTheWritersClock) {
  auto log = this->open();
  auto partition = this->writer(*log);
  const base::WallTime start = this->backend.clock.wall();
  ASSERT_TRUE(partition->append("", "a"));
  this->backend.clock.advance(std::chrono::milliseconds(5));
  ASSERT_TRUE(partition->append("", "b"));
  ASSERT_TRUE(partition->flush());
  auto reader = this->reader(*log);
  std::vector<base::WallTime> times;
  std::vector<Record> batch;
  do {
    ASSERT_TRUE(reader->poll(10, batch));
    for (const Record& record : batch) times.push_back(record.time);
  } while (times.size() < 2 && (!batch.empty() || this->backend.settle()));
  ASSERT_EQ(times.size(), 2u);
  EXPECT_EQ(times[0].millis(), start.millis());  // brokers keep milliseconds
  EXPECT_EQ(times[1].millis(), start.millis() + 5);
}

TYPED_TEST_P(LogConformance, PartitionsAreIndependent) {
  constexpr std::uint32_t kPartitions = 32;
  const TopicOptions options{.partitions = kPartitions, .segment_bytes = 64 << 10, .record_bytes_max = 4096};
  auto log = this->open(options);
  std::vector<std::unique_ptr<Partition>> writers;
  for (std::uint32_t p = 0; p < kPartitions; ++p) writers.push_back(this->writer(*log, p));
  std::vector<std::vector<Kept>> expected(kPartitions);
  for (int i = 0; i < 3200; ++i) {
    const std::string key = "key" + std::to_string(i % 100);
    const std::uint32_t p = partition_of(key, kPartitions);
    ASSERT_TRUE(writers[p]->append(key, this->numbered(static_cast<std::uint64_t>(i))));
    expected[p].push_back({expected[p].size(), key, this->numbered(static_cast<std::uint64_t>(i))});
  }
  for (auto& writer : writers) ASSERT_TRUE(writer->flush());
  auto fresh = this->open(options);
  for (std::uint32_t p = 0; p < kPartitions; ++p) {
    auto reader = this->reader(*fresh, "", p);
    EXPECT_EQ(this->drain(*reader, expected[p].size()), expected[p]);
  }
  EXPECT_EQ(log->open_partition(this->topic(), kPartitions).error().code, base::Code::not_found);
  EXPECT_EQ(log->open_reader(this->topic(), kPartitions, "").error().code, base::Code::not_found);
}

TYPED_TEST_P(LogConformance, AReaderAtTheEndGoesOnWhenThereIsMore) {
  auto log = this->open();
  auto partition = this->writer(*log);
  auto reader = this->reader(*log);
  std::vector<Record> batch;
  ASSERT_TRUE(reader->poll(10, batch));
  EXPECT_TRUE(batch.empty());
  for (std::uint64_t i = 0; i < 200; i += 20) {
    this->write(*partition, i, i + 20);
    this->expect_numbered(this->drain(*reader, 20), i, i + 20);
    ASSERT_TRUE(reader->poll(10, batch));
    EXPECT_TRUE(batch.empty());
  }
}

TYPED_TEST_P(LogConformance, SeeksAnywhere) {
  const TopicOptions options{.segment_bytes = 4096, .record_bytes_max = 1024};
  auto log = this->open(options);
  auto partition = this->writer(*log);
  this->write(*partition, 0, 1000);
  auto reader = this->reader(*log);
  base::Rng rng(3);
  for (int i = 0; i < 200; ++i) {
    const Offset to = rng.below(1000);
    ASSERT_TRUE(reader->seek(to));
    EXPECT_EQ(reader->position(), to);
    const std::uint64_t n = std::min<std::uint64_t>(1 + rng.below(30), 1000 - to);
    this->expect_numbered(this->drain(*reader, n), to, to + n);
  }
  ASSERT_TRUE(reader->seek(1000));
  std::vector<Record> batch;
  ASSERT_TRUE(reader->poll(10, batch));
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(reader->seek(1001).error().code, base::Code::invalid_input);
  EXPECT_EQ(reader->commit(1001).error().code, base::Code::invalid_input);
}

TYPED_TEST_P(LogConformance, TopicsAreMadeOnceAndKeepTheirOptions) {
  const TopicOptions options{.partitions = 3};
  auto log = this->open(options);
  EXPECT_TRUE(log->create_topic(this->topic(), options));
  EXPECT_EQ(log->create_topic(this->topic(), {.partitions = 4}).error().code, base::Code::conflict);
  EXPECT_EQ(log->create_topic("No/Good", options).error().code, base::Code::invalid_input);
  EXPECT_EQ(log->create_topic(this->backend.topic("u"), {.partitions = 0}).error().code, base::Code::invalid_input);
  EXPECT_EQ(log->open_partition(this->backend.topic("u"), 0).error().code, base::Code::not_found);
  EXPECT_EQ(log->open_reader(this->backend.topic("u"), 0, "").error().code, base::Code::not_found);
  EXPECT_EQ(log->open_reader(this->topic(), 0, "No/Good").error().code, base::Code::invalid_input);
  ASSERT_TRUE(log->create_topic(this->backend.topic("another"), options));
  auto fresh = this->backend.open();
  const auto topics = fresh->topics();
  ASSERT_TRUE(topics);
  EXPECT_TRUE(std::is_sorted(topics->begin(), topics->end()));
  for (const char* name : {"t", "another"}) {
    EXPECT_EQ(std::count(topics->begin(), topics->end(), this->backend.topic(name)), 1) << name;
  }
  EXPECT_EQ(fresh->trouble(), "");
}

TYPED_TEST_P(LogConformance, AnEmptyFlushAndAnEmptyPartitionAreFine) {
  auto log = this->open();
  auto partition = this->writer(*log);
  EXPECT_TRUE(partition->flush());
  EXPECT_EQ(partition->durable_through(), 0u);
  EXPECT_EQ(partition->end(), 0u);
  EXPECT_EQ(partition->begin(), 0u);
  ASSERT_TRUE(partition->claim());
  EXPECT_TRUE(partition->flush());
  EXPECT_EQ(partition->end(), 0u);
  auto reader = this->reader(*log, "g");
  EXPECT_TRUE(reader->commit(0));
  EXPECT_EQ(this->reader(*log, "g")->position(), 0u);
}

REGISTER_TYPED_TEST_SUITE_P(LogConformance, KeepsTheOrderOfAPartition, CountsNothingBeforeItIsFlushed,
                            KeepsWhatWasFlushedWhenTheProcessGoes, AnotherProcessSeesWhatIsDurable,
                            AGroupResumesWhereItCommitted, DeliversAtLeastOnceHoweverOftenTheReaderDies,
                            AClaimFencesOlderWritersHereAndInOtherProcesses,
                            AClaimSeesAllThatTheOlderWriterWasToldIsDurable, RetentionDropsTheOldestAndReadersGoOn,
                            RefusesARecordAboveTheLimitAndGoesOn, KeepsAnyBytes, StampsRecordsWithTheWritersClock,
                            PartitionsAreIndependent, AReaderAtTheEndGoesOnWhenThereIsMore, SeeksAnywhere,
                            TopicsAreMadeOnceAndKeepTheirOptions, AnEmptyFlushAndAnEmptyPartitionAreFine);

}  // namespace bandstand::log
