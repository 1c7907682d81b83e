// client: an HTTP/1.1 client for tests, the simulated exchange and the bench: many connections, one thread,
// open loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "serving/http/event_loop.h"
#include "serving/http/message.h"

namespace bandstand::serving::http {

struct ClientOptions {
  std::size_t connections = 1;
  std::size_t pipeline_max = 1;      ///< requests under way on a connection
  std::size_t queue_max = 1u << 16;  ///< requests that wait for a connection; submit() refuses more
  base::Duration timeout =
      std::chrono::seconds(10);  ///< from submit to answer; then the connection is dropped
  base::Duration reconnect_after =
      std::chrono::milliseconds(20);  ///< first pause after a failed connect; doubles to 1 s
};

/// A request to send. Views need to hold only during submit().
struct Call {
  std::string_view method = "POST";
  std::string_view target = "/";
  std::string_view
      headers{};  ///< whole lines, each with its CRLF, or empty; Host and Content-Length are added
  std::string_view body{};
  std::uint64_t token = 0;  ///< comes back with the answer
  base::MonoTime due{};  ///< latency counts from here (open loop: when it should have left); 0: from submit
};

/// What came back. Views hold during the callback.
struct Reply {
  std::uint64_t token = 0;
  int status = 0;         ///< 0: no answer; the connection failed, closed or ran out of time
  std::string_view body;  ///< de-chunked, not inflated
  std::string_view content_type;
  std::string_view content_encoding;
  std::string_view location;
  base::Duration latency{0};
};

class ReplyHandler {
 public:
  virtual ~ReplyHandler() = default;
  virtual void on_reply(const Reply& reply) = 0;
};

/// Connects when first needed, and again after a failure. Lives on the loop's thread; the loop outlives it. A
/// request that was written is never sent twice: its failure is the caller's to judge.
class HttpClient final : public RoundListener {
 public:
  HttpClient(EventLoop& loop, const Address& server, ReplyHandler& handler, ClientOptions options = {});
  ~HttpClient() override;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// False if queue_max requests wait already. Callbacks may submit. Writes happen at the end of the round,
  /// one a connection.
  bool submit(const Call& call);
  /// Submitted and without a reply yet.
  [[nodiscard]] std::size_t under_way() const;
  [[nodiscard]] std::size_t waiting() const;
  [[nodiscard]] std::uint64_t connects() const;

  void on_round_end() override;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace bandstand::serving::http
