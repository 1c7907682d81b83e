// connection: reads, parses, keeps answers in order, writes once.
#include "serving/http/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "serving/http/server_core.h"

namespace bandstand::serving::http {
namespace {

using telemetry::ConnectionEvent;
using telemetry::HttpLimit;

constexpr std::size_t kSmallBytes = 8 * 1024;
constexpr int kReadsPerRound = 4;  ///< then others have their turn
constexpr base::Duration kLinger = std::chrono::seconds(1);
constexpr std::size_t kDiscardMax = 4u << 20;
constexpr std::size_t kKeepOutputBytes = 64 * 1024;

ParserLimits limits_of(const ServerOptions& options) {
  return {options.body_bytes_max, options.header_bytes_max, options.target_bytes_max};
}

}  // namespace

Connection::Connection(HttpServer::Core& core, std::uint32_t slot)
    : core_(core),
      slot_(slot),
      small_(std::make_unique<char[]>(kSmallBytes + kBodyPaddingBytes)),
      in_(small_.get()),
      in_capacity_(kSmallBytes),
      parser_(limits_of(core.options)) {}

Connection::~Connection() {
  if (fd_ >= 0) ::close(fd_);
}

void Connection::open(int fd, const Address& peer, bool reserved) {
  reserved_ = reserved;
  fd_ = fd;
  peer_ = peer;
  state_ = State::open;
  waiting_ = Waiting::nothing;
  peer_done_ = no_more_ = continued_ = in_parse_ = false;
  in_begin_ = in_end_ = out_sent_ = discarded_ = 0;
  out_.clear();
  sequence_ = first_owed_ = 0;
  ended_ = ConnectionEvent::closed_done;
  parser_.next();
  active_ = core_.loop.now();
  interest_ = EPOLLIN;
  core_.loop.watch(fd_, interest_, *this);
}

void Connection::close(ConnectionEvent why) {
  if (state_ == State::closed) return;
  for (; first_owed_ != sequence_; ++first_owed_) {
    Owed& slot = owed(first_owed_);
    if (slot.deferred && !slot.done) --core_.owed;
    slot.bytes.clear();
  }
  state_ = State::closed;
  core_.loop.unwatch(fd_);
  ::close(fd_);
  fd_ = -1;
  if (large_) {
    core_.give_large_buffer(std::move(large_));
    in_ = small_.get();
    in_capacity_ = kSmallBytes;
  }
  core_.metrics.http_connection_events.add(why);
  ++generation_;
  if (generation_ == 0) generation_ = 1;
  core_.release(*this);
}

/// Only takes the bytes in. What is made of them waits until all that is ready has been read: the code of a decision is larger
/// than a first-level cache, and a system call between two requests drives it out.
void Connection::on_ready(std::uint32_t events) {
  if (state_ == State::closed) return;
  if (state_ == State::lingering) return discard();
  more_to_read_ = (events & EPOLLIN) != 0 && !peer_done_ && may_parse() && receive();
  if (state_ == State::closed) return;
  core_.arrive(*this);
  if ((events & (EPOLLERR | EPOLLHUP)) == 0) return;
  work();
  if (state_ != State::closed) close(ConnectionEvent::failed);
}

void Connection::work() {
  parse();
  for (int i = 1; i < kReadsPerRound && more_to_read_ && may_parse(); ++i) {
    more_to_read_ = receive();
    parse();
  }
  more_to_read_ = false;
}

/// One read. True if there may be more.
bool Connection::receive() {
  make_room();
  const std::size_t room = in_capacity_ - in_end_;
  if (room == 0) return false;
  ssize_t n = 0;
  do {
    n = ::recv(fd_, in_ + in_end_, room, 0);
  } while (n < 0 && errno == EINTR);
  if (n < 0) {
    if (errno != EAGAIN && errno != EWOULDBLOCK) close(ConnectionEvent::failed);
    return false;
  }
  if (n == 0) {
    peer_done_ = true;
    return false;
  }
  core_.metrics.http_received.add_n(n);
  in_end_ += static_cast<std::size_t>(n);
  return static_cast<std::size_t>(n) == room;
}

/// Room for more of the request under way: by moving it to the front, then by a large buffer.
void Connection::make_room() {
  if (in_end_ < in_capacity_) return;
  tidy_input();
  if (in_end_ < in_capacity_ || large_) return;
  large_ = core_.take_large_buffer();
  std::memcpy(large_.get(), in_, in_end_);
  in_ = large_.get();
  in_capacity_ = core_.large_bytes;
}

/// Moves what is left to the front, and gives a large buffer back if it is not needed.
void Connection::tidy_input() {
  const std::size_t left = in_end_ - in_begin_;
  if (large_ && left <= kSmallBytes / 2) {
    std::memcpy(small_.get(), in_ + in_begin_, left);
    core_.give_large_buffer(std::move(large_));
    in_ = small_.get();
    in_capacity_ = kSmallBytes;
  } else if (in_begin_ > 0 && left > 0) {
    std::memmove(in_, in_ + in_begin_, left);
  }
  in_begin_ = 0;
  in_end_ = left;
}

bool Connection::may_parse() const {
  return state_ == State::open && !no_more_ && sequence_ - first_owed_ < core_.options.pipeline_max &&
         unsent() <= core_.options.output_bytes_max;
}

void Connection::parse() {
  BANDSTAND_CHECK(!in_parse_);
  in_parse_ = true;
  while (may_parse() && in_begin_ < in_end_) {
    std::size_t size = in_end_ - in_begin_;
    const RequestParser::Progress progress = parser_.parse(in_ + in_begin_, size);
    if (progress == RequestParser::Progress::failed) {
      refuse(parser_.status(), parser_.limit());
      break;
    }
    if (progress == RequestParser::Progress::incomplete) {
      in_end_ = in_begin_ + size;
      wait_for_more();
      break;
    }
    if (!dispatch()) break;
  }
  in_parse_ = false;
  if (state_ == State::open && !no_more_ && in_begin_ == in_end_) tidy_input();
}

/// Starts the clock of what the request under way still lacks, and lets it come if it asks first.
void Connection::wait_for_more() {
  if (!parser_.head_done()) {
    if (waiting_ == Waiting::nothing) request_began_ = core_.loop.now();
    waiting_ = Waiting::header;
    return;
  }
  if (waiting_ != Waiting::body) body_began_ = core_.loop.now();
  waiting_ = Waiting::body;
  invite_body();
}

/// Lets a body come whose sender asks first. Only when nothing is owed: an interim answer must not overtake final
/// ones.
void Connection::invite_body() {
  if (waiting_ != Waiting::body || !parser_.expects_continue() || continued_ || first_owed_ != sequence_) return;
  out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  continued_ = true;
  body_began_ = core_.loop.now();  // what it waited until now was ours
}

bool Connection::decode_body() {
  Request& request = core_.request;
  const std::string_view encoding = request.header(Header::content_encoding);
  if (encoding.empty() || encoding == "identity") return true;
  if (encoding != "gzip" && encoding != "x-gzip") {
    answer(Answer{415, {}, {}, {}});
    return false;
  }
  const auto inflated = core_.inflater.inflate(request.body);
  if (!inflated) {
    if (inflated.error().code == base::Code::exhausted) core_.count_limit(HttpLimit::inflate);
    answer(Answer{400, {}, {}, {}});
    return false;
  }
  request.body = *inflated;
  return true;
}

/// Hands a whole request to the handler. False if the connection has closed under it.
bool Connection::dispatch() {
  Request& request = core_.request;
  parser_.describe(in_ + in_begin_, request);
  request.peer = peer_;
  request.reserved = reserved_;
  request.received = core_.loop.now();
  request.backlog = core_.loop.backlog();
  const bool last_bytes = in_begin_ + parser_.consumed() == in_end_;
  current_.head = request.method == Method::head;
  current_.close = !request.keep_alive || reserved_ || (core_.draining && last_bytes);
  current_.gzip =
      core_.options.deflate_bytes_min != 0 && accepts_gzip(request.header(Header::accept_encoding));
  current_.http_1_0 = !parser_.http_1_1();
  no_more_ = current_.close;
  ++sequence_;
  const bool behind = first_owed_ + 1 != sequence_;
  if (behind) {
    Owed& slot = reserve(sequence_ - 1);
    slot.deferred = false;
  }
  if (decode_body()) {
    Response response(core_.server, *this);
    core_.handler.handle(request, response);
    if (state_ != State::open) return false;
    if (!response.answered()) answer(Answer{500, {}, {}, {}});
  }
  in_begin_ += parser_.consumed();
  parser_.next();
  waiting_ = Waiting::nothing;
  continued_ = false;
  active_ = core_.loop.now();
  return true;
}

Connection::Owed& Connection::reserve(std::uint32_t sequence) {
  if (owed_.empty()) owed_.resize(std::bit_ceil(core_.options.pipeline_max + 1));
  Owed& slot = owed(sequence);
  slot.bytes.clear();
  slot.done = false;
  slot.head = current_.head;
  slot.close = current_.close;
  slot.gzip = current_.gzip;
  slot.http_1_0 = current_.http_1_0;
  return slot;
}

void Connection::answer(const Answer& answer) {
  const HttpServer::Core::Framing framing{current_.head, current_.close, current_.gzip, current_.http_1_0};
  if (first_owed_ + 1 == sequence_) {  // its turn
    core_.serialise(answer, framing, out_);
    first_owed_ = sequence_;
    return;
  }
  Owed& slot = owed(sequence_ - 1);
  core_.serialise(answer, framing, slot.bytes);
  slot.done = true;
}

ResponseHandle Connection::defer() {
  Owed& slot = reserve(sequence_ - 1);
  slot.deferred = true;
  ++core_.owed;
  return {slot_, generation_, sequence_ - 1};
}

bool Connection::complete(std::uint32_t sequence, const Answer& answer) {
  if (sequence - first_owed_ >= sequence_ - first_owed_) return false;  // not among those owed
  Owed& slot = owed(sequence);
  if (!slot.deferred || slot.done) return false;
  core_.serialise(answer, {slot.head, slot.close, slot.gzip, slot.http_1_0}, slot.bytes);
  slot.done = true;
  --core_.owed;
  core_.mark(*this);
  return true;
}

/// Moves answers whose turn has come to the output.
void Connection::send_ready() {
  while (first_owed_ != sequence_ && !owed_.empty()) {
    Owed& slot = owed(first_owed_);
    if (!slot.done) return;
    out_ += slot.bytes;
    slot.bytes.clear();
    if (slot.bytes.capacity() > kKeepOutputBytes) std::string().swap(slot.bytes);
    slot.done = false;
    ++first_owed_;
  }
}

void Connection::settle() {
  for (;;) {
    send_ready();
    invite_body();
    flush();
    if (state_ != State::open) return;
    // What the answers made room for may be waiting in our buffer.
    if (!may_parse() || in_begin_ == in_end_ || waiting_ != Waiting::nothing) break;
    parse();
    if (state_ != State::open) return;
  }
  const bool all_sent = first_owed_ == sequence_ && unsent() == 0;
  if (all_sent && no_more_) return linger();
  if (all_sent && peer_done_) return close(ConnectionEvent::closed_by_peer);
  update_interest();
}

void Connection::flush() {
  while (unsent() > 0) {
    const ssize_t n = ::send(fd_, out_.data() + out_sent_, unsent(), MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return close(ConnectionEvent::failed);
      if (out_sent_ > kKeepOutputBytes) {
        out_.erase(0, out_sent_);
        out_sent_ = 0;
      }
      return;
    }
    core_.metrics.http_sent.add_n(n);
    out_sent_ += static_cast<std::size_t>(n);
    active_ = write_progress_ = core_.loop.now();
  }
  out_.clear();
  out_sent_ = 0;
  if (out_.capacity() > 4 * kKeepOutputBytes) std::string().swap(out_);
}

void Connection::update_interest() {
  std::uint32_t wanted = 0;
  if (!peer_done_ && may_parse()) wanted |= EPOLLIN;
  if (unsent() > 0) {
    if ((interest_ & EPOLLOUT) == 0) write_progress_ = core_.loop.now();
    wanted |= EPOLLOUT;
  }
  if (wanted == interest_) return;
  if ((wanted & EPOLLIN) == 0 && !peer_done_ && !no_more_) {
    core_.count_limit(unsent() > core_.options.output_bytes_max ? HttpLimit::output : HttpLimit::pipeline);
  }
  interest_ = wanted;
  core_.loop.change(fd_, interest_, *this);
}

/// Answers what cannot be read as a request, after the answers owed, and ends the connection.
void Connection::refuse(int status, HttpLimit limit) {
  core_.count_limit(limit);
  ended_ = ConnectionEvent::closed_malformed;
  current_ = {};
  current_.close = true;
  no_more_ = true;
  ++sequence_;
  if (first_owed_ + 1 != sequence_) reserve(sequence_ - 1).deferred = false;
  answer(Answer{status, {}, {}, {}});
  in_begin_ = in_end_;
}

/// Half-closes and reads on for a while, because closing on unread bytes would take the answer back (TCP
/// reset).
void Connection::linger() {
  state_ = State::lingering;
  active_ = core_.loop.now();
  ::shutdown(fd_, SHUT_WR);
  if (peer_done_) return close(ended_);
  if (interest_ != EPOLLIN) core_.loop.change(fd_, interest_ = EPOLLIN, *this);
  discard();
}

void Connection::discard() {
  for (int i = 0; i < kReadsPerRound; ++i) {
    const ssize_t n = ::recv(fd_, in_, in_capacity_, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (n <= 0) return close(ended_);
    discarded_ += static_cast<std::size_t>(n);
    if (discarded_ > kDiscardMax) return close(ConnectionEvent::closed_limit);
  }
}

void Connection::begin_drain() {
  if (state_ != State::open || first_owed_ == sequence_ || in_begin_ != in_end_) return;
  Owed& last = owed(sequence_ - 1);
  if (last.done) return;
  last.close = true;
  no_more_ = true;
  core_.mark(*this);
}

void Connection::check_time(base::MonoTime now) {
  const ServerOptions& options = core_.options;
  if (state_ == State::closed || arrived) return;  // what has just come is looked at first
  if (state_ == State::lingering) {
    if (now - active_ >= kLinger) close(ended_);
    return;
  }
  if (unsent() > 0) {
    if (now - write_progress_ < options.write_timeout) return;
    core_.count_limit(HttpLimit::write_time);
    return close(ConnectionEvent::closed_slow);
  }
  if (first_owed_ != sequence_) return;  // the delay is ours
  if (waiting_ == Waiting::header && now - request_began_ >= options.header_timeout) {
    refuse(408, HttpLimit::header_time);
    return core_.mark(*this);
  }
  if (waiting_ == Waiting::body && now - body_began_ >= options.body_timeout) {
    refuse(408, HttpLimit::body_time);
    return core_.mark(*this);
  }
  if (waiting_ == Waiting::nothing && now - active_ >= options.idle_timeout)
    close(ConnectionEvent::closed_idle);
}

}  // namespace bandstand::serving::http
