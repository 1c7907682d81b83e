// gzip: bodies in and out of gzip (RFC 1952), with limits that a bomb cannot pass and streams that are used
// again.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bandstand::serving::http {

struct InflateLimits {
  std::size_t bytes_max = 4u << 20;
  std::size_t ratio_max = 10;           ///< output / input ...
  std::size_t floor_bytes = 64 * 1024;  ///< ... is looked at beyond this much output
};

/// Inflates whole bodies. Keeps its window and its output buffer: nothing is allocated once they are warm.
/// One thread.
class Inflater {
 public:
  explicit Inflater(InflateLimits limits);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// The whole of one gzip member; trailing bytes are refused. The view holds until the next call, and 64
  /// bytes more than it may be read. Errors: invalid_input (not gzip, cut short, bad checksum), exhausted (a
  /// limit).
  base::Result<std::string_view> inflate(std::string_view body);

 private:
  struct Stream;
  InflateLimits limits_;
  std::unique_ptr<Stream> stream_;
  std::string out_;
};

/// Deflates answers at level 1. One thread.
class Deflater {
 public:
  Deflater();
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  /// A gzip member. The view holds until the next call. Empty if zlib fails (out of memory).
  std::string_view deflate(std::string_view body);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
  std::string out_;
};

/// Whether an Accept-Encoding value (RFC 9110 section 12.5.3) takes gzip: named, or "*", and not at q=0.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace bandstand::serving::http
