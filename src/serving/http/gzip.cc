// gzip: zlib with limits, and without a new stream for every body.
#include "serving/http/gzip.h"

#include <zlib.h>

#include <algorithm>

#include "base/check.h"
#include "serving/http/message.h"

namespace bandstand::serving::http {
namespace {

constexpr int kGzipWindow = 15 + 16;  // 32 KiB, gzip framing

Bytef* bytes(const char* text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text)); }

}  // namespace

struct Inflater::Stream {
  z_stream z{};
  bool ok = inflateInit2(&z, kGzipWindow) == Z_OK;
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { inflateEnd(&z); }
};

Inflater::Inflater(InflateLimits limits) : limits_(limits) {}
Inflater::~Inflater() = default;

base::Result<std::string_view> Inflater::inflate(std::string_view body) {
  using base::Code;
  if (!stream_) stream_ = std::make_unique<Stream>();
  z_stream& z = stream_->z;
  if (!stream_->ok || inflateReset(&z) != Z_OK) return base::fail(Code::unavailable, "zlib has no memory");
  // More than this is never written, so that a bomb is cut off where it begins to swell.
  const std::size_t by_ratio = std::max(limits_.floor_bytes, body.size() * limits_.ratio_max);
  const std::size_t limit = std::min(limits_.bytes_max, by_ratio);
  if (out_.size() < 16 * 1024) out_.resize(16 * 1024);
  z.next_in = bytes(body.data());
  z.avail_in = static_cast<uInt>(body.size());
  std::size_t size = 0;
  for (;;) {
    const std::size_t room = std::min(out_.size() - kBodyPaddingBytes, limit + 1) - size;
    z.next_out = bytes(out_.data()) + size;
    z.avail_out = static_cast<uInt>(room);
    const int result = ::inflate(&z, Z_NO_FLUSH);
    size += room - z.avail_out;
    if (size > limit) return base::fail(Code::exhausted, "inflates beyond its limit");
    if (result == Z_STREAM_END) break;
    if (result != Z_OK && result != Z_BUF_ERROR) return base::fail(Code::invalid_input, "not gzip");
    if (z.avail_out != 0) return base::fail(Code::invalid_input, "gzip cut short");
    out_.resize(std::min(out_.size() * 2, limit + 1 + kBodyPaddingBytes));
  }
  if (z.avail_in != 0) return base::fail(Code::invalid_input, "bytes after the gzip member");
  return std::string_view(out_.data(), size);
}

struct Deflater::Stream {
  z_stream z{};
  bool ok = deflateInit2(&z, 1, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK;
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { deflateEnd(&z); }
};

Deflater::Deflater() = default;
Deflater::~Deflater() = default;

std::string_view Deflater::deflate(std::string_view body) {
  if (!stream_) stream_ = std::make_unique<Stream>();
  z_stream& z = stream_->z;
  if (!stream_->ok || deflateReset(&z) != Z_OK) return {};
  const std::size_t bound = deflateBound(&z, static_cast<uLong>(body.size()));
  if (out_.size() < bound) out_.resize(bound);
  z.next_in = bytes(body.data());
  z.avail_in = static_cast<uInt>(body.size());
  z.next_out = bytes(out_.data());
  z.avail_out = static_cast<uInt>(out_.size());
  if (::deflate(&z, Z_FINISH) != Z_STREAM_END) return {};
  return {out_.data(), out_.size() - z.avail_out};
}

bool accepts_gzip(std::string_view accept) {
  bool by_star = false;
  while (!accept.empty()) {
    const auto end = accept.find(',');
    std::string_view item = accept.substr(0, end);
    accept = end == std::string_view::npos ? std::string_view() : accept.substr(end + 1);
    const auto semicolon = item.find(';');
    std::string_view coding = item.substr(0, semicolon);
    while (!coding.empty() && coding.front() == ' ') coding.remove_prefix(1);
    while (!coding.empty() && coding.back() == ' ') coding.remove_suffix(1);
    bool refused = false;
    if (semicolon != std::string_view::npos) {
      const auto q = item.find("q=", semicolon);
      refused = q != std::string_view::npos &&
                item.substr(q + 2).find_first_of("123456789") == std::string_view::npos;
    }
    if (coding == "gzip" || coding == "x-gzip" || coding == "GZIP") return !refused;
    if (coding == "*") by_star = !refused;
  }
  return by_star;
}

}  // namespace bandstand::serving::http
