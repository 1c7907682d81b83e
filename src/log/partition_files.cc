// partition_files: listing, scanning, claiming and rolling segments.
#include "log/partition_files.h"

#include <algorithm>

#include "base/check.h"
#include "log/note.h"

namespace bandstand::log {

using base::Code;
using base::Error;
using base::fail;

Error FileLogCore::poison() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

Error FileLogCore::poison(Error error, const std::string& place) {
  const std::lock_guard lock(mutex_);
  if (!poisoned_.load(std::memory_order_relaxed)) {
    error_ = fail(error.code == Code::exhausted ? Code::exhausted : Code::unavailable, error.what, error.line);
    trouble_ = place + ": " + error.what + "; the log refuses every change until the process has recovered from disk";
    poisoned_.store(true, std::memory_order_release);
  }
  return error_;
}

Error FileLogCore::damaged(const char* what, const std::string& place) {
  const std::lock_guard lock(mutex_);
  if (!poisoned_.load(std::memory_order_relaxed)) trouble_ = place + ": " + what;
  return fail(Code::corrupt, what);
}

std::string FileLogCore::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

namespace {

std::string at_byte(const std::string& path, std::uint64_t byte) { return path + ", byte " + std::to_string(byte); }

}  // namespace

Place PartitionFiles::locate(Offset offset) const {
  const std::lock_guard lock(mutex_);
  Place place;
  if (segments_.empty()) return place;
  place.begin = segments_.front().id.base;
  place.end = end_;
  if (offset < place.begin || offset >= end_) return place;
  const auto after = std::upper_bound(segments_.begin(), segments_.end(), offset,
                                      [](Offset o, const Segment& s) { return o < s.id.base; });
  const Segment& segment = *(after - 1);
  place.found = true;
  place.segment = segment.id;
  place.segment_end = after == segments_.end() ? end_ : after->id.base;
  place.segment_bytes = segment.bytes;
  return place;
}

base::Result<Epoch> PartitionFiles::read_epoch() const {
  auto epoch = read_number_note(core_->disk, directory_ + "/epoch", "epoch");
  if (!epoch && epoch.error().code == Code::not_found) return Epoch{0};
  if (!epoch && epoch.error().code == Code::corrupt) return core_->damaged("the epoch is unreadable", directory_ + "/epoch");
  return epoch;
}

base::Result<bool> PartitionFiles::is_latest(Epoch epoch) const {
  BANDSTAND_TRY(latest, read_epoch());
  return latest == epoch;
}

base::Result<std::vector<Segment>> PartitionFiles::list_segments(std::vector<std::string>& dead) const {
  std::vector<Segment> all;
  auto names = core_->disk.list(directory_);
  if (!names && names.error().code == Code::not_found) return all;
  if (!names) return names.error();
  for (const std::string& name : *names) {
    SegmentId id;
    if (parse_segment_name(name, id)) all.push_back({id, 0});
  }
  // By base, newest claim first; then a segment is dead if an earlier one in this order has a newer claim.
  std::sort(all.begin(), all.end(), [](const Segment& a, const Segment& b) {
    return a.id.base != b.id.base ? a.id.base < b.id.base : a.id.epoch > b.id.epoch;
  });
  std::vector<Segment> live;
  for (const Segment& segment : all) {
    if (!live.empty() && (live.back().id.base == segment.id.base || live.back().id.epoch > segment.id.epoch)) {
      dead.push_back(segment_name(segment.id));
    } else {
      live.push_back(segment);
    }
  }
  return live;
}

base::Result<FrameCursor> PartitionFiles::open_segment(SegmentId id, base::Open mode) const {
  BANDSTAND_TRY(file, core_->disk.open(path_of(id), mode));
  std::string header;
  BANDSTAND_TRY_VOID(file->read_at(0, kSegmentHeaderBytes, header));
  std::uint32_t salt = 0;
  if (!parse_segment_header(header, id, salt)) return core_->damaged("the segment's header is damaged", at_byte(path_of(id), 0));
  return FrameCursor(std::move(file), salt, options_.record_bytes_max);
}

base::Result<std::monostate> PartitionFiles::scan(FrameCursor& cursor, Offset limit, Tail& tail) const {
  cursor.move_to(tail.bytes);
  while (tail.end < limit) {
    Frame frame;
    BANDSTAND_TRY(valid, cursor.next(frame));
    if (!valid || frame.record.offset != tail.end) break;
    if (frame.synced == tail.end) {
      tail.proven_end = tail.end;
      tail.proven_bytes = tail.bytes;
    }
    ++tail.end;
    tail.bytes = cursor.position();
  }
  cursor.move_to(tail.bytes);
  return std::monostate{};
}

base::Result<PartitionFiles::Tail> PartitionFiles::scan_last(FrameCursor& cursor, SegmentId id) const {
  Tail tail{id.base, kSegmentHeaderBytes, id.base, kSegmentHeaderBytes};
  for (;;) {
    BANDSTAND_TRY_VOID(scan(cursor, UINT64_MAX, tail));
    BANDSTAND_TRY(proven, cursor.proves_stored(tail.end));
    if (!proven) return tail;
    // A writer may have gone on while we looked: then what was missing is there now.
    const Offset before = tail.end;
    BANDSTAND_TRY_VOID(scan(cursor, UINT64_MAX, tail));
    if (tail.end == before) {
      return core_->damaged("a record is damaged and valid ones follow", at_byte(path_of(id), tail.bytes));
    }
  }
}

base::Result<std::monostate> PartitionFiles::check_sealed(const std::vector<Segment>& segments) const {
  if (segments.empty()) return std::monostate{};
  if (options_.retention_bytes == 0 && segments.front().id.base != 0) {
    return core_->damaged("the oldest segments are missing", path_of(segments.front().id));
  }
  if (!core_->options.check_all_on_claim) return std::monostate{};
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    const SegmentId id = segments[i].id;
    BANDSTAND_TRY(cursor, open_segment(id, base::Open::read));
    Tail tail{id.base, kSegmentHeaderBytes, id.base, kSegmentHeaderBytes};
    BANDSTAND_TRY_VOID(scan(cursor, segments[i + 1].id.base, tail));
    if (tail.end != segments[i + 1].id.base) {
      return core_->damaged("a record is damaged or missing", at_byte(path_of(id), tail.bytes));
    }
  }
  return std::monostate{};
}

base::Result<std::monostate> PartitionFiles::check_groups(Offset end) const {
  BANDSTAND_TRY(names, core_->disk.list(directory_));
  for (const std::string& name : names) {
    if (!name.starts_with("group.") || name.ends_with(".new")) continue;
    auto committed = read_number_note(core_->disk, directory_ + "/" + name, "group");
    if (!committed && committed.error().code != Code::corrupt) return committed.error();
    // An unreadable note is the business of its group; records that a group has read and that are no more are ours.
    if (committed && *committed > end) {
      return core_->damaged("a group has read beyond the end: acknowledged records are missing", directory_ + "/" + name);
    }
  }
  return std::monostate{};
}

base::Result<std::monostate> PartitionFiles::refresh() {
  const std::lock_guard lock(mutex_);
  if (writer_ != 0) return std::monostate{};
  std::vector<std::string> dead;
  BANDSTAND_TRY(segments, list_segments(dead));
  if (segments.empty()) return std::monostate{};
  const SegmentId last = segments.back().id;
  const bool known = !segments_.empty() && segments_.back().id == last;
  auto opened = open_segment(last, base::Open::read);
  if (!opened && opened.error().code == Code::not_found) return std::monostate{};  // gone since listed: look next time
  if (!opened) return opened.error();
  Tail tail;
  if (known) {
    tail = {end_, segments_.back().bytes, end_, segments_.back().bytes};
    BANDSTAND_TRY_VOID(scan(*opened, UINT64_MAX, tail));
  } else {
    BANDSTAND_TRY(scanned, scan_last(*opened, last));
    tail = scanned;
  }
  if (tail.end > tail.proven_end) {
    // The last batch may not be durable yet, or its writer may be fenced: do what its writer does before it says so.
    if (core_->is_poisoned()) {
      tail.end = tail.proven_end;
    } else {
      auto synced = opened->file().sync();
      if (!synced) return core_->poison(synced.error(), path_of(last));
      BANDSTAND_TRY(latest, is_latest(last.epoch));
      if (!latest) tail.end = tail.proven_end;
    }
    if (tail.end == tail.proven_end) tail.bytes = tail.proven_bytes;
  }
  segments_ = std::move(segments);
  segments_.back().bytes = tail.bytes;
  end_ = tail.end;
  return std::monostate{};
}

base::Result<std::monostate> PartitionFiles::create_segment(SegmentId id, std::unique_ptr<base::File>& file,
                                                            std::uint32_t& salt) const {
  base::Disk& disk = core_->disk;
  const std::string path = path_of(id);
  const std::string fresh = path + ".new";
  BANDSTAND_TRY(opened, disk.open(fresh, base::Open::create));
  BANDSTAND_TRY_VOID(opened->preallocate(options_.segment_bytes));
  std::string header(kSegmentHeaderBytes, '\0');
  salt = encode_segment_header(header.data(), id, core_->clock.wall());
  BANDSTAND_TRY_VOID(opened->write_at(0, header));
  BANDSTAND_TRY_VOID(opened->sync());
  BANDSTAND_TRY_VOID(disk.rename(fresh, path));
  BANDSTAND_TRY_VOID(disk.sync_directory(directory_));
  file = std::move(opened);
  return std::monostate{};
}

base::Result<std::monostate> PartitionFiles::secure_tail(FrameCursor& cursor, const Tail& tail) const {
  // The last batch may come from a process whose sync failed: its pages then look written and are not (Rebello et al.,
  // ATC '20). Writing the same bytes again makes them dirty, so that the sync below means what it says.
  std::string bytes;
  BANDSTAND_TRY_VOID(cursor.file().read_at(tail.proven_bytes, tail.bytes - tail.proven_bytes, bytes));
  if (bytes.size() != tail.bytes - tail.proven_bytes) return fail(Code::unavailable, "segment shrank while it was claimed");
  if (!bytes.empty()) BANDSTAND_TRY_VOID(cursor.file().write_at(tail.proven_bytes, bytes));
  BANDSTAND_TRY_VOID(cursor.file().truncate(tail.bytes));
  return cursor.file().sync();
}

base::Result<PartitionFiles::Claim> PartitionFiles::claim() {
  if (core_->is_poisoned()) return core_->poison();
  auto made = make_durable_directory(core_->disk, directory_);
  if (!made) return core_->poison(made.error(), directory_);
  auto held = core_->disk.lock(directory_ + "/claim.lock");
  if (!held && held.error().code == Code::conflict) return fail(Code::conflict, "another claim is being made");
  if (!held) return core_->poison(held.error(), directory_ + "/claim.lock");
  return claim_locked();
}

base::Result<PartitionFiles::Claim> PartitionFiles::claim_locked() {
  Claim claim;
  BANDSTAND_TRY(epoch, read_epoch());
  {
    std::vector<std::string> dead;
    BANDSTAND_TRY(segments, list_segments(dead));
    if (!segments.empty()) epoch = std::max(epoch, segments.back().id.epoch);
  }
  claim.epoch = epoch + 1;
  auto noted = replace_note(core_->disk, directory_, "epoch", "epoch", std::to_string(claim.epoch));
  if (!noted) return core_->poison(noted.error(), directory_ + "/epoch");

  // Only now: from here on no older writer acknowledges anything that we do not see.
  std::vector<std::string> dead;
  BANDSTAND_TRY(segments, list_segments(dead));
  BANDSTAND_TRY_VOID(check_sealed(segments));
  if (!segments.empty()) {
    const SegmentId last = segments.back().id;
    BANDSTAND_TRY(cursor, open_segment(last, base::Open::write));
    BANDSTAND_TRY(tail, scan_last(cursor, last));
    BANDSTAND_TRY_VOID(check_groups(tail.end));
    auto secured = secure_tail(cursor, tail);
    if (!secured) return core_->poison(secured.error(), path_of(last));
    claim.end = tail.end;
    segments.back().bytes = tail.bytes;
    if (claim.end == last.base) {
      dead.push_back(segment_name(last));
      segments.pop_back();
    }
  } else {
    BANDSTAND_TRY_VOID(check_groups(0));
  }
  auto created = create_segment({claim.end, claim.epoch}, claim.file, claim.salt);
  if (!created) return core_->poison(created.error(), path_of({claim.end, claim.epoch}));
  for (const std::string& name : dead) {
    auto removed = core_->disk.remove(directory_ + "/" + name);
    if (!removed) return core_->poison(removed.error(), directory_ + "/" + name);
  }
  for (Segment& segment : segments) {
    if (segment.bytes != 0) continue;
    auto file = core_->disk.open(path_of(segment.id), base::Open::read);
    if (!file) return file.error();
    BANDSTAND_TRY(size, (*file)->size());
    segment.bytes = size;
  }
  segments.push_back({{claim.end, claim.epoch}, kSegmentHeaderBytes});
  const std::lock_guard lock(mutex_);
  segments_ = std::move(segments);
  end_ = claim.end;
  writer_ = claim.epoch;
  return claim;
}

void PartitionFiles::publish(Epoch epoch, Offset end, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (writer_ != epoch) return;
  end_ = end;
  segments_.back().bytes = bytes;
}

void PartitionFiles::retire(Epoch epoch) {
  const std::lock_guard lock(mutex_);
  if (writer_ == epoch) writer_ = 0;
}

base::Result<std::monostate> PartitionFiles::roll(Epoch epoch, Offset base, std::uint64_t full_bytes,
                                                  std::unique_ptr<base::File>& file, std::uint32_t& salt) {
  auto created = create_segment({base, epoch}, file, salt);
  if (!created) return core_->poison(created.error(), path_of({base, epoch}));
  BANDSTAND_TRY(latest, is_latest(epoch));
  if (!latest) return fail(Code::conflict, "fenced by a newer claim");
  {
    // All below `base` is durable and, the claim being the latest still, as good as acknowledged.
    const std::lock_guard lock(mutex_);
    if (writer_ == epoch) {
      segments_.back().bytes = full_bytes;
      segments_.push_back({{base, epoch}, kSegmentHeaderBytes});
      end_ = base;
    }
  }
  return remove_old(epoch);
}

base::Result<std::monostate> PartitionFiles::remove_old(Epoch epoch) {
  if (options_.retention_bytes == 0) return std::monostate{};
  for (;;) {
    SegmentId oldest;
    {
      const std::lock_guard lock(mutex_);
      std::uint64_t total = 0;
      for (const Segment& segment : segments_) total += segment.bytes;
      if (writer_ != epoch || segments_.size() < 2 || total <= options_.retention_bytes) return std::monostate{};
      oldest = segments_.front().id;
      segments_.erase(segments_.begin());
    }
    // One by one and in order, each made durable: a crash must not leave a gap.
    auto removed = core_->disk.remove(path_of(oldest));
    if (removed) removed = core_->disk.sync_directory(directory_);
    if (!removed) return core_->poison(removed.error(), path_of(oldest));
  }
}

}  // namespace bandstand::log
