// input: one reader for each compression, and lines on top.
#include "base/input.h"

#include <bzlib.h>
#include <fcntl.h>
#include <lzma.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace bandstand::base {
namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;

class FileInput final : public Input {
 public:
  FileInput(int descriptor, bool owned) : descriptor_(descriptor), owned_(owned) {}
  FileInput(const FileInput&) = delete;
  FileInput& operator=(const FileInput&) = delete;
  ~FileInput() override {
    if (owned_) ::close(descriptor_);
  }
  Result<std::size_t> read(std::span<char> out) override {
    for (;;) {
      const ssize_t got = ::read(descriptor_, out.data(), out.size());
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno == EISDIR) return fail(Code::unavailable, "input: a directory, not a file");
      if (errno != EINTR) return fail(Code::unavailable, "input: read failed");
    }
  }

 private:
  int descriptor_;
  bool owned_;
};

class BytesInput final : public Input {
 public:
  explicit BytesInput(std::string_view bytes) : left_(bytes) {}
  Result<std::size_t> read(std::span<char> out) override {
    const std::size_t size = std::min(out.size(), left_.size());
    std::memcpy(out.data(), left_.data(), size);
    left_.remove_prefix(size);
    return size;
  }

 private:
  std::string_view left_;
};

/// Compressed bytes waiting for the decoder: what was peeked at to tell the format, then what follows.
class Source {
 public:
  Source(std::unique_ptr<Input> raw, std::string peeked) : raw_(std::move(raw)), chunk_(std::move(peeked)) {
    end_ = chunk_.size();
  }
  /// Bytes that are there, after reading more if there are none. Empty at the end.
  Result<std::string_view> fill() {
    if (begin_ == end_ && !ended_) {
      chunk_.resize(kChunkBytes);
      BANDSTAND_TRY(got, raw_->read(chunk_));
      begin_ = 0;
      end_ = got;
      ended_ = got == 0;
    }
    return std::string_view(chunk_).substr(begin_, end_ - begin_);
  }
  void consume(std::size_t bytes) { begin_ += bytes; }

 private:
  std::unique_ptr<Input> raw_;
  std::string chunk_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool ended_ = false;
};

class PlainInput final : public Input {
 public:
  explicit PlainInput(Source source) : source_(std::move(source)) {}
  Result<std::size_t> read(std::span<char> out) override {
    BANDSTAND_TRY(bytes, source_.fill());
    const std::size_t size = std::min(out.size(), bytes.size());
    std::memcpy(out.data(), bytes.data(), size);
    source_.consume(size);
    return size;
  }

 private:
  Source source_;
};

class GzipInput final : public Input {
 public:
  explicit GzipInput(Source source) : source_(std::move(source)) { inflateInit2(&stream_, 15 + 16); }
  GzipInput(const GzipInput&) = delete;
  GzipInput& operator=(const GzipInput&) = delete;
  ~GzipInput() override { inflateEnd(&stream_); }

  Result<std::size_t> read(std::span<char> out) override {
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    while (stream_.avail_out == out.size()) {
      BANDSTAND_TRY(bytes, source_.fill());
      if (bytes.empty()) {
        if (inside_) return fail(Code::corrupt, "gzip: cut short");
        break;
      }
      if (!inside_) inflateReset(&stream_);
      inside_ = true;
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
      stream_.avail_in = static_cast<uInt>(bytes.size());
      const int code = inflate(&stream_, Z_NO_FLUSH);
      source_.consume(bytes.size() - stream_.avail_in);
      if (code == Z_STREAM_END) {
        inside_ = false;
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return fail(Code::corrupt, "gzip: damaged");
      }
    }
    return out.size() - stream_.avail_out;
  }

 private:
  Source source_;
  z_stream stream_{};
  bool inside_ = true;
};

class Bzip2Input final : public Input {
 public:
  explicit Bzip2Input(Source source) : source_(std::move(source)) { begin(); }
  Bzip2Input(const Bzip2Input&) = delete;
  Bzip2Input& operator=(const Bzip2Input&) = delete;
  ~Bzip2Input() override { BZ2_bzDecompressEnd(&stream_); }

  Result<std::size_t> read(std::span<char> out) override {
    stream_.next_out = out.data();
    stream_.avail_out = static_cast<unsigned>(out.size());
    while (stream_.avail_out == out.size()) {
      BANDSTAND_TRY(bytes, source_.fill());
      if (bytes.empty()) {
        if (inside_) return fail(Code::corrupt, "bzip2: cut short");
        break;
      }
      if (!inside_) begin();
      if (!ready_) return fail(Code::exhausted, "bzip2: no memory");
      stream_.next_in = const_cast<char*>(bytes.data());
      stream_.avail_in = static_cast<unsigned>(bytes.size());
      const int code = BZ2_bzDecompress(&stream_);
      source_.consume(bytes.size() - stream_.avail_in);
      if (code == BZ_STREAM_END) {
        inside_ = false;
      } else if (code != BZ_OK) {
        return fail(Code::corrupt, "bzip2: damaged");
      }
    }
    return out.size() - stream_.avail_out;
  }

 private:
  /// A new stream: there is no reset. What the last one had to write out stays.
  void begin() {
    char* const out = stream_.next_out;
    const unsigned room = stream_.avail_out;
    BZ2_bzDecompressEnd(&stream_);
    stream_ = {};
    ready_ = BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK;
    stream_.next_out = out;
    stream_.avail_out = room;
    inside_ = true;
  }

  Source source_;
  bz_stream stream_{};
  bool inside_ = true, ready_ = false;
};

class XzInput final : public Input {
 public:
  explicit XzInput(Source source) : source_(std::move(source)) {
    ready_ = lzma_stream_decoder(&stream_, UINT64_MAX, LZMA_CONCATENATED) == LZMA_OK;
  }
  XzInput(const XzInput&) = delete;
  XzInput& operator=(const XzInput&) = delete;
  ~XzInput() override { lzma_end(&stream_); }

  Result<std::size_t> read(std::span<char> out) override {
    if (!ready_) return fail(Code::exhausted, "xz: no memory");
    stream_.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    stream_.avail_out = out.size();
    while (stream_.avail_out == out.size() && !ended_) {
      BANDSTAND_TRY(bytes, source_.fill());
      stream_.next_in = reinterpret_cast<const std::uint8_t*>(bytes.data());
      stream_.avail_in = bytes.size();
      const lzma_ret code = lzma_code(&stream_, bytes.empty() ? LZMA_FINISH : LZMA_RUN);
      source_.consume(bytes.size() - stream_.avail_in);
      if (code == LZMA_STREAM_END) {
        ended_ = true;
      } else if (code != LZMA_OK) {
        return fail(Code::corrupt, bytes.empty() ? "xz: cut short" : "xz: damaged");
      }
    }
    return out.size() - stream_.avail_out;
  }

 private:
  Source source_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool ready_ = false;
  bool ended_ = false;
};

class ZstdInput final : public Input {
 public:
  explicit ZstdInput(Source source) : source_(std::move(source)), stream_(ZSTD_createDStream()) {}
  ZstdInput(const ZstdInput&) = delete;
  ZstdInput& operator=(const ZstdInput&) = delete;
  ~ZstdInput() override { ZSTD_freeDStream(stream_); }

  Result<std::size_t> read(std::span<char> out) override {
    if (stream_ == nullptr) return fail(Code::exhausted, "zstd: no memory");
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    while (to.pos == 0) {
      BANDSTAND_TRY(bytes, source_.fill());
      if (bytes.empty() && !inside_) break;
      ZSTD_inBuffer from{bytes.data(), bytes.size(), 0};
      const std::size_t code = ZSTD_decompressStream(stream_, &to, &from);
      if (ZSTD_isError(code) != 0) return fail(Code::corrupt, "zstd: damaged");
      source_.consume(from.pos);
      if (bytes.empty() && to.pos == 0) return fail(Code::corrupt, "zstd: cut short");
      inside_ = code != 0;
    }
    return to.pos;
  }

 private:
  Source source_;
  ZSTD_DStream* stream_;
  bool inside_ = false;
};

Result<std::unique_ptr<Input>> decode(std::unique_ptr<Input> raw) {
  std::string head(6, '\0');
  std::size_t size = 0;
  while (size < head.size()) {
    BANDSTAND_TRY(got, raw->read(std::span(head).subspan(size)));
    if (got == 0) break;
    size += got;
  }
  head.resize(size);
  const auto starts = [&](std::string_view magic) { return std::string_view(head).substr(0, magic.size()) == magic; };
  const bool gzip = starts("\x1f\x8b");
  const bool bzip2 = starts("BZh") && (head.ends_with("1A") || head.ends_with("\x17r"));  // a block follows, or none
  const bool xz = starts(std::string_view("\xfd" "7zXZ\0", 6));
  const bool zstd = starts("\x28\xb5\x2f\xfd");
  Source source(std::move(raw), std::move(head));
  std::unique_ptr<Input> input;
  if (gzip) {
    input = std::make_unique<GzipInput>(std::move(source));
  } else if (bzip2) {
    input = std::make_unique<Bzip2Input>(std::move(source));
  } else if (xz) {
    input = std::make_unique<XzInput>(std::move(source));
  } else if (zstd) {
    input = std::make_unique<ZstdInput>(std::move(source));
  } else {
    input = std::make_unique<PlainInput>(std::move(source));
  }
  return input;
}

}  // namespace

Result<std::unique_ptr<Input>> open_input(const std::string& path) {
  if (path == "-") return decode(std::make_unique<FileInput>(STDIN_FILENO, false));
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return fail(Code::not_found, "input: no such file");
    return fail(Code::unavailable, "input: cannot be opened");
  }
  return decode(std::make_unique<FileInput>(descriptor, true));
}

Result<std::unique_ptr<Input>> open_input_bytes(std::string_view bytes) {
  return decode(std::make_unique<BytesInput>(bytes));
}

Result<std::string> read_whole_file(const std::string& path, std::size_t bytes_max) {
  BANDSTAND_TRY(input, open_input(path));
  std::string all;
  std::size_t size = 0;
  for (;;) {
    if (all.size() - size < kChunkBytes) all.resize(std::max(2 * all.size(), 4 * kChunkBytes));
    BANDSTAND_TRY(got, input->read(std::span(all).subspan(size)));
    if (got == 0) break;
    size += got;
    if (size > bytes_max) return fail(Code::exhausted, "input: larger than the limit");
  }
  all.resize(size);
  return all;
}

Result<LineReader> LineReader::open(const std::string& path) {
  BANDSTAND_TRY(input, open_input(path));
  return LineReader(std::move(input));
}

Result<bool> LineReader::next(std::string_view& line) {
  for (;;) {
    const void* found = std::memchr(buffer_.data() + scanned_, '\n', buffer_.size() - scanned_);
    std::size_t end = buffer_.size();
    if (found != nullptr) {
      end = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
    } else if (!ended_) {
      buffer_.erase(0, begin_);
      begin_ = 0;
      scanned_ = buffer_.size();
      if (scanned_ > line_bytes_max_) return fail(Code::exhausted, "input: line longer than the limit");
      buffer_.resize(scanned_ + kChunkBytes);
      BANDSTAND_TRY(got, input_->read(std::span(buffer_).subspan(scanned_)));
      buffer_.resize(scanned_ + got);
      ended_ = got == 0;
      continue;
    } else if (begin_ == end) {
      return false;
    }
    line = std::string_view(buffer_).substr(begin_, end - begin_);
    begin_ = scanned_ = found != nullptr ? end + 1 : end;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (++number_ == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    return true;
  }
}

}  // namespace bandstand::base
