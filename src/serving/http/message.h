// message: an HTTP request as a handler sees it, and the answer that it gives.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace bandstand::serving::http {

enum class Method : std::uint8_t { get, head, post, put, del, options, patch, other };

/// Request headers that are kept; all others are checked for form, counted against the limit, and forgotten.
enum class Header : std::uint8_t {
  host,
  content_type,
  content_encoding,
  accept,
  accept_encoding,
  accept_language,
  authorization,
  cookie,
  expect,
  forwarded,
  if_none_match,
  origin,
  referer,
  sec_gpc,  ///< Global Privacy Control
  dnt,
  traceparent,
  user_agent,
  x_forwarded_for,
  x_openrtb_version,
  x_real_ip,
  idempotency_key,
  count_,
};

/// An address as 16 bytes; IPv4 is mapped (::ffff:a.b.c.d).
struct Address {
  std::array<std::uint8_t, 16> ip{};
  std::uint16_t port = 0;

  [[nodiscard]] bool is_v4() const;
  /// "192.0.2.1" or "2001:db8::1".
  [[nodiscard]] std::string ip_text() const;
  /// "192.0.2.1:80" or "[2001:db8::1]:80".
  [[nodiscard]] std::string text() const;
  /// Reads what text() writes. Names are not resolved, except "localhost" (127.0.0.1) and an empty host or
  /// "*" (0.0.0.0).
  static std::optional<Address> parse(std::string_view text);
};

/// Bytes after a body that may be read (never written); simdjson's front end wants them.
inline constexpr std::size_t kBodyPaddingBytes = 64;

/// A whole request. Every view holds until handle() returns, not longer, also when the answer is deferred.
struct Request {
  Method method = Method::other;
  bool keep_alive = true;
  bool reserved = false;    ///< came over one of ServerOptions::connections_reserved
  std::string_view target;  ///< as received: path, then "?query" if there is one
  std::string_view path;    ///< not percent-decoded
  std::string_view query;   ///< without "?"; not decoded
  std::string_view body;    ///< de-chunked and inflated; kBodyPaddingBytes more may be read after it
  std::array<std::string_view, static_cast<std::size_t>(Header::count_)> headers{};
  Address peer;             ///< of the connection; a proxy's, if there is one
  base::MonoTime received;  ///< when the loop saw the last bytes of it
  base::Duration backlog{
      0};  ///< it may have waited in the kernel for this long before `received` (EventLoop::backlog)

  /// Empty if absent. Of a repeated header the first counts.
  [[nodiscard]] std::string_view header(Header which) const {
    return headers[static_cast<std::size_t>(which)];
  }
};

struct HeaderField {
  std::string_view name;
  std::string_view value;
};

/// An answer. Views need to hold only during the call that takes it: it is serialised at once.
///
/// Content-Length, Connection and Content-Encoding are the server's; a field whose value has control
/// characters is left out and counted (no response splitting).
struct Answer {
  int status = 204;
  std::string_view content_type{};  ///< empty: none is sent
  std::string_view body{};          ///< not sent for 204, 304 and HEAD
  std::span<const HeaderField> headers{};
};

/// Names an answer that is still owed. Trivial to copy and to store; outlives its connection harmlessly.
struct ResponseHandle {
  std::uint32_t connection = 0;
  std::uint32_t generation = 0;  ///< of the connection's slot; 0 names nothing
  std::uint32_t sequence = 0;    ///< of the request on its connection
  [[nodiscard]] bool valid() const { return generation != 0; }
};

class HttpServer;
class Connection;

/// Takes one answer, or a promise of one, during Handler::handle. A handler that returns without either has
/// answered 500.
class Response {
 public:
  Response(HttpServer& server, Connection& connection) : server_(server), connection_(connection) {}
  Response(const Response&) = delete;
  Response& operator=(const Response&) = delete;

  void send(const Answer& answer);
  /// No body. 204 and 400 cost one copy of some 30 bytes.
  void send(int status) { send(Answer{status, {}, {}, {}}); }
  void send(int status, std::string_view content_type, std::string_view body) {
    send(Answer{status, content_type, body, {}});
  }
  /// The answer will come by HttpServer::complete on this thread. Later requests of the connection are
  /// handled meanwhile, and their answers are held back so that order is kept.
  [[nodiscard]] ResponseHandle defer();
  [[nodiscard]] bool answered() const { return answered_; }

 private:
  HttpServer& server_;
  Connection& connection_;
  bool answered_ = false;
};

/// The endpoints of a server. Called on the loop's thread only.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void handle(const Request& request, Response& response) = 0;
};

/// The value of `key` in a query string, still percent-encoded; nullopt if absent. The first of several.
std::optional<std::string_view> query_value(std::string_view query, std::string_view key);
/// Percent-decodes ("+" stays "+" unless `plus_is_space`); false on a broken escape. Appends to `out`.
bool percent_decode(std::string_view text, bool plus_is_space, std::string& out);
/// "No Content" for 204 and so on; "Unknown" for what is not assigned.
std::string_view reason_phrase(int status);

}  // namespace bandstand::serving::http
