// server: the listener, the table of connections, and how an answer looks on the wire.
#include "serving/http/server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <span>

#include "base/check.h"
#include "serving/http/server_core.h"
#include "serving/http/socket_name.h"

namespace bandstand::serving::http {
namespace {

using telemetry::ConnectionEvent;
using telemetry::HttpLimit;

constexpr base::Duration kTick = std::chrono::milliseconds(50);
constexpr std::size_t kLargeBuffersKept = 16;
constexpr std::size_t kAcceptsPerRound = 256;
constexpr std::size_t kGroup = 8;  ///< most of what warm caches give, little of what waiting costs

const char* explain(int error) {
  switch (error) {
    case EADDRINUSE:
      return "address already in use";
    case EADDRNOTAVAIL:
      return "no such address on this machine";
    case EACCES:
      return "no permission to bind (ports below 1024 need it)";
    default:
      return std::strerror(error);
  }
}

/// A stream socket bound to `name`, or -1 with errno. Accepted sockets inherit its TCP_NODELAY.
int bound_socket(const SocketName& name, bool reuse_port) {
  const int fd = ::socket(name.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  const int off = 0;  // [::] takes IPv4 too, mapped
  const bool v6 = name.family() == AF_INET6;
  const bool ok = (!v6 || ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0) &&
                  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                  (!reuse_port || ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0) &&
                  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
                  ::bind(fd, name.get(), name.size) == 0;
  if (ok) return fd;
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

/// Whom a limit by address means: an IPv4 address, or the /64 that one IPv6 subscriber owns.
std::array<std::uint8_t, 16> limited_by(const Address& peer) {
  std::array<std::uint8_t, 16> key = peer.ip;
  if (!peer.is_v4()) std::fill(key.begin() + 8, key.end(), std::uint8_t{0});
  return key;
}

bool printable(std::string_view text) {
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) return false;
  }
  return true;
}

void append_number(std::size_t n, std::string& out) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof text, n).ptr);
}

/// "Date: Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate, RFC 9110, 5.6.7), by no locale.
void append_date(std::chrono::sys_seconds now, std::string& out) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(now - day);
  char text[64];
  const int size =
      std::snprintf(text, sizeof text, "Date: %s, %02u %s %04d %02d:%02d:%02d GMT\r\n",
                    kDays[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
                    kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                    static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                    static_cast<int>(time.seconds().count()));
  out.append(text, static_cast<std::size_t>(size));
}

telemetry::StatusClass class_of(int status) {
  const int hundred = status / 100;
  return static_cast<telemetry::StatusClass>(hundred >= 1 && hundred <= 5 ? hundred - 1 : 4);
}

}  // namespace

HttpServer::Core::Core(HttpServer& s, EventLoop& l, Handler& h, telemetry::Metrics& m, const ServerOptions& o,
                       std::uint64_t seed)
    : server(s),
      loop(l),
      handler(h),
      metrics(m),
      options(o),
      large_bytes(o.body_bytes_max + o.header_bytes_max + o.target_bytes_max + 4096),
      inflater({o.inflated_bytes_max, o.inflate_ratio_max, o.inflate_floor_bytes}),
      by_address(64, AddressHash{seed}) {
  refresh_date();
  timer = loop.on_tick(kTick, [this](base::MonoTime now) { tick(now); });
  loop.listen_rounds(server);
}

HttpServer::Core::~Core() {
  loop.cancel(timer);
  loop.forget_rounds(server);
  stop_listening();
  for (const auto& connection : slots) connection->close(ConnectionEvent::closed_drained);
}

base::Result<std::monostate> HttpServer::Core::listen(const std::string& text) {
  const auto address = Address::parse(text);
  if (!address) {
    listen_error = "not an address (want HOST:PORT with a numeric host): " + text;
    return base::fail(base::Code::invalid_input, "not an address");
  }
  SocketName name(*address);
  const int fd = bound_socket(name, options.reuse_port);
  if (fd < 0 || ::listen(fd, options.backlog) != 0 || ::getsockname(fd, name.get(), &name.size) != 0) {
    listen_error = std::string(explain(errno)) + ": " + address->text();
    if (fd >= 0) ::close(fd);
    return base::fail(base::Code::unavailable, "cannot listen");
  }
  bound = name.address();
  listener = fd;
  loop.watch(listener, EPOLLIN, *this);
  return std::monostate{};
}

void HttpServer::Core::stop_listening() {
  if (listener < 0) return;
  loop.unwatch(listener);
  ::close(listener);
  listener = -1;
}

void HttpServer::Core::on_ready(std::uint32_t) { accept_all(); }

void HttpServer::Core::accept_all() {
  for (std::size_t i = 0; i < kAcceptsPerRound && listener >= 0 && !accepting_paused; ++i) {
    SocketName name;
    const int fd = ::accept4(listener, name.get(), &name.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      if (!admit(fd, name.address())) ::close(fd);
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return pause_accepting();
    if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    // What else accept() reports concerns a connection that is gone already.
  }
}

/// Out of descriptors: the kernel's queue holds the peers until the next tick, instead of us spinning on
/// them.
void HttpServer::Core::pause_accepting() {
  metrics.http_limits.add(HttpLimit::descriptors);
  accepting_paused = true;
  loop.change(listener, 0, *this);
}

bool HttpServer::Core::admit(int fd, const Address& peer) {
  const bool reserved = open >= options.connections_max;
  if (reserved) count_limit(HttpLimit::connections);
  if (open >= options.connections_max + options.connections_reserved) {
    metrics.http_connection_events.add(ConnectionEvent::refused);
    return false;
  }
  std::size_t& of_address = by_address[limited_by(peer)];
  if (of_address >= options.connections_per_address_max) {
    count_limit(HttpLimit::address);
    metrics.http_connection_events.add(ConnectionEvent::refused);
    return false;
  }
  ++of_address;
  if (free_slots.empty()) {
    free_slots.push_back(static_cast<std::uint32_t>(slots.size()));
    slots.push_back(std::make_unique<Connection>(*this, free_slots.back()));
  }
  const std::uint32_t slot = free_slots.back();
  free_slots.pop_back();
  metrics.http_connections.set(static_cast<std::int64_t>(++open));
  metrics.http_connection_events.add(ConnectionEvent::accepted);
  slots[slot]->open(fd, peer, reserved);
  return true;
}

void HttpServer::Core::release(Connection& connection) {
  const auto found = by_address.find(limited_by(connection.peer()));
  if (found != by_address.end() && --found->second == 0) by_address.erase(found);
  metrics.http_connections.set(static_cast<std::int64_t>(--open));
  released.push_back(connection.slot());
}

Connection* HttpServer::Core::find(ResponseHandle handle) {
  if (!handle.valid() || handle.connection >= slots.size()) return nullptr;
  Connection& connection = *slots[handle.connection];
  return connection.is_open() && connection.generation() == handle.generation ? &connection : nullptr;
}

void HttpServer::Core::arrive(Connection& connection) {
  if (connection.arrived) return;
  connection.arrived = true;
  arrived.push_back(&connection);
}

void HttpServer::Core::mark(Connection& connection) {
  if (connection.marked) return;
  connection.marked = true;
  marked.push_back(&connection);
  if (!loop.in_round()) loop.wake();
}

/// By groups: a group's requests are decided, then its answers are sent, while its peers can work on them.
void HttpServer::Core::round_end() {
  for (std::size_t from = 0; from < arrived.size(); from += kGroup) {
    const auto group = std::span(arrived).subspan(from, std::min(kGroup, arrived.size() - from));
    for (Connection* connection : group) {
      connection->arrived = false;
      if (connection->is_open()) connection->work();
    }
    for (Connection* connection : group) {
      if (connection->is_open()) connection->settle();
    }
  }
  arrived.clear();
  for (std::size_t i = 0; i < marked.size(); ++i) {  // settling may mark others
    Connection& connection = *marked[i];
    connection.marked = false;
    if (connection.is_open()) connection.settle();
  }
  marked.clear();
  free_slots.insert(free_slots.end(), released.begin(), released.end());
  released.clear();
}

void HttpServer::Core::refresh_date() {
  const auto now = std::chrono::floor<std::chrono::seconds>(
      std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::nanoseconds(loop.clock().wall().ns)));
  const std::int64_t second = now.time_since_epoch().count();
  if (second == date_second) return;
  date_second = second;
  date.clear();
  if (options.date) append_date(now, date);
  no_content = "HTTP/1.1 204 No Content\r\n" + date + "\r\n";
  bad_request = "HTTP/1.1 400 Bad Request\r\n" + date + "Content-Length: 0\r\n\r\n";
}

void HttpServer::Core::tick(base::MonoTime now) {
  refresh_date();
  if (accepting_paused && listener >= 0) {
    accepting_paused = false;
    loop.change(listener, EPOLLIN, *this);
  }
  if (open == 0) return;
  for (const auto& connection : slots) {
    if (!connection->is_open()) continue;
    connection->check_time(now);
    if (!draining || !connection->is_open()) continue;
    const bool silent = connection->quiet() && now - connection->active() >= options.drain_idle;
    if (now >= drain_deadline || silent) connection->close(ConnectionEvent::closed_drained);
  }
}

std::unique_ptr<char[]> HttpServer::Core::take_large_buffer() {
  if (large_buffers.empty()) return std::make_unique<char[]>(large_bytes + kBodyPaddingBytes);
  auto buffer = std::move(large_buffers.back());
  large_buffers.pop_back();
  return buffer;
}

void HttpServer::Core::give_large_buffer(std::unique_ptr<char[]> buffer) {
  if (large_buffers.size() < kLargeBuffersKept) large_buffers.push_back(std::move(buffer));
}

void HttpServer::Core::serialise(const Answer& answer, Framing framing, std::string& out) {
  metrics.http_responses.add(class_of(answer.status));
  const bool bodyless = answer.status == 204 || answer.status == 304;
  const bool plain = !framing.close && !framing.http_1_0 && answer.body.empty() && answer.headers.empty() &&
                     answer.content_type.empty();
  if (plain && answer.status == 204) {
    out += no_content;
    return;
  }
  if (plain && answer.status == 400) {
    out += bad_request;
    return;
  }
  std::string_view body = answer.body;
  bool gzipped = false;
  if (framing.gzip && !framing.head && !bodyless && body.size() >= options.deflate_bytes_min) {
    const std::string_view small = deflater.deflate(body);
    gzipped = !small.empty() && small.size() < body.size();
    if (gzipped) body = small;
  }
  out += "HTTP/1.1 ";
  append_number(static_cast<std::size_t>(answer.status), out);
  out.append(" ").append(reason_phrase(answer.status)).append("\r\n").append(date);
  if (!answer.content_type.empty() && printable(answer.content_type)) {
    out.append("Content-Type: ").append(answer.content_type).append("\r\n");
  }
  for (const HeaderField& field : answer.headers) {
    if (!printable(field.name) || !printable(field.value)) {
      count_limit(HttpLimit::framing);
      continue;
    }
    out.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  if (gzipped) out += "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n";
  if (!bodyless) {
    out += "Content-Length: ";
    append_number(body.size(), out);
    out += "\r\n";
  }
  if (framing.close) {
    out += "Connection: close\r\n";
  } else if (framing.http_1_0) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  if (!bodyless && !framing.head) out += body;
}

HttpServer::HttpServer(EventLoop& loop, Handler& handler, telemetry::Metrics& metrics, ServerOptions options,
                       std::uint64_t seed)
    : core_(std::make_unique<Core>(*this, loop, handler, metrics, options, seed)) {}

HttpServer::~HttpServer() = default;

base::Result<std::monostate> HttpServer::listen(const std::string& address) {
  BANDSTAND_CHECK(core_->listener < 0);
  return core_->listen(address);
}
base::Result<std::monostate> HttpServer::check_free(const std::string& text, std::string& error) {
  const auto address = Address::parse(text);
  if (!address) return std::monostate{};  // listen() will say it
  const int fd = bound_socket(SocketName(*address), false);
  if (fd < 0) {
    error = std::string(explain(errno)) + ": " + address->text();
    return base::fail(base::Code::unavailable, "cannot listen");
  }
  ::close(fd);
  return std::monostate{};
}
const std::string& HttpServer::listen_error() const { return core_->listen_error; }
const Address& HttpServer::bound() const { return core_->bound; }

bool HttpServer::complete(ResponseHandle handle, const Answer& answer) {
  Connection* connection = core_->find(handle);
  if (connection == nullptr) {
    core_->metrics.http_orphans.add();
    return false;
  }
  return connection->complete(handle.sequence, answer);
}

void HttpServer::drain(base::MonoTime deadline) {
  if (core_->draining) return;
  core_->accept_all();  // who has been let in by the kernel is served
  core_->stop_listening();
  core_->draining = true;
  core_->drain_deadline = deadline;
  for (const auto& connection : core_->slots) connection->begin_drain();
}

bool HttpServer::draining() const { return core_->draining; }
std::size_t HttpServer::connections() const { return core_->open; }
std::size_t HttpServer::answers_owed() const { return core_->owed; }
void HttpServer::on_round_end() { core_->round_end(); }

void Response::send(const Answer& answer) {
  BANDSTAND_CHECK(!answered_);
  answered_ = true;
  connection_.answer(answer);
}

ResponseHandle Response::defer() {
  BANDSTAND_CHECK(!answered_);
  answered_ = true;
  return connection_.defer();
}

}  // namespace bandstand::serving::http
