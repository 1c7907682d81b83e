// request_parser: bytes to a request, strictly: what two parsers could frame differently is refused.
//
// The head goes through http-parser, whose lenience (bare LF, folded lines, blanks in names) is taken back
// here; the body is framed here, because Debian's build of http-parser does not check the line ends of
// chunks.
#pragma once

#include <http_parser.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "serving/http/message.h"
#include "telemetry/labels.h"

namespace bandstand::serving::http {

struct ParserLimits {
  std::size_t body_bytes_max;
  std::size_t header_bytes_max;
  std::size_t target_bytes_max;
};

/// Parses one request after another out of a contiguous buffer that belongs to the caller.
class RequestParser {
 public:
  enum class Progress : std::uint8_t { incomplete, ready, failed };

  explicit RequestParser(const ParserLimits& limits) : limits_(limits) { next(); }

  /// Begins the next request.
  void next();
  /// `data` begins with the current request, of which `size` bytes have come; what an earlier call saw is
  /// still there, though it may have moved. A chunked body is joined in place: bytes that follow the request
  /// stay where they are, but while it is incomplete `size` may shrink to what is still needed.
  Progress parse(char* data, std::size_t& size);

  /// Bytes that the request took. After `ready`.
  [[nodiscard]] std::size_t consumed() const { return at_; }
  /// Fills all but peer, received and backlog. After `ready`; `data` as in parse().
  void describe(const char* data, Request& request) const;

  /// The status to refuse with, and the limit that was reached. After `failed`.
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] telemetry::HttpLimit limit() const { return limit_; }

  [[nodiscard]] bool head_done() const { return head_size_ != 0; }
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }
  [[nodiscard]] bool http_1_1() const { return parser_.http_minor >= 1; }
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }
  [[nodiscard]] Method method() const { return method_; }

 private:
  struct Span {
    std::uint32_t at = 0;
    std::uint32_t size = 0;
    [[nodiscard]] std::string_view in(const char* data) const { return {data + at, size}; }
  };
  enum class Chunk : std::uint8_t {
    size_first,
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer,
    trailer_line,
    trailer_lf,
    end_lf
  };
  struct Callbacks;

  bool refuse(int status, telemetry::HttpLimit limit);    ///< false
  Progress fail(int status, telemetry::HttpLimit limit);  ///< failed
  bool finish_header(const char* data);
  bool finish_head(const char* data);
  bool lines_are_strict(const char* data) const;
  Progress parse_head(char* data, std::size_t size);
  Progress parse_chunks(char* data, std::size_t& size);
  Progress chunk_control(char c);

  ParserLimits limits_;
  http_parser parser_{};
  const char* base_ = nullptr;  ///< of the call in progress
  std::array<Span, static_cast<std::size_t>(Header::count_)> headers_{};
  Span target_;
  Span name_;
  Span value_;
  bool in_value_ = false;
  bool has_length_ = false;
  bool has_encoding_ = false;
  bool keep_alive_ = true;
  bool expects_continue_ = false;
  Method method_ = Method::other;
  Chunk chunk_ = Chunk::size_first;
  telemetry::HttpLimit limit_ = telemetry::HttpLimit::framing;
  int status_ = 0;
  std::size_t at_ = 0;         ///< parsed so far
  std::size_t head_size_ = 0;  ///< 0 until the head is whole
  std::size_t body_end_ = 0;   ///< of the joined body
  std::size_t length_ = 0;     ///< of a body with Content-Length
  std::size_t chunk_left_ = 0;
  std::size_t overhead_ = 0;  ///< bytes of chunk lines and trailers
};

}  // namespace bandstand::serving::http
