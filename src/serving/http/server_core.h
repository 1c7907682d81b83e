// server_core: what the connections of one server share: pools, limits, counts.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "serving/http/connection.h"
#include "serving/http/gzip.h"
#include "serving/http/server.h"

namespace bandstand::serving::http {

struct HttpServer::Core final : public Watcher {
  Core(HttpServer& server, EventLoop& loop, Handler& handler, telemetry::Metrics& metrics,
       const ServerOptions& options, std::uint64_t seed);
  ~Core() override;

  base::Result<std::monostate> listen(const std::string& address);
  /// The listener is ready.
  void on_ready(std::uint32_t events) override;
  void accept_all();
  bool admit(int fd, const Address& peer);
  void pause_accepting();
  void tick(base::MonoTime now);
  /// Writes the date anew if its second is over, and what is answered most with it.
  void refresh_date();
  void stop_listening();

  /// Takes note that a connection has been read from in this round.
  void arrive(Connection& connection);
  /// Takes note that a connection has something to write, or may parse on, at the end of the round.
  void mark(Connection& connection);
  void round_end();
  /// The connection has closed its descriptor; its slot is used again after this round.
  void release(Connection& connection);
  Connection* find(ResponseHandle handle);

  [[nodiscard]] std::unique_ptr<char[]> take_large_buffer();
  void give_large_buffer(std::unique_ptr<char[]> buffer);
  void count_limit(telemetry::HttpLimit limit) { metrics.http_limits.add(limit); }

  /// Appends an answer as it goes over the wire.
  struct Framing {
    bool head = false;
    bool close = false;
    bool gzip = false;
    bool http_1_0 = false;
  };
  void serialise(const Answer& answer, Framing framing, std::string& out);

  HttpServer& server;
  EventLoop& loop;
  Handler& handler;
  telemetry::Metrics& metrics;
  const ServerOptions options;
  const std::size_t large_bytes;
  Inflater inflater;
  Deflater deflater;
  Request request;  ///< reused

  std::string date;         ///< "Date: ...\r\n", or empty
  std::string no_content;   ///< a whole 204
  std::string bad_request;  ///< a whole 400
  std::int64_t date_second = INT64_MIN;

  std::string listen_error;
  Address bound;
  int listener = -1;
  bool accepting_paused = false;
  EventLoop::TimerId timer = 0;
  bool draining = false;
  base::MonoTime drain_deadline;

  struct AddressHash {
    std::uint64_t seed;
    std::size_t operator()(const std::array<std::uint8_t, 16>& ip) const {
      return base::hash64({reinterpret_cast<const char*>(ip.data()), ip.size()}, seed);
    }
  };
  /// Open connections by IPv4 address or IPv6 /64.
  std::unordered_map<std::array<std::uint8_t, 16>, std::size_t, AddressHash> by_address;
  std::vector<std::unique_ptr<Connection>> slots;
  std::vector<std::uint32_t> free_slots;
  std::vector<std::uint32_t> released;  ///< in this round
  std::vector<Connection*> arrived, marked;
  std::vector<std::unique_ptr<char[]>> large_buffers;
  std::size_t open = 0;
  std::size_t owed = 0;
};

}  // namespace bandstand::serving::http
