// http_noop_bench: what the HTTP stack alone costs: POST of 2 KB answered 204, closed loop over loopback.
//
// Usage: http_noop_bench [--connections 64] [--pipeline 1] [--seconds 3] [--runs 3] [--body 2048]
// The server thread runs on core 0, the client thread on core 1. CPU is the server thread's own (getrusage).
#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "serving/http/client.h"
#include "serving/http/server.h"

namespace {

using namespace bandstand;  // NOLINT: a program, not a header
namespace http = serving::http;

void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(core), &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

double cpu_us() {
  rusage use{};
  getrusage(RUSAGE_THREAD, &use);
  const auto us = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  return us(use.ru_utime) + us(use.ru_stime);
}

class NoBid final : public http::Handler {
 public:
  void handle(const http::Request&, http::Response& response) override {
    ++requests;
    response.send(204);
  }
  std::uint64_t requests = 0;
};

/// Keeps every connection busy.
class ClosedLoop final : public http::ReplyHandler {
 public:
  void on_reply(const http::Reply& reply) override {
    latencies_ns.push_back(reply.latency.count());
    failures += reply.status == 204 ? 0 : 1;
    if (running) client->submit(call);
  }
  http::HttpClient* client = nullptr;
  http::Call call;
  bool running = true;
  std::uint64_t failures = 0;
  std::vector<std::int64_t> latencies_ns;
};

struct Options {
  std::size_t connections = 64;
  std::size_t pipeline = 1;
  std::size_t seconds = 3;
  std::size_t runs = 3;
  std::size_t body = 2048;
};

void run(const Options& options) {
  const base::SystemClock clock;
  std::atomic<bool> listening{false};
  http::EventLoop server_loop(clock);
  http::Address address;
  double server_cpu_us = 0;
  NoBid handler;
  std::thread server_thread([&] {
    pin(0);
    telemetry::Metrics metrics;
    http::HttpServer server(server_loop, handler, metrics);
    if (!server.listen("127.0.0.1:0")) std::abort();
    address = server.bound();
    listening.store(true, std::memory_order_release);
    const double before = cpu_us();
    server_loop.run();
    server_cpu_us = cpu_us() - before;
  });
  pin(1);
  while (!listening.load(std::memory_order_acquire)) std::this_thread::yield();

  http::EventLoop loop(clock);
  ClosedLoop load;
  load.latencies_ns.reserve(4'000'000);
  http::HttpClient client(loop, address, load,
                          {.connections = options.connections, .pipeline_max = options.pipeline});
  const std::string body(options.body, '{');
  load.client = &client;
  load.call = {.target = "/bid/bench",
               .headers = "Content-Type: application/json\r\nx-openrtb-version: 2.6\r\n",
               .body = body};
  const double client_before = cpu_us();
  const base::MonoTime start = clock.mono();
  for (std::size_t i = 0; i < options.connections * options.pipeline; ++i) client.submit(load.call);
  const base::MonoTime end = start + std::chrono::seconds(options.seconds);
  while (clock.mono() < end) loop.poll(std::chrono::milliseconds(100));
  const double seconds = static_cast<double>((clock.mono() - start).count()) * 1e-9;
  const auto answered = static_cast<double>(load.latencies_ns.size());
  const double client_cpu_us = cpu_us() - client_before;
  load.running = false;
  while (client.under_way() > 0) loop.poll(std::chrono::milliseconds(100));
  server_loop.stop();
  server_thread.join();

  std::sort(load.latencies_ns.begin(), load.latencies_ns.end());
  const auto quantile_us = [&](double q) {
    return static_cast<double>(load.latencies_ns[static_cast<std::size_t>(q * (answered - 1))]) * 1e-3;
  };
  std::printf(
      "%9.0f requests/s  server %5.2f us CPU/request  client %5.2f  p50 %5.0f us  p99 %5.0f us  failures "
      "%llu\n",
      answered / seconds, server_cpu_us / static_cast<double>(handler.requests), client_cpu_us / answered,
      quantile_us(0.5), quantile_us(0.99), static_cast<unsigned long long>(load.failures));
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::size_t value = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--connections") == 0) options.connections = value;
    if (std::strcmp(argv[i], "--pipeline") == 0) options.pipeline = value;
    if (std::strcmp(argv[i], "--seconds") == 0) options.seconds = value;
    if (std::strcmp(argv[i], "--runs") == 0) options.runs = value;
    if (std::strcmp(argv[i], "--body") == 0) options.body = value;
  }
  for (std::size_t i = 0; i < options.runs; ++i) run(options);
  return 0;
}
