// ask: a loop for one request.
#include "serving/http/ask.h"

#include "serving/http/client.h"

namespace bandstand::serving::http {
namespace {

struct Catcher final : ReplyHandler {
  void on_reply(const Reply& reply) override {
    asked = {reply.status, std::string(reply.body), std::string(reply.location), std::string(reply.content_type)};
    done = true;
  }
  Asked asked;
  bool done = false;
};

}  // namespace

base::Result<Asked> ask(std::string_view address, std::string_view method, std::string_view target, std::string_view body,
                        std::string_view headers, base::Duration timeout) {
  const auto server = Address::parse(address);
  if (!server) return base::fail(base::Code::invalid_input, "not an address: HOST:PORT with a numeric host");
  const base::SystemClock clock;
  Catcher catcher;
  EventLoop loop(clock);
  HttpClient client(loop, *server, catcher, {.timeout = timeout});
  client.submit({.method = method, .target = target, .headers = headers, .body = body});
  const base::MonoTime until = clock.mono() + timeout;
  while (!catcher.done && clock.mono() < until) loop.poll(std::chrono::milliseconds(10));
  return catcher.asked;
}

}  // namespace bandstand::serving::http
