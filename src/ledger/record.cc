// record: sealing and reading of the journal's records.
#include "ledger/record.h"

#include <cstring>

#include "base/hash.h"

namespace bandstand::ledger {
namespace {

std::string_view bytes_of(const Record& record) {
  return {reinterpret_cast<const char*>(&record), sizeof record};
}

}  // namespace

std::uint64_t seal(Record& record) noexcept {
  record.crc = base::crc32c(&record, offsetof(Record, crc));
  return link_of(record);
}

std::uint64_t link_of(const Record& record) noexcept { return base::hash64(bytes_of(record)); }

base::Result<Record> read_record(std::string_view bytes) noexcept {
  if (bytes.size() != kRecordBytes) return base::fail(base::Code::corrupt, "ledger record of a wrong size");
  Record record;
  std::memcpy(&record, bytes.data(), sizeof record);
  if (record.magic != kRecordMagic) return base::fail(base::Code::corrupt, "no ledger record");
  if (record.crc != base::crc32c(&record, offsetof(Record, crc))) {
    return base::fail(base::Code::corrupt, "ledger record with a wrong checksum");
  }
  if (record.version != kRecordVersion)
    return base::fail(base::Code::corrupt, "ledger record of an unknown version");
  if (record.kind == RecordKind::none || record.kind > RecordKind::retire) {
    return base::fail(base::Code::corrupt, "ledger record of an unknown kind");
  }
  return record;
}

const char* name_of(RecordKind kind) noexcept {
  static constexpr const char* kNames[] = {"none",     "begin",     "fund",     "budget", "pause", "fee",
                                           "grant",    "give_back", "win",      "settle", "loss",  "reclaim",
                                           "hold_end", "refund",    "conflict", "retire"};
  return kind <= RecordKind::retire ? kNames[static_cast<std::size_t>(kind)] : "unknown";
}

}  // namespace bandstand::ledger
