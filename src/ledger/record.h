// record: the ledger's journal record, 128 bytes, chained and checksummed (docs/formats/ledger.md).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace bandstand::ledger {

enum class RecordKind : std::uint8_t {
  none,
  begin,      ///< a writer took over: epoch
  fund,       ///< funding -> available
  budget,     ///< new limits; funding <-> available as needed
  pause,      ///< flags: 1 paused, 0 running
  fee,        ///< available -> fees
  grant,      ///< available -> lease
  give_back,  ///< lease -> available, by the node
  win,        ///< amount held within the lease
  settle,     ///< lease -> spent, available -> late, or nothing; and media cost -> exchange
  loss,
  reclaim,   ///< lease -> available, by time
  hold_end,  ///< a win that was never billed gives its hold back
  refund,    ///< spent or late -> refund; media cost -> house loss
  conflict,  ///< what was refused because it contradicts; moves nothing but a voided bid's media cost
  retire,    ///< known bids up to an hour are compacted, up to another forgotten
};

inline constexpr std::uint32_t kRecordMagic = 0x31474C42;  // "BLG1"
inline constexpr std::uint8_t kRecordVersion = 1;
inline constexpr std::size_t kRecordBytes = 128;

/// Little-endian, laid out as stored.
struct Record {
  std::uint32_t magic = kRecordMagic;
  std::uint8_t version = kRecordVersion;
  RecordKind kind = RecordKind::none;
  std::uint16_t node = 0;
  std::uint64_t seq = 0;       ///< from 1, without gaps
  std::int64_t time_ns = 0;    ///< wall time of the ledger; for reading, not for deciding
  std::uint64_t previous = 0;  ///< XXH3-64 of the record before; 0 for the first
  std::uint32_t campaign = 0;
  std::uint32_t day = 0;
  std::uint64_t lease = 0;
  std::uint64_t id_hi = 0;  ///< bid id or idempotency key
  std::uint64_t id_lo = 0;
  std::int64_t amount = 0;
  std::int64_t amount_2 = 0;     ///< by kind: daily budget, signed maximum
  std::int64_t bid_time_ns = 0;  ///< by kind: bid time, or the lease's duration
  std::uint64_t request = 0;     ///< by kind: request number, key's parameter digest, compaction hour
  std::uint32_t epoch = 0;
  std::uint16_t exchange = 0;
  std::uint8_t detail = 0;  ///< by kind: PaidFrom, paused, refused command
  std::uint8_t flags = 0;   ///< kClamped, kAfterLoss
  std::uint8_t reserved[20] = {};
  std::uint32_t crc = 0;  ///< CRC-32C of the 124 bytes before

  static constexpr std::uint8_t kClamped = 1;
  static constexpr std::uint8_t kAfterLoss = 2;
};
static_assert(std::is_trivially_copyable_v<Record> && sizeof(Record) == kRecordBytes);
static_assert(offsetof(Record, campaign) == 32 && offsetof(Record, amount) == 64 &&
              offsetof(Record, crc) == 124);
static_assert(std::endian::native == std::endian::little);

/// Sets the checksum. Returns the link that the next record carries.
std::uint64_t seal(Record& record) noexcept;
/// The link of a sealed record.
std::uint64_t link_of(const Record& record) noexcept;
/// Errors: `corrupt` for a wrong size, magic, version, kind or checksum.
base::Result<Record> read_record(std::string_view bytes) noexcept;
const char* name_of(RecordKind kind) noexcept;

}  // namespace bandstand::ledger
