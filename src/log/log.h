// log: the one bus of the system: named topics of partitions, an append that is acknowledged when durable, readers in groups.
//
// The semantics are those of Apache Kafka, so that a broker can stand behind the same interface:
//  1. Order holds within a partition, and nowhere else. Records with one key go to one partition if the caller
//     picks it with partition_of().
//  2. append() only buffers. A record counts once durable_through() has passed its ticket; flush() waits for that.
//  3. Delivery to readers is at least once: after a crash a reader starts at its committed offset again. Whoever
//     applies records must be safe to apply one twice.
//  4. A writer that needs to be the only one claims the partition; appends under an older claim are refused
//     (`conflict`), also when the older writer is another process.
//  5. A failed write or sync is final: the log refuses everything from then on (`unavailable`, or `exhausted` on a full
//     disk) and the process recovers from what is stored. There is no retry.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace bandstand::log {

using Offset = std::uint64_t;  ///< position of a record in its partition, from 0, without gaps for one writer
using Ticket = std::uint64_t;  ///< position of an append in this process's partition handle, from 1
using Epoch = std::uint64_t;   ///< of a claim; grows with every claim

/// What a topic keeps. Set at creation; opening an existing topic with other values is a `conflict`.
struct TopicOptions {
  std::uint32_t partitions = 1;                             ///< 1..1024
  std::uint64_t segment_bytes = 64ull << 20;                ///< a file's size; also the unit of retention
  std::uint64_t retention_bytes = 0;                        ///< per partition; whole old segments go first; 0 keeps everything
  std::uint32_t record_bytes_max = 1u << 20;                ///< larger appends are `invalid_input`
};

/// A stored record. Views hold until the next call on the reader that gave it.
struct Record {
  Offset offset = 0;
  base::WallTime time;     ///< when it was appended, by the writer's clock
  std::string_view key;    ///< may be empty
  std::string_view value;
};

/// Reads one partition on behalf of a group. One thread.
class Reader {
 public:
  virtual ~Reader() = default;
  /// Appends up to `max` records to `out` (cleared first), durable ones only, in order. Empty at the end; never waits.
  /// Errors: `corrupt` names damage in the middle of a partition; reading does not skip it.
  virtual base::Result<std::size_t> poll(std::size_t max, std::vector<Record>& out) = 0;
  /// Offset of the next record that poll() will give.
  [[nodiscard]] virtual Offset position() const = 0;
  /// Moves; an offset below what retention has kept becomes the oldest kept.
  virtual base::Result<std::monostate> seek(Offset offset) = 0;
  /// Makes `next` the place where the group starts after a restart; durable when it returns.
  virtual base::Result<std::monostate> commit(Offset next) = 0;
};

/// A writer's handle on one partition. One thread.
class Partition {
 public:
  virtual ~Partition() = default;
  /// Buffers a record. The views are copied. Cost in memory: about 50 ns and a memcpy.
  virtual base::Result<Ticket> append(std::string_view key, std::string_view value) = 0;
  /// Writes and syncs everything buffered (group commit: one write, one sync). Returns when it is durable.
  virtual base::Result<std::monostate> flush() = 0;
  /// Every append up to this ticket is durable.
  [[nodiscard]] virtual Ticket durable_through() const = 0;
  /// Offset that the next append will get (valid while this process is the only writer).
  [[nodiscard]] virtual Offset end() const = 0;
  /// Oldest offset that is still kept.
  [[nodiscard]] virtual Offset begin() const = 0;
  /// Becomes the only writer: appends through older handles, here or in another process, fail from now on.
  virtual base::Result<Epoch> claim() = 0;
};

/// A set of topics. One thread; handles may live on other threads if each stays on one.
class Log {
 public:
  virtual ~Log() = default;
  /// Creates the topic, or checks that it is as described. Names are [a-z0-9._-]{1,100}.
  virtual base::Result<std::monostate> create_topic(const std::string& topic, const TopicOptions& options) = 0;
  virtual base::Result<std::vector<std::string>> topics() = 0;
  virtual base::Result<std::unique_ptr<Partition>> open_partition(const std::string& topic, std::uint32_t partition) = 0;
  /// Starts at the group's committed offset, or at the oldest record. An empty group reads without a place to commit to.
  virtual base::Result<std::unique_ptr<Reader>> open_reader(const std::string& topic, std::uint32_t partition,
                                                            const std::string& group) = 0;
};

/// The partition of a key, stable over processes and versions.
std::uint32_t partition_of(std::string_view key, std::uint32_t partitions) noexcept;

}  // namespace bandstand::log
