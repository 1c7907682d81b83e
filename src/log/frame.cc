// frame: little-endian fields at fixed places, a salted CRC-32C over all that follows it.
#include "log/frame.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "base/check.h"
#include "base/hash.h"

namespace bandstand::log {
namespace {

static_assert(std::endian::native == std::endian::little);

template <class T>
void store(char* at, T value) noexcept {
  std::memcpy(at, &value, sizeof value);
}

template <class T>
T load(const char* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Places of the fields in a frame's header.
constexpr std::size_t kCrc = 0;       // u32, of everything from kSize to the end of the padding
constexpr std::size_t kSize = 4;      // u32, of key and value
constexpr std::size_t kOffset = 8;    // u64
constexpr std::size_t kTime = 16;     // i64, ns since 1970
constexpr std::size_t kKeySize = 24;  // u32
constexpr std::size_t kUnsynced = 28;  // u32

constexpr char kMagic[8] = {'B', 'S', 'T', 'D', 'L', 'O', 'G', '1'};
constexpr std::size_t kHeaderBase = 8;      // u64
constexpr std::size_t kHeaderEpoch = 16;    // u64
constexpr std::size_t kHeaderCreated = 24;  // i64
constexpr std::size_t kHeaderCrc = 60;      // u32, of all before it; bytes 32..59 are zero

}  // namespace

void encode_frame(char* out, const Record& record, Offset synced, std::uint32_t salt) noexcept {
  const std::size_t size = record.key.size() + record.value.size();
  const std::size_t total = frame_bytes(size);
  const std::uint64_t unsynced = record.offset - synced;
  BANDSTAND_CHECK(unsynced <= UINT32_MAX && size <= UINT32_MAX);
  store<std::uint64_t>(out + total - 8, 0);  // padding; what else it covers is overwritten below
  store(out + kSize, static_cast<std::uint32_t>(size));
  store(out + kOffset, record.offset);
  store(out + kTime, record.time.ns);
  store(out + kKeySize, static_cast<std::uint32_t>(record.key.size()));
  store(out + kUnsynced, static_cast<std::uint32_t>(unsynced));
  if (!record.key.empty()) std::memcpy(out + kFrameHeaderBytes, record.key.data(), record.key.size());
  if (!record.value.empty()) {
    std::memcpy(out + kFrameHeaderBytes + record.key.size(), record.value.data(), record.value.size());
  }
  store(out + kCrc, base::crc32c(out + kSize, total - kSize, salt));
}

bool parse_frame(std::string_view bytes, std::uint32_t salt, std::uint32_t record_bytes_max, Frame& out,
                 std::size_t& missing) noexcept {
  missing = 0;
  if (bytes.size() < kFrameHeaderBytes) {
    missing = kFrameHeaderBytes - bytes.size();
    return false;
  }
  const char* p = bytes.data();
  const auto size = load<std::uint32_t>(p + kSize);
  const auto key_size = load<std::uint32_t>(p + kKeySize);
  const auto unsynced = load<std::uint32_t>(p + kUnsynced);
  const auto offset = load<std::uint64_t>(p + kOffset);
  if (size > record_bytes_max || key_size > size || unsynced > offset) return false;
  const std::size_t total = frame_bytes(size);
  if (bytes.size() < total) {
    missing = total - bytes.size();
    return false;
  }
  if (load<std::uint32_t>(p + kCrc) != base::crc32c(p + kSize, total - kSize, salt)) return false;
  out.record.offset = offset;
  out.record.time = {load<std::int64_t>(p + kTime)};
  out.record.key = bytes.substr(kFrameHeaderBytes, key_size);
  out.record.value = bytes.substr(kFrameHeaderBytes + key_size, size - key_size);
  out.synced = offset - unsynced;
  out.bytes = total;
  return true;
}

void peek_own_frame(const char* bytes, Offset& offset, std::size_t& length) noexcept {
  offset = load<std::uint64_t>(bytes + kOffset);
  length = frame_bytes(load<std::uint32_t>(bytes + kSize));
}

void reseal_own_frames(char* frames, std::size_t bytes, std::uint32_t salt) noexcept {
  for (const char* end = frames + bytes; frames < end;) {
    Offset offset = 0;
    std::size_t length = 0;
    peek_own_frame(frames, offset, length);
    store(frames + kCrc, base::crc32c(frames + kSize, length - kSize, salt));
    frames += length;
  }
}

std::string segment_name(SegmentId id) {
  char name[64];
  std::snprintf(name, sizeof name, "%020llu-%010llu.log", static_cast<unsigned long long>(id.base),
                static_cast<unsigned long long>(id.epoch));
  return name;
}

bool parse_segment_name(std::string_view name, SegmentId& out) noexcept {
  const auto dash = name.find('-');
  if (dash != 20 || !name.ends_with(".log") || name.size() < 35) return false;
  const char* end = name.data() + name.size() - 4;
  const auto base = std::from_chars(name.data(), name.data() + dash, out.base);
  const auto epoch = std::from_chars(name.data() + dash + 1, end, out.epoch);
  return base.ec == std::errc{} && base.ptr == name.data() + dash && epoch.ec == std::errc{} && epoch.ptr == end;
}

std::uint32_t encode_segment_header(char* out, SegmentId id, base::WallTime created) noexcept {
  std::memset(out, 0, kSegmentHeaderBytes);
  std::memcpy(out, kMagic, sizeof kMagic);
  store(out + kHeaderBase, id.base);
  store(out + kHeaderEpoch, id.epoch);
  store(out + kHeaderCreated, created.ns);
  const std::uint32_t crc = base::crc32c(out, kHeaderCrc);
  store(out + kHeaderCrc, crc);
  return crc;
}

bool parse_segment_header(std::string_view bytes, SegmentId id, std::uint32_t& salt) noexcept {
  if (bytes.size() < kSegmentHeaderBytes || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) return false;
  salt = load<std::uint32_t>(bytes.data() + kHeaderCrc);
  return salt == base::crc32c(bytes.data(), kHeaderCrc) && load<Offset>(bytes.data() + kHeaderBase) == id.base &&
         load<Epoch>(bytes.data() + kHeaderEpoch) == id.epoch;
}

void FrameCursor::move_to(std::uint64_t position) { position_ = position; }

void FrameCursor::set_read_ahead(std::uint64_t bytes) {
  read_ahead_ = static_cast<std::size_t>(std::clamp<std::uint64_t>(bytes, 4u << 10, 256u << 10));
}

base::Result<std::monostate> FrameCursor::fill(std::size_t size) {
  buffer_start_ = position_;
  return file_->read_at(position_, std::max(size, read_ahead_), buffer_);
}

bool FrameCursor::next_buffered(Frame& out) {
  if (position_ < buffer_start_ || position_ >= buffer_start_ + buffer_.size()) return false;
  const std::string_view rest = std::string_view(buffer_).substr(position_ - buffer_start_);
  std::size_t missing = 0;
  if (!parse_frame(rest, salt_, record_bytes_max_, out, missing)) return false;
  position_ += out.bytes;
  return true;
}

base::Result<bool> FrameCursor::next(Frame& out) {
  if (next_buffered(out)) return true;
  BANDSTAND_TRY_VOID(fill(0));
  if (next_buffered(out)) return true;
  std::size_t missing = 0;
  if (parse_frame(buffer_, salt_, record_bytes_max_, out, missing) || missing == 0) return false;
  BANDSTAND_TRY_VOID(fill(buffer_.size() + missing));
  if (next_buffered(out)) return true;
  // Only the length was missing the first time; a header cut by the end of the buffer needs a second look.
  if (parse_frame(buffer_, salt_, record_bytes_max_, out, missing) || missing == 0) return false;
  BANDSTAND_TRY_VOID(fill(buffer_.size() + missing));
  return next_buffered(out);
}

base::Result<bool> FrameCursor::proves_stored(Offset lost) {
  const std::uint64_t from = position_;
  BANDSTAND_TRY(size, file_->size());
  for (std::uint64_t at = from; at + kFrameHeaderBytes <= size; at += kFrameAlignment) {
    if (at < buffer_start_ || at + kFrameHeaderBytes > buffer_start_ + buffer_.size()) {
      position_ = at;
      BANDSTAND_TRY_VOID(fill(1u << 20));
      if (buffer_.size() < kFrameHeaderBytes) break;
    }
    // Cheap sieve first: nearly all of what follows a tail is zeros.
    const char* p = buffer_.data() + (at - buffer_start_);
    const auto offset = load<std::uint64_t>(p + kOffset);
    if (offset <= lost || offset - load<std::uint32_t>(p + kUnsynced) <= lost) continue;
    if (load<std::uint32_t>(p + kSize) > record_bytes_max_) continue;
    Frame frame;
    position_ = at;
    BANDSTAND_TRY(valid, next(frame));
    if (valid && frame.synced > lost) {
      position_ = from;
      return true;
    }
  }
  position_ = from;
  return false;
}

}  // namespace bandstand::log
