// client: connections that take turns, answers in order, failures as answers with status 0.
#include "serving/http/client.h"

#include <http_parser.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <deque>
#include <vector>

#include "base/check.h"
#include "serving/http/socket_name.h"

namespace bandstand::serving::http {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr base::Duration kTick = std::chrono::milliseconds(20);
constexpr base::Duration kReconnectMax = std::chrono::seconds(1);

}  // namespace

struct HttpClient::Core {
  struct Asked {
    std::uint64_t token = 0;
    base::MonoTime due;
    base::MonoTime began;
    bool head = false;
  };
  struct Queued {
    Asked asked;
    std::string bytes;
  };
  enum class State : std::uint8_t { closed, connecting, open };

  struct Peer final : Watcher {
    explicit Peer(Core& c) : core(c) {}
    void on_ready(std::uint32_t events) override { core.ready(*this, events); }

    Core& core;
    int fd = -1;
    State state = State::closed;
    bool listed = false;  ///< in core.spare
    bool dirty = false;   ///< in core.dirty
    bool failed = false;  ///< to be dropped when the parser has returned
    std::uint32_t interest = 0;
    base::MonoTime retry_at;
    base::Duration pause{0};
    std::string out;
    std::size_t sent = 0;
    std::deque<Asked> asked;
    http_parser parser{};
    std::string body;
    std::string name;
    std::string value;
    bool in_value = false;
    std::string content_type;
    std::string content_encoding;
    std::string location;
  };

  Core(HttpClient& s, EventLoop& l, const Address& a, ReplyHandler& h, const ClientOptions& o)
      : self(s), loop(l), server(a), host(a.text()), handler(h), options(o), read_buffer(kReadBytes) {
    for (std::size_t i = 0; i < options.connections; ++i) {
      peers.push_back(std::make_unique<Peer>(*this));
      list(*peers.back());
    }
    timer = loop.on_tick(kTick, [this](base::MonoTime now) { tick(now); });
    loop.listen_rounds(self);
  }
  ~Core() {
    loop.cancel(timer);
    loop.forget_rounds(self);
    for (const auto& peer : peers) {
      if (peer->fd < 0) continue;
      loop.unwatch(peer->fd);
      ::close(peer->fd);
    }
  }

  void list(Peer& peer) {
    if (peer.listed || peer.asked.size() >= options.pipeline_max) return;
    peer.listed = true;
    spare.push_back(&peer);
  }
  void mark(Peer& peer) {
    if (peer.dirty) return;
    peer.dirty = true;
    dirty.push_back(&peer);
    if (!loop.in_round()) loop.wake();
  }

  void append(const Call& call, std::string& out) const;
  bool submit(const Call& call);
  Peer* next_spare();
  void give(Peer& peer, const Asked& asked);
  void feed_queue();
  void connect(Peer& peer);
  void ready(Peer& peer, std::uint32_t events);
  void read(Peer& peer);
  void write(Peer& peer);
  void watch_for(Peer& peer, std::uint32_t wanted);
  void drop(Peer& peer);
  void reply(const Asked& asked, int status, Peer* peer);
  void tick(base::MonoTime now);
  void round_end();
  static void header_done(Peer& peer);
  static const http_parser_settings& settings();

  HttpClient& self;
  EventLoop& loop;
  Address server;
  std::string host;
  ReplyHandler& handler;
  ClientOptions options;
  std::vector<char> read_buffer;
  std::vector<std::unique_ptr<Peer>> peers;
  std::deque<Peer*> spare;   ///< may take a request
  std::vector<Peer*> dirty;  ///< have something to write
  std::deque<Queued> queue;
  EventLoop::TimerId timer = 0;
  std::size_t under_way = 0;
  std::uint64_t connects = 0;
};

void HttpClient::Core::append(const Call& call, std::string& out) const {
  out.append(call.method)
      .append(" ")
      .append(call.target)
      .append(" HTTP/1.1\r\nHost: ")
      .append(host)
      .append("\r\n");
  out.append(call.headers);
  if (!call.body.empty() || call.method == "POST" || call.method == "PUT") {
    char text[24];
    out.append("Content-Length: ")
        .append(text, std::to_chars(text, text + sizeof text, call.body.size()).ptr)
        .append("\r\n");
  }
  out.append("\r\n").append(call.body);
}

/// The next connection in turn that can take a request now; those in a pause after a failure keep their turn.
HttpClient::Core::Peer* HttpClient::Core::next_spare() {
  const base::MonoTime now = loop.clock().mono();
  for (std::size_t i = spare.size(); i > 0; --i) {
    Peer* const peer = spare.front();
    spare.pop_front();
    if (peer->failed || (peer->state == State::closed && now < peer->retry_at)) {
      spare.push_back(peer);
      continue;
    }
    peer->listed = false;
    return peer;
  }
  return nullptr;
}

void HttpClient::Core::give(Peer& peer, const Asked& asked) {
  peer.asked.push_back(asked);
  if (peer.state == State::closed) connect(peer);
  list(peer);
  mark(peer);
}

bool HttpClient::Core::submit(const Call& call) {
  const base::MonoTime now = loop.clock().mono();
  const Asked asked{call.token, call.due.ns == 0 ? now : call.due, now, call.method == "HEAD"};
  Peer* const peer = queue.empty() ? next_spare() : nullptr;
  if (peer == nullptr) {
    if (queue.size() >= options.queue_max) return false;
    queue.push_back({asked, {}});
    append(call, queue.back().bytes);
  } else {
    append(call, peer->out);
    give(*peer, asked);
  }
  ++under_way;
  return true;
}

void HttpClient::Core::feed_queue() {
  while (!queue.empty()) {
    Peer* const peer = next_spare();
    if (peer == nullptr) return;
    peer->out += queue.front().bytes;
    const Asked asked = queue.front().asked;
    queue.pop_front();
    give(*peer, asked);
  }
}

void HttpClient::Core::connect(Peer& peer) {
  ++connects;
  const SocketName name(server);
  peer.fd = ::socket(name.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (peer.fd < 0) {
    peer.failed = true;
    return;
  }
  const int on = 1;
  ::setsockopt(peer.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const int result = ::connect(peer.fd, name.get(), name.size);
  if (result != 0 && errno != EINPROGRESS) {
    peer.failed = true;
    return;
  }
  peer.state = State::connecting;
  peer.interest = EPOLLOUT;
  loop.watch(peer.fd, peer.interest, peer);
  http_parser_init(&peer.parser, HTTP_RESPONSE);
  peer.parser.data = &peer;
}

void HttpClient::Core::watch_for(Peer& peer, std::uint32_t wanted) {
  if (peer.interest == wanted) return;
  peer.interest = wanted;
  loop.change(peer.fd, wanted, peer);
}

void HttpClient::Core::ready(Peer& peer, std::uint32_t events) {
  if (peer.state == State::connecting) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(peer.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return drop(peer);
    peer.state = State::open;
    peer.pause = base::Duration{0};
    return write(peer);
  }
  if (peer.state != State::open) return;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read(peer);
  if (peer.state == State::open && (events & EPOLLOUT) != 0) write(peer);
}

void HttpClient::Core::write(Peer& peer) {
  while (peer.sent < peer.out.size()) {
    const ssize_t n = ::send(peer.fd, peer.out.data() + peer.sent, peer.out.size() - peer.sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return watch_for(peer, EPOLLIN | EPOLLOUT);
    if (n < 0) return drop(peer);
    peer.sent += static_cast<std::size_t>(n);
  }
  peer.out.clear();
  peer.sent = 0;
  watch_for(peer, EPOLLIN);
}

void HttpClient::Core::read(Peer& peer) {
  for (;;) {
    const ssize_t n = ::recv(peer.fd, read_buffer.data(), read_buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    // Length 0 tells the parser about the end, which may be the end of a body without a length.
    const std::size_t size = n > 0 ? static_cast<std::size_t>(n) : 0;
    const std::size_t parsed = http_parser_execute(&peer.parser, &settings(), read_buffer.data(), size);
    if (n <= 0 || parsed != size || peer.failed) return drop(peer);
    if (size < read_buffer.size()) return;
  }
}

void HttpClient::Core::header_done(Peer& peer) {
  const auto is = [&](std::string_view wanted) {
    return peer.name.size() == wanted.size() &&
           strncasecmp(peer.name.data(), wanted.data(), wanted.size()) == 0;
  };
  if (is("content-type")) peer.content_type = peer.value;
  if (is("content-encoding")) peer.content_encoding = peer.value;
  if (is("location")) peer.location = peer.value;
  peer.name.clear();
  peer.value.clear();
  peer.in_value = false;
}

const http_parser_settings& HttpClient::Core::settings() {
  static const http_parser_settings kSettings = [] {
    http_parser_settings out;
    http_parser_settings_init(&out);
    out.on_message_begin = [](http_parser* parser) {
      Peer& peer = *static_cast<Peer*>(parser->data);
      peer.body.clear();
      peer.name.clear();
      peer.value.clear();
      peer.content_type.clear();
      peer.content_encoding.clear();
      peer.location.clear();
      peer.in_value = false;
      return peer.asked.empty() ? 1 : 0;  // an answer to nothing
    };
    out.on_header_field = [](http_parser* parser, const char* at, std::size_t size) {
      Peer& peer = *static_cast<Peer*>(parser->data);
      if (peer.in_value) header_done(peer);
      peer.name.append(at, size);
      return 0;
    };
    out.on_header_value = [](http_parser* parser, const char* at, std::size_t size) {
      Peer& peer = *static_cast<Peer*>(parser->data);
      peer.in_value = true;
      peer.value.append(at, size);
      return 0;
    };
    out.on_headers_complete = [](http_parser* parser) {
      Peer& peer = *static_cast<Peer*>(parser->data);
      if (peer.in_value) header_done(peer);
      return peer.asked.front().head ? 1 : 0;
    };
    out.on_body = [](http_parser* parser, const char* at, std::size_t size) {
      static_cast<Peer*>(parser->data)->body.append(at, size);
      return 0;
    };
    out.on_message_complete = [](http_parser* parser) {
      Peer& peer = *static_cast<Peer*>(parser->data);
      if (parser->status_code < 200) return 0;  // 100 Continue
      peer.failed = http_should_keep_alive(parser) == 0;
      const Asked asked = peer.asked.front();
      peer.asked.pop_front();
      if (!peer.failed) peer.core.list(peer);
      peer.core.reply(asked, parser->status_code, &peer);
      return 0;
    };
    return out;
  }();
  return kSettings;
}

void HttpClient::Core::reply(const Asked& asked, int status, Peer* peer) {
  --under_way;
  Reply out;
  out.token = asked.token;
  out.status = status;
  out.latency = loop.clock().mono() - asked.due;
  if (peer != nullptr) {
    out.body = peer->body;
    out.content_type = peer->content_type;
    out.content_encoding = peer->content_encoding;
    out.location = peer->location;
  }
  handler.on_reply(out);
}

void HttpClient::Core::drop(Peer& peer) {
  const bool had_answered = peer.state == State::open;
  if (peer.state != State::closed) loop.unwatch(peer.fd);
  if (peer.fd >= 0) ::close(peer.fd);
  peer.fd = -1;
  peer.state = State::closed;
  peer.failed = false;
  peer.out.clear();
  peer.sent = 0;
  if (!had_answered) {
    peer.pause = std::min(std::max(peer.pause * 2, options.reconnect_after), kReconnectMax);
    peer.retry_at = loop.clock().mono() + peer.pause;
  }
  const std::deque<Asked> lost = std::move(peer.asked);
  peer.asked = {};
  list(peer);
  for (const Asked& asked : lost) reply(asked, 0, nullptr);
}

void HttpClient::Core::tick(base::MonoTime now) {
  for (const auto& peer : peers) {
    if (!peer->asked.empty() && now - peer->asked.front().began > options.timeout) drop(*peer);
  }
  while (!queue.empty() && now - queue.front().asked.began > options.timeout) {
    const Asked asked = queue.front().asked;
    queue.pop_front();
    reply(asked, 0, nullptr);
  }
}

void HttpClient::Core::round_end() {
  feed_queue();
  for (std::size_t i = 0; i < dirty.size(); ++i) {
    Peer& peer = *dirty[i];
    peer.dirty = false;
    if (peer.failed) {
      drop(peer);
    } else if (peer.state == State::open && (peer.interest & EPOLLOUT) == 0) {
      write(peer);
    }
  }
  dirty.clear();
}

HttpClient::HttpClient(EventLoop& loop, const Address& server, ReplyHandler& handler, ClientOptions options)
    : core_(std::make_unique<Core>(*this, loop, server, handler, options)) {}
HttpClient::~HttpClient() = default;
bool HttpClient::submit(const Call& call) { return core_->submit(call); }
std::size_t HttpClient::under_way() const { return core_->under_way; }
std::size_t HttpClient::waiting() const { return core_->queue.size(); }
std::uint64_t HttpClient::connects() const { return core_->connects; }
void HttpClient::on_round_end() { core_->round_end(); }

}  // namespace bandstand::serving::http
