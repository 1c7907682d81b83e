// server: HTTP/1.1 on one shard: keep-alive, pipelining, deferred answers, gzip, and a limit with a metric on
// everything.
//
//  1. Answers leave in the order of their requests, whatever order they are given in.
//  2. After warm-up a request allocates nothing: buffers belong to connections, connections and large buffers
//  to pools.
//  3. What arrives together is answered by one write.
//  4. Framing that two parsers could read differently is refused with 400, and the connection closed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "serving/http/event_loop.h"
#include "serving/http/message.h"
#include "telemetry/catalogue.h"

namespace bandstand::serving::http {

/// Limits of one server on one shard. The defaults are those of Prebid Server (Java) where it has them.
struct ServerOptions {
  std::size_t body_bytes_max = 256 * 1024;    ///< else 413, decided by Content-Length before the body is read
  std::size_t header_bytes_max = 16 * 1024;   ///< all header lines together, else 431
  std::size_t target_bytes_max = 8 * 1024;    ///< else 414
  std::size_t inflated_bytes_max = 4u << 20;  ///< of a gzip body, else 400
  std::size_t inflate_ratio_max = 10;         ///< inflated / received, else 400 ...
  std::size_t inflate_floor_bytes = 64 * 1024;  ///< ... for what inflates beyond this
  std::size_t deflate_bytes_min =
      1024;                       ///< answers below it go uncompressed; 0 turns compression of answers off
  std::size_t pipeline_max = 64;  ///< requests of a connection that may wait for a deferred answer
  std::size_t output_bytes_max =
      256 * 1024;                      ///< unsent answers of a connection; beyond it no request is read
  std::size_t connections_max = 4096;  ///< of this server
  /// Beyond it so many more are let in, marked Request::reserved and closed after one answer, so that the
  /// handler can go on hearing those who must be heard; still more are closed on accept.
  std::size_t connections_reserved = 0;
  std::size_t connections_per_address_max = 1024;
  base::Duration header_timeout =
      std::chrono::seconds(5);  ///< from its first byte to the end of the header, then 408
  base::Duration body_timeout =
      std::chrono::seconds(1);  ///< from the end of the header to the last byte, then 408
  base::Duration idle_timeout = std::chrono::seconds(10);  ///< without a request under way
  base::Duration write_timeout = std::chrono::seconds(5);  ///< that a peer may leave an answer unread
  base::Duration drain_idle =
      std::chrono::milliseconds(500);  ///< silence after which drain() closes a connection
  int backlog = 1024;
  bool date = true;        ///< answers carry their Date (RFC 9110, 6.6.1)
  bool reuse_port = true;  ///< one listener a shard on one port; the kernel spreads connections
};

/// One listener and its connections. Lives on the loop's thread; the loop outlives it.
class HttpServer final : public RoundListener {
 public:
  /// `metrics` is this thread's set. `seed` keys the table of peer addresses.
  HttpServer(EventLoop& loop, Handler& handler, telemetry::Metrics& metrics, ServerOptions options = {},
             std::uint64_t seed = 0);
  ~HttpServer() override;
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Whether an address is free. Ask before the first shard listens: SO_REUSEPORT lets a second process of the
  /// same user share the port without an error, and half of the traffic would go to it. `error` as
  /// listen_error().
  static base::Result<std::monostate> check_free(const std::string& address, std::string& error);
  /// Binds and listens; port 0 picks a free one. On failure listen_error() says what and where, e.g.
  /// "address already in use: 127.0.0.1:8080". Errors: invalid_input (not an address), unavailable (anything
  /// else).
  base::Result<std::monostate> listen(const std::string& address);
  [[nodiscard]] const std::string& listen_error() const;
  /// Where it listens, with the real port. Valid after listen().
  [[nodiscard]] const Address& bound() const;

  /// Gives a deferred answer; it leaves at the end of the round. False if the connection has gone (counted,
  /// harmless) or the handle was completed before.
  bool complete(ResponseHandle handle, const Answer& answer);
  bool complete(ResponseHandle handle, int status) { return complete(handle, Answer{status, {}, {}, {}}); }

  /// Stops accepting; the next answer of each connection says "Connection: close"; silent connections close
  /// after drain_idle, all others at `deadline`. Watch connections() for the end.
  void drain(base::MonoTime deadline);
  [[nodiscard]] bool draining() const;
  [[nodiscard]] std::size_t connections() const;
  /// Requests whose answer is deferred and not yet given.
  [[nodiscard]] std::size_t answers_owed() const;

  void on_round_end() override;

 private:
  friend class Response;
  friend class Connection;
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace bandstand::serving::http
