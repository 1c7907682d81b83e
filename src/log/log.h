// log: the one bus of the system: named topics of partitions, an append that is acknowledged when durable, readers in groups.
//
// The semantics are those of Apache Kafka, so that a broker can stand behind the same interface:
//  1. Order holds within a partition, and nowhere else. Records with one key go to one partition if the caller
//     picks it with partition_of().
//  2. append() only buffers. A record counts once durable_through() has passed its ticket; flush() waits for that.
//     What was not flushed when its handle goes is lost.
//  3. Delivery to readers is at least once: after a crash a reader starts at its committed offset again. Whoever
//     applies records must be safe to apply one twice.
//  4. A writer that needs to be the only one claims the partition; appends under an older claim are refused
//     (`conflict`), also when the older writer is another process. A fenced handle stays fenced: open another.
//     The backends of one machine (memory, files) have one writer a partition: a handle's first append claims.
//  5. A failed write or sync is final: the log refuses every change from then on (`unavailable`, or `exhausted` on a
//     full disk) and the process recovers from what is stored. There is no retry. Reading what is durable goes on.
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
using Ticket = std::uint64_t;  ///< position of an append in its partition handle, from 1
using Epoch = std::uint64_t;   ///< of a claim; grows with every claim

/// What a topic keeps. Set at creation; opening an existing topic with other values is a `conflict`.
struct TopicOptions {
  std::uint32_t partitions = 1;                 ///< 1..1024
  std::uint64_t segment_bytes = 64ull << 20;    ///< a file's size; also the unit of retention; 4 KiB..4 GiB
  std::uint64_t retention_bytes = 0;            ///< per partition; whole old segments go first; 0 keeps everything
  std::uint32_t record_bytes_max = 1u << 20;    ///< of key and value; larger appends are `invalid_input`

  friend bool operator==(const TopicOptions&, const TopicOptions&) = default;
};

/// A stored record. Views hold until the next call on the reader that gave it.
struct Record {
  Offset offset = 0;
  base::WallTime time;     ///< when it was appended, by the writer's clock
  std::string_view key;    ///< may be empty
  std::string_view value;
};

/// Reads one partition on behalf of a group. One thread, which may be another than the writer's.
class Reader {
 public:
  virtual ~Reader() = default;
  /// Appends up to `max` records to `out` (cleared first), durable ones only, in order. Never waits. May give fewer
  /// than there are; none means the end. Errors: `corrupt` names damage in the middle of a partition; reading does not
  /// skip it.
  virtual base::Result<std::size_t> poll(std::size_t max, std::vector<Record>& out) = 0;
  /// Offset of the next record that poll() will give (or later, where retention has passed it).
  [[nodiscard]] virtual Offset position() const = 0;
  /// Moves; an offset below what retention has kept becomes the oldest kept, one beyond the end is `invalid_input`.
  virtual base::Result<std::monostate> seek(Offset offset) = 0;
  /// Makes `next` the place where the group starts after a restart; durable when it returns. A group has one reader a
  /// partition. `invalid_input` beyond the end, or for a reader without a group.
  virtual base::Result<std::monostate> commit(Offset next) = 0;
};

/// A writer's handle on one partition. One thread. Opening it changes nothing; appending and claiming do.
class Partition {
 public:
  virtual ~Partition() = default;
  /// Buffers a record. The views are copied. About 50 ns and a memcpy; no allocation once the buffer has grown to
  /// what is usual between two flushes. A full buffer is flushed first.
  virtual base::Result<Ticket> append(std::string_view key, std::string_view value) = 0;
  /// Writes and syncs everything buffered (group commit: one write, one sync). Returns when it is durable.
  virtual base::Result<std::monostate> flush() = 0;
  /// Every append up to this ticket is durable.
  [[nodiscard]] virtual Ticket durable_through() const = 0;
  /// Offset that the next append will get (valid while this handle is the only writer).
  [[nodiscard]] virtual Offset end() const = 0;
  /// Oldest offset that is still kept.
  [[nodiscard]] virtual Offset begin() const = 0;
  /// Becomes the only writer: appends through older handles, here or in another process, fail from now on, and what
  /// they were told is durable is part of the partition. Flushes first. `conflict` on a fenced handle, or while another
  /// claim is being made; `corrupt` if the partition is damaged.
  virtual base::Result<Epoch> claim() = 0;
};

/// A set of topics. One thread; handles may live on other threads if each stays on one. Handles may outlive it.
class Log {
 public:
  virtual ~Log() = default;
  /// Creates the topic, or checks that it is as described. Names are [a-z0-9._-]{1,100}, neither "." nor "..".
  virtual base::Result<std::monostate> create_topic(const std::string& topic, const TopicOptions& options) = 0;
  /// Sorted.
  virtual base::Result<std::vector<std::string>> topics() = 0;
  virtual base::Result<std::unique_ptr<Partition>> open_partition(const std::string& topic, std::uint32_t partition) = 0;
  /// Starts at the group's committed offset, or at the oldest record. An empty group reads without a place to commit to.
  virtual base::Result<std::unique_ptr<Reader>> open_reader(const std::string& topic, std::uint32_t partition,
                                                            const std::string& group) = 0;
  /// For people: the latest damage or final failure, with its place; empty if there was none. Any thread.
  [[nodiscard]] virtual std::string trouble() const = 0;
};

/// The partition of a key, stable over processes and versions.
std::uint32_t partition_of(std::string_view key, std::uint32_t partitions) noexcept;

/// Whether a topic or group may be called so.
bool is_valid_name(std::string_view name) noexcept;
/// `invalid_input` if out of range.
base::Result<std::monostate> check_options(const TopicOptions& options) noexcept;

}  // namespace bandstand::log
