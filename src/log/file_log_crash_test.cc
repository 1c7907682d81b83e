// file_log_crash_test: the log cut at every byte, with any bit flipped, and with every I/O call failing (P4, P5).
#include <gtest/gtest.h>

#include <cstring>

#include "base/rng.h"
#include "log/file_log.h"
#include "log/frame.h"
#include "log/recovery_check.h"
#include "simulation/faulty_disk.h"

namespace bandstand::log {
namespace {

using base::Code;
using simulation::FaultyDisk;

constexpr TopicOptions kOptions{.segment_bytes = 16 << 10, .record_bytes_max = 1024};
constexpr Offset kRecords = 1000;
constexpr Offset kBatch = 7;

std::string value_of(Offset offset) {
  return "value " + std::to_string(offset) + std::string(68 + offset % 23, static_cast<char>('a' + offset % 26));
}

/// A thousand records in batches of seven over several segments, with a committed group.
FaultyDisk::Image thousand_records(const base::Clock& clock, TopicOptions options = kOptions) {
  FaultyDisk disk(1);
  auto log = open_file_log(disk, clock);
  EXPECT_TRUE(log->create_topic("t", options));
  auto partition = std::move(*log->open_partition("t", 0));
  for (Offset i = 0; i < kRecords; ++i) {
    EXPECT_TRUE(partition->append("key", value_of(i)));
    if (i % kBatch == kBatch - 1 || i + 1 == kRecords) {
      EXPECT_TRUE(partition->flush());
    }
  }
  auto reader = std::move(*log->open_reader("t", 0, "g"));
  EXPECT_TRUE(reader->commit(500));
  return disk.image();
}

std::vector<std::string> segments_of(const FaultyDisk::Image& image) {
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : image) {
    if (path.ends_with(".log")) paths.push_back(path);
  }
  return paths;
}

/// Byte positions where the frames of a segment start, and its end.
std::vector<std::size_t> frame_starts(const std::string& bytes) {
  std::vector<std::size_t> starts{kSegmentHeaderBytes};
  for (;;) {
    std::uint32_t size = 0;
    if (starts.back() + kFrameHeaderBytes > bytes.size()) return starts;
    std::memcpy(&size, bytes.data() + starts.back() + 4, 4);
    if (size == 0) return starts;
    starts.push_back(starts.back() + frame_bytes(size));
  }
}

/// What a process that starts to write is told.
base::Result<Epoch> claim_of(Log& log) {
  auto partition = log.open_partition("t", 0);
  if (!partition) return partition.error();
  return (*partition)->claim();
}

void expect_prefix(const std::vector<std::string>& values, const std::string& story) {
  for (Offset i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], value_of(i)) << story;
}

TEST(FileLogCrash, CutAtEveryByteKeepsExactlyTheWholeRecords) {
  const base::ManualClock clock;
  // With retention a log may start anywhere, so that most points can do without the segments before.
  TopicOptions options = kOptions;
  options.retention_bytes = 1 << 30;
  FaultyDisk::Image image = thousand_records(clock, options);
  image.erase("t/0/group.g");  // its offset is checked against the end in a test of its own
  const std::vector<std::string> segments = segments_of(image);
  ASSERT_GT(segments.size(), 4u);
  std::size_t points = 0;
  Offset before = 0;  // records in the segments before
  FaultyDisk::Image all = image;
  for (const std::string& path : segments) all.erase(path);
  const FaultyDisk::Image no_segments = all;
  for (const std::string& path : segments) {
    const std::string whole = image[path];
    const std::vector<std::size_t> starts = frame_starts(whole);
    FaultyDisk::Image one = no_segments;
    for (std::size_t cut = kSegmentHeaderBytes; cut < starts.back(); ++cut, ++points) {
      std::string bytes = whole.substr(0, cut);
      if (cut % 2 == 0) bytes.resize(whole.size());  // preallocated zeros behind, or the end of the file
      const bool thorough = cut % 32 < 2;  // the whole story is slower, and the same
      FaultyDisk::Image& shorter = thorough ? all : one;
      shorter[path] = bytes;
      FaultyDisk disk(cut);
      disk.set_image(shorter);
      auto log = open_file_log(disk, clock);
      auto partition = std::move(*log->open_partition("t", 0));
      auto claimed = partition->claim();
      ASSERT_TRUE(claimed) << path << " cut at " << cut << ": " << log->trouble();
      auto frame = static_cast<std::size_t>(std::upper_bound(starts.begin(), starts.end(), cut) - starts.begin() - 1);
      if (bytes.compare(0, starts[frame + 1], whole, 0, starts[frame + 1]) == 0) ++frame;  // it was padding that was cut
      const Offset expected = before + frame;
      ASSERT_EQ(partition->end(), expected) << path << " cut at " << cut;
      if (!thorough) continue;
      ASSERT_TRUE(partition->append("key", value_of(expected)));
      ASSERT_TRUE(partition->flush());
      disk.crash_losing_all();
      auto again = open_file_log(disk, clock);
      const auto values = read_values(*again, "t");
      ASSERT_EQ(values.size(), expected + 1);
      expect_prefix(values, path + " cut at " + std::to_string(cut));
    }
    before += starts.size() - 1;
    all[path] = whole;
  }
  EXPECT_EQ(before, kRecords);
  EXPECT_GE(points, 120'000u);
}

TEST(FileLogCrash, AnyFlippedBitIsRefusedOrCutsTheLastBatchAlone) {
  const base::ManualClock clock;
  const FaultyDisk::Image image = thousand_records(clock);
  const std::vector<std::string> segments = segments_of(image);
  const Offset last_batch = (kRecords - 1) / kBatch * kBatch;
  base::Rng rng(4);
  int refused = 0;
  int cut = 0;
  int unharmed = 0;
  for (int i = 0; i < 12'000; ++i) {
    FaultyDisk::Image flipped = image;
    auto file = flipped.begin();
    // Mostly in segments; in their records rather than in the zeros of the last one; now and then in the small files.
    std::advance(file, static_cast<std::ptrdiff_t>(rng.below(flipped.size())));
    if (rng.chance(0.9)) file = flipped.find(segments[rng.below(segments.size())]);
    if (file->second.empty()) continue;
    const std::size_t used = file->first.ends_with(".log") ? frame_starts(file->second).back() : file->second.size();
    const std::size_t at = rng.chance(0.95) ? rng.below(used) : rng.below(file->second.size());
    file->second[at] = static_cast<char>(file->second[at] ^ (1 << rng.below(8)));
    const std::string story = file->first + " byte " + std::to_string(at);

    FaultyDisk disk(1);
    disk.set_image(flipped);
    auto log = open_file_log(disk, clock);
    auto partition = log->open_partition("t", 0);
    auto claimed = partition ? (*partition)->claim() : base::Result<Epoch>(partition.error());
    if (!claimed) {
      ++refused;
      ASSERT_EQ(claimed.error().code, Code::corrupt) << story;
      ASSERT_NE(log->trouble().find(file->first), std::string::npos) << story << ": " << log->trouble();
      continue;
    }
    const auto values = read_values(*log, "t");
    expect_prefix(values, story);
    ASSERT_GE(values.size(), last_batch) << story;
    ASSERT_EQ((*partition)->end(), values.size()) << story;
    auto reader = log->open_reader("t", 0, "g");
    if (file->first == "t/0/group.g") {
      ASSERT_EQ(reader.error().code, Code::corrupt) << story;
      ++refused;
    } else {
      ASSERT_TRUE(reader);
      ASSERT_EQ((*reader)->position(), 500u);
      ++(values.size() == kRecords ? unharmed : cut);
    }
    if (values.size() == kRecords) {
      ASSERT_TRUE(!file->first.ends_with(".log") || at >= used) << story << ": a flipped record was accepted";
    }
  }
  EXPECT_GT(refused, 9000);
  EXPECT_GT(cut, 10);
  EXPECT_GT(unharmed, 10);
}

TEST(FileLogCrash, DamageIsFoundByReadersToo) {
  const base::ManualClock clock;
  for (const bool in_last : {false, true}) {
    FaultyDisk::Image image = thousand_records(clock);
    const auto segments = segments_of(image);
    const std::string& path = in_last ? segments.back() : segments[1];
    image[path][200] ^= 1;
    FaultyDisk disk(1);
    disk.set_image(image);
    auto log = open_file_log(disk, clock, {.check_all_on_claim = false});
    base::Error error{};
    expect_prefix(read_values(*log, "t", &error), path);
    EXPECT_EQ(error.code, Code::corrupt);
    EXPECT_NE(log->trouble().find(path + ", byte "), std::string::npos) << log->trouble();
  }
}

TEST(FileLogCrash, AMissingSegmentIsDamage) {
  const base::ManualClock clock;
  for (const std::size_t which : {std::size_t{0}, std::size_t{2}}) {
    FaultyDisk::Image image = thousand_records(clock);
    image.erase(segments_of(image)[which]);
    FaultyDisk disk(1);
    disk.set_image(image);
    auto log = open_file_log(disk, clock);
    EXPECT_EQ(claim_of(*log).error().code, Code::corrupt);
    EXPECT_NE(log->trouble(), "");
  }
}

TEST(FileLogCrash, AGroupAheadOfTheEndMeansThatRecordsAreLost) {
  const base::ManualClock clock;
  FaultyDisk::Image image = thousand_records(clock);
  const auto segments = segments_of(image);
  for (std::size_t i = 1; i < segments.size(); ++i) image.erase(segments[i]);
  FaultyDisk disk(1);
  disk.set_image(image);
  auto log = open_file_log(disk, clock);
  EXPECT_EQ(log->open_reader("t", 0, "g").error().code, Code::corrupt);
  EXPECT_EQ(claim_of(*log).error().code, Code::corrupt);
  EXPECT_NE(log->trouble().find("group.g"), std::string::npos);
}

TEST(FileLogCrash, AWriteOfWhichOnlyALaterPartReachedTheDiskIsATornTail) {
  const base::ManualClock clock;
  const FaultyDisk::Image image = thousand_records(clock);
  const std::string path = segments_of(image).back();
  const std::vector<std::size_t> starts = frame_starts(image.at(path));
  ASSERT_GT(starts.size(), 2 * kBatch);
  const std::size_t last = starts.size() - 1 - (kRecords - 1) % kBatch - 1;  // the last batch starts here
  for (std::size_t lost = last; lost + 1 < starts.size(); ++lost) {
    FaultyDisk::Image torn = image;
    std::fill_n(torn[path].begin() + static_cast<std::ptrdiff_t>(starts[lost]), starts[lost + 1] - starts[lost], '\0');
    FaultyDisk disk(1);
    disk.set_image(torn);
    auto log = open_file_log(disk, clock);
    auto partition = std::move(*log->open_partition("t", 0));
    ASSERT_TRUE(partition->claim()) << log->trouble();
    EXPECT_EQ(partition->end(), kRecords - (starts.size() - 1 - lost));
  }
  // The same in the batch before is none: that one had been synced when the last one was written.
  FaultyDisk::Image damaged = image;
  std::fill_n(damaged[path].begin() + static_cast<std::ptrdiff_t>(starts[last - 1]), starts[last] - starts[last - 1], '\0');
  FaultyDisk disk(1);
  disk.set_image(damaged);
  auto log = open_file_log(disk, clock);
  EXPECT_EQ(claim_of(*log).error().code, Code::corrupt);
}

/// Everything that a log does to a disk: topics, claims, flushes over segment ends, commits, retention or none, a second
/// process. Stops at the first error and returns false.
class Workload {
 public:
  explicit Workload(std::uint64_t retention_bytes) : retention_(retention_bytes) {}

  bool run(base::Disk& disk, const base::Clock& clock) {
    return process(disk, clock, "a", 3, true) && process(disk, clock, "b", 2, false);
  }

  /// After the fault: a new process, on a disk that works, must find all that was told durable, and go on.
  void recover(base::Disk& disk, const base::Clock& clock, const std::string& story) {
    auto log = open_file_log(disk, clock);
    const auto created = log->create_topic("t", options());
    ASSERT_TRUE(created) << story << ": " << log->trouble();
    auto partition = std::move(*log->open_partition("t", 0));
    const auto claimed = partition->claim();
    ASSERT_TRUE(claimed) << story << ": " << log->trouble();
    ASSERT_GE(partition->end(), expectation.durable_end()) << story;
    if (retention_ == 0) expectation.check(read_values(*log, "t"), story);
    auto reader = std::move(*log->open_reader("t", 0, "g"));
    const Offset position = std::max(reader->position(), partition->begin());
    EXPECT_TRUE(position == std::max(committed_, partition->begin()) || position == std::max(committing_, partition->begin()))
        << story << ": group at " << position << ", not at " << committed_ << " or " << committing_;
    ASSERT_TRUE(write_some(*partition, expectation, "recovered", 5)) << story;
    if (retention_ == 0) expectation.check(read_values(*log, "t"), story);
  }

  Expectation expectation;
  bool poisoned_as_promised = true;

 private:
  [[nodiscard]] TopicOptions options() const {
    return {.segment_bytes = 4096, .retention_bytes = retention_, .record_bytes_max = 512};
  }

  bool process(base::Disk& disk, const base::Clock& clock, const std::string& name, int rounds, bool claims) {
    auto log = open_file_log(disk, clock);
    const bool done = work(*log, name, rounds, claims);
    // Whatever failed while changing the disk has ended this log; what failed while reading has not.
    if (!done && !log->trouble().empty()) {
      auto partition = log->open_partition("t", 0);
      poisoned_as_promised = !log->create_topic("u", options()) && (!partition || !(*partition)->append("k", "v"));
    }
    return done;
  }

  bool work(Log& log, const std::string& name, int rounds, bool claims) {
    if (!log.create_topic("t", options())) return false;
    auto partition = log.open_partition("t", 0);
    if (!partition) return false;
    if (claims && !(*partition)->claim()) return false;
    auto reader = log.open_reader("t", 0, "g");
    if (!reader) return false;
    for (int round = 0; round < rounds; ++round) {
      if (!write_some(**partition, expectation, name + std::to_string(round), 60)) return false;
      std::vector<Record> batch;
      auto polled = (*reader)->poll(25, batch);
      if (!polled) return false;
      committing_ = (*reader)->position();
      if (!(*reader)->commit(committing_)) return false;
      committed_ = committing_;
    }
    return log.topics().has_value();
  }

  const std::uint64_t retention_;
  Offset committed_ = 0;
  Offset committing_ = 0;
};

enum class Then : std::uint8_t { restart, crash };

/// Runs the workload with its k-th call failing (and all later ones, if the power is cut), for every k.
void fail_every_call(std::uint64_t retention_bytes, bool power_cut, Then then, std::uint64_t least) {
  const base::ManualClock clock;
  for (std::uint64_t k = 1;; ++k) {
    FaultyDisk disk(k);
    Workload workload(retention_bytes);
    simulation::DiskFaults faults;
    (power_cut ? faults.power_cut_at_call : faults.fail_at_call) = k;
    disk.set_faults(faults);
    const bool done = workload.run(disk, clock);
    const std::string story = "call " + std::to_string(k) + (power_cut ? " and later" : "") +
                              (then == Then::crash ? ", then a crash" : ", then a restart");
    if (disk.counters().faults == 0) {
      ASSERT_TRUE(done);
      EXPECT_GE(k, least);
      return;
    }
    EXPECT_FALSE(done) << story << " failed and nobody noticed";
    EXPECT_TRUE(workload.poisoned_as_promised) << story;
    disk.set_faults({});
    base::Rng rng(k);
    if (then == Then::crash) disk.crash(rng);
    workload.recover(disk, clock, story);
    if (::testing::Test::HasFailure()) return;
    // And once more from what the recovery left, losing all that it did not sync.
    disk.crash_losing_all();
    workload.recover(disk, clock, story + ", recovered, and crashed again");
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(FileLogCrash, EveryCallMayFailAndTheProcessRestarts) { fail_every_call(0, false, Then::restart, 150); }
TEST(FileLogCrash, EveryCallMayFailAndThePowerGoes) { fail_every_call(0, false, Then::crash, 150); }
TEST(FileLogCrash, ThePowerMayGoAtEveryCall) { fail_every_call(0, true, Then::crash, 150); }
TEST(FileLogCrash, EveryCallMayFailWithRetention) { fail_every_call(8192, false, Then::crash, 150); }
TEST(FileLogCrash, ThePowerMayGoAtEveryCallWithRetention) { fail_every_call(8192, true, Then::crash, 150); }

TEST(FileLogCrash, RetentionLeavesNoGapWhateverPartOfItACrashUndoes) {
  const base::ManualClock clock;
  const TopicOptions options{.segment_bytes = 4096, .retention_bytes = 5000, .record_bytes_max = 512};
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    FaultyDisk disk(seed);
    base::Rng rng(seed);
    Expectation expectation;
    {
      auto log = open_file_log(disk, clock);
      ASSERT_TRUE(log->create_topic("t", options));
      for (int i = 0; i < 20; ++i) {  // small segments, of which the end of a large one takes several at once
        auto partition = std::move(*log->open_partition("t", 0));
        ASSERT_TRUE(write_some(*partition, expectation, std::to_string(i), 3));
      }
      auto partition = std::move(*log->open_partition("t", 0));
      disk.set_faults({.power_cut_at_call = 60 + rng.below(240)});
      (void)write_some(*partition, expectation, "large", 200);
    }
    disk.crash(rng);
    auto log = open_file_log(disk, clock);
    ASSERT_TRUE(claim_of(*log)) << "seed " << seed << ": " << log->trouble();
    auto partition = std::move(*log->open_partition("t", 0));
    EXPECT_GE(partition->end(), 60u);
  }
}

TEST(FileLogCrash, AFullDiskRefusesKeepsReadingAndRecovers) {
  const base::ManualClock clock;
  int full = 0;
  for (std::uint64_t capacity = 1; capacity < 40'000; capacity += 97) {
    FaultyDisk disk(capacity);
    disk.set_faults({.capacity_bytes = capacity});
    auto log = open_file_log(disk, clock);
    Expectation expectation;
    base::Error error{};
    const bool created = log->create_topic("t", {.segment_bytes = 4096, .record_bytes_max = 512}).has_value();
    if (created) {
      auto partition = std::move(*log->open_partition("t", 0));
      while (write_some(*partition, expectation, "w", 30, &error)) {
        if (expectation.durable_end() > 900) break;
      }
      full += error.code == Code::exhausted ? 1 : 0;
      EXPECT_EQ(partition->append("k", "v").error().code, Code::exhausted);
      EXPECT_NE(log->trouble().find("disk full"), std::string::npos);
      EXPECT_EQ(read_values(*log, "t").size(), expectation.durable_end());
    }
    disk.set_faults({});
    disk.crash_losing_all();
    log = open_file_log(disk, clock);
    ASSERT_TRUE(log->create_topic("t", {.segment_bytes = 4096, .record_bytes_max = 512}));
    auto partition = std::move(*log->open_partition("t", 0));
    ASSERT_TRUE(write_some(*partition, expectation, "after", 30)) << log->trouble();
    expectation.check(read_values(*log, "t"), "capacity " + std::to_string(capacity));
  }
  EXPECT_GT(full, 300);
}

TEST(FileLogCrash, SurvivesRandomFaultsAndCrashes) {
  const base::ManualClock clock;
  int lives = 0;
  std::uint64_t faults = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    base::Rng rng(seed);
    FaultyDisk disk(seed);
    Expectation expectation;
    for (int life = 0; life < 25; ++life, ++lives) {
      const double p = rng.uniform() * 0.02;
      disk.set_faults(
          {.read_error = p, .write_error = p, .short_write = p, .sync_error = 2 * p, .name_error = p, .space_error = p});
      {
        auto log = open_file_log(disk, clock);
        auto partition = log->open_partition("t", 0);
        const bool created = log->create_topic("t", {.segment_bytes = 4096, .record_bytes_max = 512}).has_value();
        if (created && !partition) partition = log->open_partition("t", 0);
        const std::string who = std::to_string(seed) + "." + std::to_string(life);
        bool alive = created && partition;
        for (int round = 0; alive && round < 30; ++round) {
          alive = write_some(**partition, expectation, who + "." + std::to_string(round), static_cast<int>(1 + rng.below(30)));
          auto reader = log->open_reader("t", 0, "");
          std::vector<Record> batch;
          if (!reader || !(*reader)->seek(rng.below(expectation.durable_end() + 1))) continue;
          if ((*reader)->poll(1000, batch)) {
            for (const Record& record : batch) expectation.seen(record.offset, std::string(record.value));
          }
        }
      }
      faults += disk.counters().faults;
      disk.set_faults({});
      if (rng.chance(0.7)) disk.crash(rng);
      if (rng.chance(0.2)) {
        auto log = open_file_log(disk, clock);
        if (!log->create_topic("t", {.segment_bytes = 4096, .record_bytes_max = 512})) FAIL() << log->trouble();
        ASSERT_TRUE(claim_of(*log)) << "seed " << seed << ": " << log->trouble();
        expectation.check(read_values(*log, "t"), "seed " + std::to_string(seed) + " life " + std::to_string(life));
        if (::testing::Test::HasFailure()) return;
      }
    }
  }
  EXPECT_EQ(lives, 1500);
  EXPECT_GT(faults, 500u);
}

}  // namespace
}  // namespace bandstand::log
