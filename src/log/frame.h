// frame: how records and segment headers lie in a file; see docs/formats/log-file.md.
//
//  1. A frame starts on a multiple of 8 bytes and says how many records before it were not yet synced when it was
//     written. So a valid frame proves that all before those had been stored safely.
//  2. Its CRC-32C is salted with its segment's, so that no bytes from elsewhere, be it another segment or a record
//     made by a stranger, pass for a frame.
//  3. Zeros are no frame.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/disk.h"
#include "log/log.h"

namespace bandstand::log {

inline constexpr std::size_t kFrameHeaderBytes = 32;
inline constexpr std::size_t kFrameAlignment = 8;
inline constexpr std::size_t kSegmentHeaderBytes = 64;

/// A parsed frame; views into the bytes it was parsed from.
struct Frame {
  Record record;
  Offset synced = 0;      ///< all records below were durable before this frame was written; at most its own offset
  std::size_t bytes = 0;  ///< its length, padding included
};

/// Length of a frame for a key and value of together `size` bytes.
constexpr std::size_t frame_bytes(std::size_t size) noexcept {
  return (kFrameHeaderBytes + size + kFrameAlignment - 1) & ~(kFrameAlignment - 1);
}

/// Writes a frame of frame_bytes() at `out`. Needs record.offset - synced < 2^32.
void encode_frame(char* out, const Record& record, Offset synced, std::uint32_t salt) noexcept;

/// Parses the frame at the start of `bytes`. False if there is none, or not all of it; then `missing` says how many
/// bytes it would need (0 if none could help).
bool parse_frame(std::string_view bytes, std::uint32_t salt, std::uint32_t record_bytes_max, Frame& out,
                 std::size_t& missing) noexcept;

/// Offset and length of the frame at the start of `bytes`, which this process has encoded itself.
void peek_own_frame(const char* bytes, Offset& offset, std::size_t& length) noexcept;

/// Salts whole frames, which this process has encoded itself, for another segment.
void reseal_own_frames(char* frames, std::size_t bytes, std::uint32_t salt) noexcept;

/// Which segment: the first offset it may hold, and the claim that wrote it.
struct SegmentId {
  Offset base = 0;
  Epoch epoch = 0;
  friend bool operator==(const SegmentId&, const SegmentId&) = default;
};

/// "<base, 20 digits>-<epoch, 10 digits>.log".
std::string segment_name(SegmentId id);
/// False if it is no such name.
bool parse_segment_name(std::string_view name, SegmentId& out) noexcept;

/// Writes kSegmentHeaderBytes at `out` and returns the salt of the segment's frames.
std::uint32_t encode_segment_header(char* out, SegmentId id, base::WallTime created) noexcept;
/// False if it is not the header of that segment.
bool parse_segment_header(std::string_view bytes, SegmentId id, std::uint32_t& salt) noexcept;

/// Walks over the frames of a file. One thread.
class FrameCursor {
 public:
  /// Starts at the first frame.
  FrameCursor(std::unique_ptr<base::File> file, std::uint32_t salt, std::uint32_t record_bytes_max)
      : file_(std::move(file)), salt_(salt), record_bytes_max_(record_bytes_max) {}

  /// The frame at position(), and moves past it. False if there is no valid one. Looks again at the file before it
  /// says so. Views hold until the next call that reads.
  base::Result<bool> next(Frame& out);
  /// The same from what is already in memory: views of earlier frames stay good.
  bool next_buffered(Frame& out);
  /// Byte position of the next frame.
  [[nodiscard]] std::uint64_t position() const { return position_; }
  void move_to(std::uint64_t position);
  /// How much to read at once, 4 KiB at least; the default is 256 KiB.
  void set_read_ahead(std::uint64_t bytes);
  /// Whether any valid frame after position(), which holds none, proves that `lost` had been stored safely.
  base::Result<bool> proves_stored(Offset lost);
  [[nodiscard]] base::File& file() { return *file_; }

 private:
  base::Result<std::monostate> fill(std::size_t size);

  std::unique_ptr<base::File> file_;
  std::uint32_t salt_;
  std::uint32_t record_bytes_max_;
  std::uint64_t position_ = kSegmentHeaderBytes;
  std::size_t read_ahead_ = 256u << 10;
  std::string buffer_;          ///< of the file from buffer_start_ on
  std::uint64_t buffer_start_ = kSegmentHeaderBytes;
};

}  // namespace bandstand::log
