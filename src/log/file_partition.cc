// file_partition: append into a buffer, flush it as one batch.
#include "log/file_partition.h"

#include <algorithm>
#include <cstring>

namespace bandstand::log {

using base::Code;
using base::fail;

base::Error FilePartition::fenced() {
  is_fenced_ = true;
  used_ = 0;
  files_->retire(epoch_);
  return fail(Code::conflict, "fenced by a newer claim");
}

base::Result<std::monostate> FilePartition::make_room(std::size_t bytes) {
  const std::size_t most = files_->core().options.buffer_bytes_max;
  if (used_ > 0 && used_ + bytes > most) BANDSTAND_TRY_VOID(flush());
  if (used_ + bytes <= capacity_) return std::monostate{};
  const std::size_t capacity = std::max({used_ + bytes, capacity_ * 2, std::size_t{64} << 10});
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  if (used_ > 0) std::memcpy(larger.get(), buffer_.get(), used_);
  buffer_ = std::move(larger);
  capacity_ = capacity;
  return std::monostate{};
}

base::Result<Ticket> FilePartition::append(std::string_view key, std::string_view value) {
  const FileLogCore& core = files_->core();
  if (is_fenced_) return fail(Code::conflict, "fenced by a newer claim");
  if (core.is_poisoned()) return core.poison();
  const std::size_t size = key.size() + value.size();
  if (size > files_->options().record_bytes_max) return fail(Code::invalid_input, "record larger than record_bytes_max");
  if (epoch_ == 0) BANDSTAND_TRY_VOID(claim());
  const std::size_t bytes = frame_bytes(size);
  BANDSTAND_TRY_VOID(make_room(bytes));
  encode_frame(buffer_.get() + used_, {end_, core.clock.wall(), key, value}, stored_, salt_);
  used_ += bytes;
  ++end_;
  return ++appended_;
}

std::size_t FilePartition::fitting(std::size_t start) const {
  const std::uint64_t room = files_->options().segment_bytes - position_;
  if (used_ - start <= room) return used_ - start;
  std::size_t at = start;
  for (;;) {
    Offset offset = 0;
    std::size_t length = 0;
    peek_own_frame(buffer_.get() + at, offset, length);
    if (at + length - start > room) return at - start;
    at += length;
  }
}

base::Result<std::monostate> FilePartition::write_segments() {
  FileLogCore& core = files_->core();
  for (std::size_t done = 0; done < used_;) {
    const std::size_t bytes = fitting(done);
    if (bytes == 0) {
      Offset base = 0;
      std::size_t length = 0;
      peek_own_frame(buffer_.get() + done, base, length);
      BANDSTAND_TRY_VOID(files_->roll(epoch_, base, position_, file_, salt_));
      position_ = kSegmentHeaderBytes;
      reseal_own_frames(buffer_.get() + done, used_ - done, salt_);
      continue;
    }
    auto written = file_->write_at(position_, {buffer_.get() + done, bytes});
    if (written) written = file_->sync();
    if (!written) return core.poison(written.error(), files_->directory() + ", flush at byte " + std::to_string(position_));
    position_ += bytes;
    done += bytes;
  }
  return std::monostate{};
}

base::Result<std::monostate> FilePartition::flush() {
  FileLogCore& core = files_->core();
  if (is_fenced_) return fail(Code::conflict, "fenced by a newer claim");
  if (core.is_poisoned()) return core.poison();
  if (used_ == 0) return std::monostate{};
  auto written = write_segments();
  if (written) {
    auto latest = files_->is_latest(epoch_);
    if (!latest) written = latest.error();
    if (latest && !*latest) written = fail(Code::conflict, "");
  }
  if (!written && written.error().code == Code::conflict) return fenced();
  if (!written) return core.poison(written.error(), files_->directory());
  used_ = 0;
  stored_ = end_;
  durable_ = appended_;
  files_->publish(epoch_, end_, position_);
  return std::monostate{};
}

base::Result<Epoch> FilePartition::claim() {
  if (is_fenced_) return fail(Code::conflict, "fenced by a newer claim");
  BANDSTAND_TRY_VOID(flush());
  BANDSTAND_TRY(claimed, files_->claim());
  epoch_ = claimed.epoch;
  file_ = std::move(claimed.file);
  salt_ = claimed.salt;
  position_ = kSegmentHeaderBytes;
  end_ = stored_ = claimed.end;
  return epoch_;
}

}  // namespace bandstand::log
