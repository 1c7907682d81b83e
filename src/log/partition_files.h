// partition_files: the directory of one partition, shared by all handles of this process; who may write, and what counts.
//
//  1. A segment belongs to one claim. Its records count up to the base of the next segment; what a fenced writer still
//     puts behind that is never read. A segment is dead if another one starts no later under a newer claim.
//  2. A claim first makes its epoch durable, then looks at what is stored. A writer acknowledges a batch only if,
//     after the sync, the epoch is still its own. So what was acknowledged was seen by the claim that follows, and a
//     writer that was stopped at any point, even inside a write, cannot acknowledge anything later.
//  3. The view never shows what is not durable.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/disk.h"
#include "log/frame.h"
#include "log/log.h"

namespace bandstand::log {

/// Settings of a file log.
struct FileLogOptions {
  /// A claim reads every kept record of the partition (about 1 GB/s) and refuses damage anywhere. Off: only the latest
  /// segment is checked then, the rest when it is read.
  bool check_all_on_claim = true;
  /// What append() buffers before it flushes by itself; allocated as needed.
  std::size_t buffer_bytes_max = 16u << 20;
};

/// What all parts of one file log share. Thread-safe.
class FileLogCore {
 public:
  FileLogCore(base::Disk& disk_in, const base::Clock& clock_in, FileLogOptions options_in)
      : disk(disk_in), clock(clock_in), options(options_in) {}

  base::Disk& disk;
  const base::Clock& clock;
  const FileLogOptions options;

  /// The error with which all changes are refused, if one has failed. A relaxed load.
  [[nodiscard]] bool is_poisoned() const { return poisoned_.load(std::memory_order_acquire); }
  [[nodiscard]] base::Error poison() const;
  /// Makes a failed change final; returns what its caller returns.
  base::Error poison(base::Error error, const std::string& place);
  /// Notes damage for trouble() and returns `corrupt`.
  base::Error damaged(const char* what, const std::string& place);
  [[nodiscard]] std::string trouble() const;

 private:
  std::atomic<bool> poisoned_{false};
  mutable std::mutex mutex_;
  base::Error error_{};
  std::string trouble_;
};

/// A live segment.
struct Segment {
  SegmentId id;
  std::uint64_t bytes = 0;  ///< in use; 0 if it is not the latest and nobody has asked
};

/// Where a reader at some offset finds itself.
struct Place {
  Offset begin = 0;       ///< oldest kept
  Offset end = 0;         ///< of what is durable
  bool found = false;     ///< the offset is kept and durable; then:
  SegmentId segment;
  Offset segment_end = 0;        ///< records of the segment count up to here
  std::uint64_t segment_bytes = 0;  ///< see Segment
};

/// Thread-safe.
class PartitionFiles {
 public:
  PartitionFiles(std::shared_ptr<FileLogCore> core, std::string directory, const TopicOptions& options)
      : core_(std::move(core)), directory_(std::move(directory)), options_(options) {}

  [[nodiscard]] FileLogCore& core() const { return *core_; }
  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] const TopicOptions& options() const { return options_; }

  // For readers.
  [[nodiscard]] Place locate(Offset offset) const;
  /// Looks at what another process has written since; nothing to do while a writer of this process is at work.
  base::Result<std::monostate> refresh();
  base::Result<FrameCursor> open_segment(SegmentId id, base::Open mode) const;
  [[nodiscard]] std::string path_of(SegmentId id) const { return directory_ + "/" + segment_name(id); }

  // For writers.
  struct Claim {
    Epoch epoch = 0;
    Offset end = 0;
    std::unique_ptr<base::File> file;  ///< of a fresh segment that starts at `end`
    std::uint32_t salt = 0;
  };
  base::Result<Claim> claim();
  /// Whether the claim is still the latest. Reads the epoch from the disk, about 5 us.
  base::Result<bool> is_latest(Epoch epoch) const;
  /// Shows readers what has become durable, if the claim still is the one of this process.
  void publish(Epoch epoch, Offset end, std::uint64_t bytes);
  /// The next segment of a claim, empty and durable, after one of which `full_bytes` are used; then retention drops
  /// what is too old. Everything below `base` must be durable. `conflict` if fenced.
  base::Result<std::monostate> roll(Epoch epoch, Offset base, std::uint64_t full_bytes, std::unique_ptr<base::File>& file,
                                    std::uint32_t& salt);
  /// The claim's handle has gone or is fenced.
  void retire(Epoch epoch);

 private:
  using Done = base::Result<std::monostate>;
  /// What the scan of the last segment found.
  struct Tail {
    Offset end = 0;
    std::uint64_t bytes = kSegmentHeaderBytes;
    Offset proven_end = 0;  ///< where the last batch starts; all before it had been synced
    std::uint64_t proven_bytes = kSegmentHeaderBytes;
  };
  base::Result<Epoch> read_epoch() const;
  /// Live segments in order; the others to `dead`.
  base::Result<std::vector<Segment>> list_segments(std::vector<std::string>& dead) const;
  /// Walks from `tail` to the first frame that does not continue it, at most to `limit`.
  base::Result<std::monostate> scan(FrameCursor& cursor, Offset limit, Tail& tail) const;
  /// The same for the last segment from its start, with the check for damage that is no torn tail.
  base::Result<Tail> scan_last(FrameCursor& cursor, SegmentId id) const;
  Done check_sealed(const std::vector<Segment>& segments) const;
  Done check_groups(Offset end) const;
  Done secure_tail(FrameCursor& cursor, const Tail& tail) const;
  Done create_segment(SegmentId id, std::unique_ptr<base::File>& file, std::uint32_t& salt) const;
  Done remove_old(Epoch epoch);
  base::Result<Claim> claim_locked();

  const std::shared_ptr<FileLogCore> core_;
  const std::string directory_;
  const TopicOptions options_;

  mutable std::mutex mutex_;        ///< the view, below
  std::vector<Segment> segments_;
  Offset end_ = 0;
  Epoch writer_ = 0;                ///< claim held by a handle of this process; 0 = none
};

}  // namespace bandstand::log
