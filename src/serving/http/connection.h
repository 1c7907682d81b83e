// connection: one peer: its bytes in, its requests in order, its answers out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "serving/http/request_parser.h"
#include "serving/http/server.h"

namespace bandstand::serving::http {

/// Belongs to a server's table and is used again for later peers. The generation tells them apart.
class Connection final : public Watcher {
 public:
  Connection(HttpServer::Core& core, std::uint32_t slot);
  ~Connection() override;

  /// `reserved`: one answer, then closed.
  void open(int fd, const Address& peer, bool reserved);
  void on_ready(std::uint32_t events) override;
  /// Closes at once.
  void close(telemetry::ConnectionEvent why);
  /// Makes requests of what was read, and hands them on.
  void work();
  /// Writes what there is, and parses on if that made room.
  void settle();
  /// Closes or refuses if a time limit has passed.
  void check_time(base::MonoTime now);
  /// No more requests; the last answer owed says so.
  void begin_drain();

  /// The answer to the request that is being handled.
  void answer(const Answer& answer);
  ResponseHandle defer();
  bool complete(std::uint32_t sequence, const Answer& answer);

  [[nodiscard]] bool is_open() const { return state_ != State::closed; }
  [[nodiscard]] bool quiet() const {
    return state_ == State::open && first_owed_ == sequence_ && in_begin_ == in_end_ && unsent() == 0;
  }
  [[nodiscard]] base::MonoTime active() const { return active_; }
  [[nodiscard]] std::uint32_t slot() const { return slot_; }
  [[nodiscard]] std::uint32_t generation() const { return generation_; }
  [[nodiscard]] const Address& peer() const { return peer_; }

  bool marked = false, arrived = false;  ///< by the core

 private:
  enum class State : std::uint8_t { closed, open, lingering };
  enum class Waiting : std::uint8_t { nothing, header, body };
  /// An answer that waits for its turn.
  struct Owed {
    std::string bytes;
    bool done = false;
    bool deferred = false;
    bool head = false;
    bool close = false;
    bool gzip = false;
    bool http_1_0 = false;
  };

  bool receive();
  void parse();
  bool dispatch();
  bool decode_body();
  void refuse(int status, telemetry::HttpLimit limit);
  void wait_for_more();
  void invite_body();
  void make_room();
  void tidy_input();
  void flush();
  void send_ready();
  void linger();
  void discard();
  void update_interest();
  [[nodiscard]] bool may_parse() const;
  [[nodiscard]] std::size_t unsent() const { return out_.size() - out_sent_; }
  Owed& owed(std::uint32_t sequence) { return owed_[sequence & (owed_.size() - 1)]; }
  Owed& reserve(std::uint32_t sequence);

  HttpServer::Core& core_;
  const std::uint32_t slot_;
  std::uint32_t generation_ = 1;
  int fd_ = -1;
  State state_ = State::closed;
  Waiting waiting_ = Waiting::nothing;
  bool in_parse_ = false;
  bool more_to_read_ = false;  ///< the last read filled the buffer
  bool peer_done_ = false;  ///< has sent its last byte
  bool no_more_ = false;    ///< no further request will be taken
  bool reserved_ = false;
  bool continued_ = false;  ///< 100 Continue was sent for the request under way
  telemetry::ConnectionEvent ended_ = telemetry::ConnectionEvent::closed_done;  ///< why, once it has lingered
  std::uint32_t interest_ = 0;
  Address peer_;
  base::MonoTime active_;
  base::MonoTime request_began_;
  base::MonoTime body_began_;
  base::MonoTime write_progress_;

  std::unique_ptr<char[]> small_;
  std::unique_ptr<char[]> large_;
  char* in_;                 ///< small_ or large_
  std::size_t in_capacity_;  ///< without the padding
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  RequestParser parser_;

  std::string out_;
  std::size_t out_sent_ = 0;
  std::size_t discarded_ = 0;

  std::uint32_t sequence_ = 0;    ///< of the next request
  std::uint32_t first_owed_ = 0;  ///< equal to sequence_: nothing is owed
  std::vector<Owed> owed_;        ///< a ring; empty until the first deferral
  Owed current_;                  ///< framing of the request that is being handled
};

}  // namespace bandstand::serving::http
