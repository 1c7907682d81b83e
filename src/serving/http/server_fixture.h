// server_fixture: for tests: a server on loopback and raw peers, stepped in one thread under a clock that
// stands still.
#pragma once

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "serving/http/server.h"

namespace bandstand::serving::http {

/// Calls a function.
class FunctionHandler final : public Handler {
 public:
  using Function = std::function<void(const Request&, Response&)>;
  explicit FunctionHandler(Function function) : function(std::move(function)) {}
  void handle(const Request& request, Response& response) override { function(request, response); }
  Function function;
};

class ServerTest : public ::testing::Test {
 protected:
  /// A peer that says exactly what it is told to.
  class Raw {
   public:
    explicit Raw(ServerTest& test) : test_(test), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
      sockaddr_in name{};
      name.sin_family = AF_INET;
      name.sin_port = htons(test.server->bound().port);
      name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      ::connect(fd_, reinterpret_cast<const sockaddr*>(&name), sizeof name);
      test.pump_until([&] { return writable(); });
    }
    Raw(Raw&& other) noexcept
        : test_(other.test_), fd_(std::exchange(other.fd_, -1)), got_(std::move(other.got_)) {}
    Raw(const Raw&) = delete;
    ~Raw() { close(); }

    void close() {
      if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    void shut() const { ::shutdown(fd_, SHUT_WR); }
    [[nodiscard]] int fd() const { return fd_; }
    /// Sends all of it, letting the server run while its buffers are full.
    Raw& say(std::string_view text) {
      while (!text.empty()) {
        const ssize_t n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
        if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
        if (n <= 0 && errno != EAGAIN) break;
        test_.step();
      }
      return *this;
    }
    /// Whatever has come so far.
    const std::string& hear() {
      char buffer[65536];
      ssize_t n = 0;
      while (fd_ >= 0 && (n = ::recv(fd_, buffer, sizeof buffer, 0)) > 0)
        got_.append(buffer, static_cast<std::size_t>(n));
      if (n == 0 || (n < 0 && errno != EAGAIN)) ended_ = true;
      return got_;
    }
    /// Runs the server until `text` has come, or the connection has ended, or nothing more happens.
    std::string await(std::string_view text) {
      test_.pump_until([&] { return hear().find(text) != std::string::npos || ended_; });
      return got_;
    }
    std::string await_end() {
      test_.pump_until([&] { return hear(), ended_; });
      return ended_ ? got_ : got_ + "(still open)";
    }
    [[nodiscard]] bool ended() const { return ended_; }
    void forget() { got_.clear(); }

   private:
    [[nodiscard]] bool writable() const {
      int error = 0;
      socklen_t size = sizeof error;
      sockaddr_in name{};
      socklen_t name_size = sizeof name;
      ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
      return error == 0 && ::getpeername(fd_, reinterpret_cast<sockaddr*>(&name), &name_size) == 0;
    }
    ServerTest& test_;
    int fd_;
    std::string got_;
    bool ended_ = false;
  };

  /// Answers are compared byte by byte, so they carry a date only where that is what is tested.
  void start(ServerOptions options = {}, bool date = false) {
    options.date = date;
    server = std::make_unique<HttpServer>(loop, handler, metrics, options);
    ASSERT_TRUE(server->listen("127.0.0.1:0")) << server->listen_error();
    ASSERT_NE(server->bound().port, 0);
  }
  Raw connect() { return Raw(*this); }

  void step() { loop.poll(base::Duration{0}); }
  /// Rounds until `done`, each waiting a little for the kernel; gives up after some 10 s.
  bool pump_until(const std::function<bool()>& done) {
    for (int i = 0; i < 10'000; ++i) {
      if (done()) return true;
      loop.poll(i < 20 ? base::Duration{0} : std::chrono::milliseconds(1));
    }
    return done();
  }
  /// Lets virtual time pass in steps that the sweep notices.
  void pass(base::Duration time) {
    for (int i = 0; i < 10; ++i) {
      clock.advance(time / 10);
      step();
    }
    step();
  }

  static std::string post(std::string_view path, std::string_view body, std::string_view headers = {}) {
    return std::string("POST ").append(path).append(" HTTP/1.1\r\nHost: t\r\n").append(headers) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  }
  static std::string get(std::string_view path, std::string_view headers = {}) {
    return std::string("GET ").append(path).append(" HTTP/1.1\r\nHost: t\r\n").append(headers).append("\r\n");
  }
  std::int64_t limit(telemetry::HttpLimit which) { return metrics.http_limits.value(which); }

  base::ManualClock clock;
  EventLoop loop{clock};
  telemetry::Metrics metrics;
  std::vector<std::string> seen;  ///< "POST /path body"
  FunctionHandler handler{[this](const Request& request, Response& response) {
    seen.push_back(std::string(request.target) + " " + std::string(request.body));
    response.send(200, "text/plain", std::string(request.target) + " " + std::string(request.body));
  }};
  std::unique_ptr<HttpServer> server;
};

}  // namespace bandstand::serving::http
