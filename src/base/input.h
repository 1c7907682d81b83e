// input: files as people have them: plain, gzip, bzip2, xz or zstd, or standard input; whole or line by line.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bandstand::base {

/// A stream of bytes, decompressed. One thread.
class Input {
 public:
  virtual ~Input() = default;
  /// Fills a part of `out`; 0 at the end. Errors: `corrupt` (not what the compression promised, or cut short),
  /// `unavailable` (I/O).
  virtual Result<std::size_t> read(std::span<char> out) = 0;
};

/// Opens a file, or standard input for "-". The compression is told by the first bytes, not by the name;
/// concatenated gzip, bzip2, xz and zstd streams are read as one. Errors: `not_found`, `unavailable`, `corrupt`.
Result<std::unique_ptr<Input>> open_input(const std::string& path);

/// Bytes that are already in memory, compressed or not (borrowed until the Input is gone).
Result<std::unique_ptr<Input>> open_input_bytes(std::string_view bytes);

/// All of a file. Errors: as open_input; `exhausted` if it holds more than `bytes_max` once decompressed.
Result<std::string> read_whole_file(const std::string& path, std::size_t bytes_max = std::size_t{1} << 30);

/// Lines without their ends ("\n" or "\r\n"); a last line without one counts; a byte order mark is skipped.
class LineReader {
 public:
  explicit LineReader(std::unique_ptr<Input> input, std::size_t line_bytes_max = 64 << 20)
      : input_(std::move(input)), line_bytes_max_(line_bytes_max) {}
  static Result<LineReader> open(const std::string& path);

  /// True with the next line in `line` (valid until the next call), false at the end.
  /// Errors: as Input::read; `exhausted` for a line longer than the limit.
  Result<bool> next(std::string_view& line);
  /// Number of the line last returned, from 1.
  [[nodiscard]] std::size_t number() const { return number_; }

 private:
  std::unique_ptr<Input> input_;
  std::size_t line_bytes_max_;
  std::string buffer_;
  std::size_t begin_ = 0;    ///< first byte not handed out
  std::size_t scanned_ = 0;  ///< no line end before this
  std::size_t number_ = 0;
  bool ended_ = false;
};

}  // namespace bandstand::base
