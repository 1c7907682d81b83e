// journal: batches, snapshots and recovery.
#include "ledger/journal.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/hash.h"

namespace bandstand::ledger {
namespace {

using Done = base::Result<std::monostate>;

constexpr std::uint32_t kFileMagic = 0x46474C42;  // "BLGF"
constexpr std::uint32_t kFileVersion = 1;
constexpr std::size_t kAppendBytes = 512 * kRecordBytes;  // of one log record at most
constexpr std::size_t kSnapshotsKept = 2;

/// Before the ledger's own bytes.
struct FileHeader {
  std::uint32_t magic = kFileMagic;
  std::uint32_t version = kFileVersion;
  std::uint64_t offset = 0;  ///< in the partition, of the first record that is not in the snapshot
  std::uint64_t sequence = 0;
  std::uint64_t size = 0;  ///< of the ledger's bytes
  std::uint32_t reserved = 0;
  std::uint32_t crc = 0;  ///< of the bytes before
};
static_assert(sizeof(FileHeader) == 40);

std::string name_of_snapshot(std::uint64_t sequence) {
  char name[40];
  std::snprintf(name, sizeof name, "snapshot-%020llu", static_cast<unsigned long long>(sequence));
  return name;
}

bool is_snapshot(const std::string& name) { return name.size() == 29 && name.starts_with("snapshot-"); }

base::Result<FileHeader> read_snapshot(base::Disk& disk, const std::string& path, std::string& payload) {
  BANDSTAND_TRY(file, disk.open(path, base::Open::read));
  BANDSTAND_TRY(size, file->size());
  std::string bytes;
  BANDSTAND_TRY_VOID(file->read_at(0, size, bytes));
  FileHeader header;
  if (bytes.size() < sizeof header) return base::fail(base::Code::corrupt, "ledger snapshot file cut short");
  std::memcpy(&header, bytes.data(), sizeof header);
  const bool whole = header.magic == kFileMagic && header.version == kFileVersion &&
                     header.crc == base::crc32c(&header, offsetof(FileHeader, crc)) &&
                     header.size == bytes.size() - sizeof header;
  if (!whole) return base::fail(base::Code::corrupt, "ledger snapshot file damaged");
  payload = bytes.substr(sizeof header);
  return header;
}

}  // namespace

base::Result<std::unique_ptr<Journal>> Journal::open(log::Log& log, base::Disk& disk,
                                                     const JournalOptions& options, const Now& now) {
  std::unique_ptr<Journal> journal(new Journal(disk, options));
  BANDSTAND_TRY_VOID(journal->recover(log, now));
  return journal;
}

base::Result<log::Offset> Journal::load_snapshot() {
  BANDSTAND_TRY_VOID(disk_.make_directory(options_.snapshots));
  BANDSTAND_TRY(names, disk_.list(options_.snapshots));
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    if (!is_snapshot(*name)) continue;
    std::string payload;
    auto header = read_snapshot(disk_, options_.snapshots + "/" + *name, payload);
    if (header) {
      if (ledger_.decode_snapshot(payload) && ledger_.sequence() == header->sequence) {
        recovery_.snapshot_sequence = snapshot_sequence_ = header->sequence;
        return header->offset;
      }
    } else if (header.error().code != base::Code::corrupt) {
      return header.error();
    }
    ++recovery_.snapshots_refused;
  }
  ledger_ = Ledger(options_.ledger);
  return log::Offset{0};
}

Done Journal::recover(log::Log& log, const Now& now) {
  BANDSTAND_TRY(partition, log.open_partition(options_.topic, options_.partition));
  partition_ = std::move(partition);
  BANDSTAND_TRY(claimed, partition_->claim());
  BANDSTAND_TRY(from, load_snapshot());
  if (from < partition_->begin())
    return base::fail(base::Code::corrupt, "the ledger's log begins after its snapshot");
  if (from > partition_->end())
    return base::fail(base::Code::corrupt, "the ledger's log ends before its snapshot");
  BANDSTAND_TRY(reader, log.open_reader(options_.topic, options_.partition, ""));
  BANDSTAND_TRY_VOID(reader->seek(from));
  std::vector<log::Record> stored;
  for (;;) {
    BANDSTAND_TRY(count, reader->poll(1024, stored));
    if (count == 0) break;
    for (const log::Record& item : stored) {
      if (item.value.size() % kRecordBytes != 0)
        return base::fail(base::Code::corrupt, "a ledger batch of odd length");
      for (std::size_t at = 0; at < item.value.size(); at += kRecordBytes) {
        BANDSTAND_TRY(record, read_record(item.value.substr(at, kRecordBytes)));
        BANDSTAND_TRY(applied, ledger_.replay(record));
        recovery_.replayed += applied ? 1 : 0;
      }
    }
  }
  ledger_.recovered(now);
  if (const char* broken = ledger_.audit(); broken != nullptr) return base::fail(base::Code::corrupt, broken);
  recovery_.leases_open = ledger_.open_leases();
  recovery_.bids_known = ledger_.bids().size();
  const std::uint64_t epoch = std::max<std::uint64_t>(claimed, ledger_.epoch() + 1);
  if (epoch >= 1u << 24)
    return base::fail(base::Code::exhausted, "the ledger has been started 16 million times");
  ledger_.begin(static_cast<std::uint32_t>(epoch), now);
  return make_durable();
}

Done Journal::fail_for_good(base::Error error) {
  failed_ = true;
  return error;
}

Done Journal::make_durable(bool sync) {
  std::string_view left = ledger_.output();
  if (left.empty()) return std::monostate{};
  while (!left.empty()) {
    const std::string_view part = left.substr(0, kAppendBytes);
    if (auto appended = partition_->append({}, part); !appended) return fail_for_good(appended.error());
    left.remove_prefix(part.size());
  }
  ledger_.clear_output();
  if (!sync) return std::monostate{};
  auto flushed = partition_->flush();
  if (!flushed && options_.ledger.planted_bug != PlantedBug::fsync_retry)
    return fail_for_good(flushed.error());
  return std::monostate{};
}

base::Result<std::span<const Answer>> Journal::run(std::span<const Command> batch, const Now& now) {
  if (failed_)
    return base::fail(base::Code::unavailable, "the ledger's journal has failed; restart to recover");
  answers_.clear();
  bool sync = options_.ledger.planted_bug != PlantedBug::ack_before_sync;
  for (const Command& command : batch) {
    answers_.push_back(ledger_.execute(command, now));
    if (options_.ledger.planted_bug == PlantedBug::unsynced_grant && command.kind == CommandKind::grant_lease)
      sync = false;
  }
  BANDSTAND_TRY_VOID(make_durable(sync));
  return std::span<const Answer>(answers_);
}

Done Journal::tick(const Now& now) {
  if (failed_)
    return base::fail(base::Code::unavailable, "the ledger's journal has failed; restart to recover");
  ledger_.tick(now);
  BANDSTAND_TRY_VOID(make_durable());
  if (options_.snapshot_records > 0 && ledger_.sequence() >= snapshot_sequence_ + options_.snapshot_records) {
    if (auto written = snapshot(); !written && failed_) return written.error();
  }
  return std::monostate{};
}

Done Journal::snapshot() {
  if (failed_)
    return base::fail(base::Code::unavailable, "the ledger's journal has failed; restart to recover");
  const std::string payload = ledger_.encode_snapshot();
  FileHeader header;
  header.offset = partition_->end();
  header.sequence = ledger_.sequence();
  header.size = payload.size();
  header.crc = base::crc32c(&header, offsetof(FileHeader, crc));
  const std::string path = options_.snapshots + "/" + name_of_snapshot(header.sequence);
  const std::string temporary = options_.snapshots + "/writing";
  const auto write = [&]() -> Done {
    BANDSTAND_TRY(file, disk_.open(temporary, base::Open::create));
    BANDSTAND_TRY_VOID(file->truncate(0));
    BANDSTAND_TRY_VOID(file->write_at(0, {reinterpret_cast<const char*>(&header), sizeof header}));
    BANDSTAND_TRY_VOID(file->write_at(sizeof header, payload));
    BANDSTAND_TRY_VOID(file->sync());
    BANDSTAND_TRY_VOID(disk_.rename(temporary, path));
    BANDSTAND_TRY_VOID(disk_.sync_directory(options_.snapshots));
    BANDSTAND_TRY(names, disk_.list(options_.snapshots));
    std::erase_if(names, [](const std::string& name) { return !is_snapshot(name); });
    for (std::size_t i = 0; i + kSnapshotsKept < names.size(); ++i) {
      BANDSTAND_TRY_VOID(disk_.remove(options_.snapshots + "/" + names[i]));
    }
    return std::monostate{};
  };
  if (auto written = write(); !written) {
    // The log holds everything: a full disk only puts the snapshot off. Any other failure is about to hit the
    // log too.
    if (written.error().code != base::Code::exhausted) return fail_for_good(written.error());
    (void)disk_.remove(temporary);
    ++snapshots_put_off_;
    snapshot_sequence_ = header.sequence;
    return written.error();
  }
  snapshot_sequence_ = header.sequence;
  return std::monostate{};
}

}  // namespace bandstand::ledger
