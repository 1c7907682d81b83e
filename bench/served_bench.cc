// served_bench: decisions a second on one core, next to a no-op POST and a parse-and-echo POST on the same stack.
//
// Rates need cores of their own; with two cores the client, the control thread and whatever else runs share one. So each kind
// of request is also weighed by the CPU time of the thread that serves it, which neighbours stretch but little.
#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <thread>

#include "app/play.h"
#include "app/serve.h"
#include "app/simulate.h"
#include "base/check.h"
#include "bench/figures.h"
#include "bench/learned_models.h"
#include "protocol/catalogue/catalogue_reader.h"
#include "protocol/openrtb/request_parser.h"
#include "serving/http/ask.h"
#include "serving/http/client.h"
#include "serving/http/server.h"
#include "simulation/demo_catalogue.h"

namespace bandstand::bench {
namespace {

void pin(unsigned core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

/// CPU time so far of this process's threads of a name.
double cpu_seconds(std::string_view name) {
  double ns = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string comm;
    std::getline(std::ifstream(task.path() / "comm"), comm);
    double spent = 0;
    std::ifstream(task.path() / "schedstat") >> spent;
    if (comm == name) ns += spent;
  }
  return ns / 1e9;
}

class Collector final : public simulation::Transport {
 public:
  bool bid(const simulation::BidCall& call, simulation::AnswerHandler& handler) override {
    bodies.emplace_back(call.body);
    handler.on_answer({call.ticket, 204, {}, base::Duration{0}});
    return true;
  }
  bool get(const simulation::GetCall&, simulation::AnswerHandler&) override { return false; }
  std::vector<std::string> bodies;
};

/// Keeps `connections` requests under way, or sends at a rate; counts and times the answers.
class Load final : public serving::http::ReplyHandler {
 public:
  Load(const std::string& address, const std::vector<std::string>& bodies, std::string target,
       std::size_t connections)
      : bodies_(bodies),
        target_(std::move(target)),
        loop_(clock_),
        client_(loop_, *serving::http::Address::parse(address), *this,
                {.connections = connections, .pipeline_max = 1}),
        connections_(connections) {}

  void on_reply(const serving::http::Reply& reply) override {
    if (reply.status == 0) ++failed;
    if (reply.status == 200) ++with_body;
    ++answered;
    latencies.push_back(std::chrono::duration<double, std::micro>(reply.latency).count());
    if (closed_loop_ && running_) submit({});
  }

  /// Closed loop. `thread` serves; `also` works for it.
  struct Run {
    double per_second, cpu_us, also_cpu_us;  ///< CPU time a request
  };
  Run run_closed(double seconds, std::string_view thread, std::string_view also = {}) {
    closed_loop_ = running_ = true;
    for (std::size_t i = 0; i < connections_; ++i) submit({});
    pump(seconds / 3);
    reset();
    const auto start = clock_.mono();
    const double cpu = cpu_seconds(thread);
    const double also_cpu = cpu_seconds(also);
    pump(seconds);
    const double took = std::chrono::duration<double>(clock_.mono() - start).count();
    const auto count = static_cast<double>(std::max<std::uint64_t>(1, answered));
    const Run run{count / took, 1e6 * (cpu_seconds(thread) - cpu) / count, 1e6 * (cpu_seconds(also) - also_cpu) / count};
    running_ = false;
    pump(0.2);
    return run;
  }

  /// Open loop with exponential gaps; latency counts from when a request should have left.
  void run_open(double per_second, double seconds, std::uint64_t seed) {
    closed_loop_ = false;
    base::Rng rng(seed);
    reset();
    const base::MonoTime start = clock_.mono();
    base::MonoTime due = start;
    while (clock_.mono() - start < std::chrono::duration<double>(seconds)) {
      while (due <= clock_.mono()) {
        submit(due);
        due = due + base::Duration(static_cast<std::int64_t>(rng.exponential() * 1e9 / per_second));
      }
      loop_.poll(base::Duration{0});
    }
    for (int i = 0; i < 1'000 && client_.under_way() > 0; ++i) loop_.poll(std::chrono::milliseconds(1));
  }

  [[nodiscard]] double quantile_ms(double q) {
    std::sort(latencies.begin(), latencies.end());
    return latencies.empty()
               ? 0
               : latencies[static_cast<std::size_t>(q * static_cast<double>(latencies.size() - 1))] / 1e3;
  }

  std::uint64_t answered = 0, failed = 0, with_body = 0;
  std::vector<double> latencies;

 private:
  void submit(base::MonoTime due) {
    serving::http::Call call;
    call.target = target_;
    call.headers = "Content-Type: application/json\r\n";
    call.body = bodies_[next_++ % bodies_.size()];
    call.due = due;
    client_.submit(call);
  }
  void pump(double seconds) {
    const auto until =
        clock_.mono() + std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(seconds));
    while (clock_.mono() < until) loop_.poll(std::chrono::milliseconds(1));
  }
  void reset() {
    answered = failed = with_body = 0;
    latencies.clear();
    latencies.reserve(1u << 20);
  }

  const std::vector<std::string>& bodies_;
  std::string target_;
  base::SystemClock clock_;
  serving::http::EventLoop loop_;
  serving::http::HttpClient client_;
  std::size_t connections_;
  std::size_t next_ = 0;
  bool closed_loop_ = false, running_ = false;
};

/// The two baselines on the same HTTP stack: answer 204 at once; parse the request and answer 600 bytes.
class Baseline final : public serving::http::Handler {
 public:
  void handle(const serving::http::Request& request, serving::http::Response& response) override {
    if (request.path == "/noop") return response.send(204);
    arena_.reset();
    parser_.parse(request.body, arena_, parsed_);
    response.send(200, "application/json", echo_);
  }

 private:
  base::Arena arena_;
  protocol::openrtb::RequestParser parser_;
  protocol::openrtb::ParsedRequest parsed_;
  std::string echo_ = std::string(600, 'x');
};

struct BaselineServer {
  BaselineServer() : loop(clock), http(loop, handler, metrics) {
    BANDSTAND_CHECK(http.listen("127.0.0.1:0").has_value());
    thread = std::thread([this] {
      pthread_setname_np(pthread_self(), "baseline");
      pin(0);
      loop.run();
    });
  }
  ~BaselineServer() {
    loop.stop();
    loop.wake();
    thread.join();
  }
  base::SystemClock clock;
  telemetry::Metrics metrics;
  serving::http::EventLoop loop;
  Baseline handler;
  serving::http::HttpServer http;
  std::thread thread;
};

/// The buckets of a histogram at the operators' port: upper edge in seconds -> observations up to it.
std::map<double, double> buckets(const std::string& admin, const std::string& histogram) {
  const auto asked = serving::http::ask(admin, "GET", "/metrics");
  BANDSTAND_CHECK(asked.has_value());
  const std::string& text = asked->body;
  std::map<double, double> out;
  const std::string start = histogram + "_bucket{le=\"";
  for (std::size_t at = text.find(start); at != std::string::npos; at = text.find(start, at + 1)) {
    const char* edge = text.c_str() + at + start.size();
    const char* count = std::strchr(edge, ' ');
    out[*edge == '+' ? HUGE_VAL : std::strtod(edge, nullptr)] = std::strtod(count, nullptr);
  }
  return out;
}

/// The edge of the bucket in which the quantile of what came between two looks lies, in ms.
double quantile_ms(const std::map<double, double>& before, const std::map<double, double>& after, double q) {
  const auto came = [&](double edge) { return after.at(edge) - before.at(edge); };
  for (const auto& [edge, count] : after) {
    if (came(edge) >= q * came(after.rbegin()->first)) return edge * 1e3;
  }
  return 0;
}

/// Publishes the models, and lets them answer for all or nobody.
class LearnedModels {
 public:
  explicit LearnedModels(std::string admin) : admin_(std::move(admin)) {
    for (const auto& [agent, bytes] : learned_models()) {
      post("/api/v1/models/" + agent, bytes);
      agents_.push_back(agent);
    }
  }
  void roll_out(const char* rollout) const {
    for (const std::string& agent : agents_) {
      post("/api/v1/models/" + agent + "/rollout",
           std::string(R"({"version":1,"rollout":")") + rollout + R"(","override":"bench"})");
    }
  }

 private:
  void post(const std::string& target, const std::string& body) const {
    const auto asked = serving::http::ask(admin_, "POST", target, body);
    BANDSTAND_CHECK(asked && asked->status == 200);
  }
  std::string admin_;
  std::vector<std::string> agents_;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

void served_bench(Figures& figures, bool quick) {
  const double seconds = quick ? 0.5 : 2.0;
  const int runs = quick ? 1 : 5;
  serving::ServingSettings settings = app::demo_settings(86'400);
  settings.public_url = "";
  settings.pacing.policy = agents::budget::PacingPolicy::none;
  std::vector<protocol::catalogue::Problem> problems;
  serving::LoadedCatalogue loaded;
  loaded.text = simulation::random_catalogue_json(7, 1'000);
  loaded.catalogue = protocol::catalogue::read_catalogue(loaded.text, {"alpha", "beta"}, problems);
  BANDSTAND_CHECK(loaded.catalogue != nullptr);
  Collector collector;
  simulation::World world(app::demo_world(3, 3'600, 400), loaded.catalogue);
  world.run_until(base::WallTime{1'764'028'800'000'000'000} + std::chrono::seconds(10), collector);

  namespace fs = std::filesystem;
  const fs::path data = fs::temp_directory_path() / "bandstand-bench";
  fs::remove_all(data);
  serving::ServerOptions options;
  options.data_dir = data.string();
  options.listen = options.admin = "127.0.0.1:0";
  options.pin_threads = true;
  options.read_model = app::read_learned;
  serving::Server server(
      settings, options,
      [](const serving::ServingSettings& s) { return app::make_team(s, app::TeamNames{}); },
      [](serving::Control& control, std::span<const telemetry::MetricSet* const> sets) {
        return app::make_admin(control, sets);
      },
      [&] { return loaded; });
  BANDSTAND_CHECK(server.start().has_value());
  std::thread control([&] {
    pthread_setname_np(pthread_self(), "control");
    pin(1);
    server.run();
  });
  BaselineServer baseline;
  pin(1);

  const std::string base_address = baseline.http.bound().text();
  std::vector<double> noop, echo, decisions, noop_ratio, echo_ratio;
  std::vector<double> noop_cpu, echo_cpu, decision_cpu, control_cpu, cpu_ratio;
  std::vector<double> learned, learned_ratio, learned_cpu;
  std::uint64_t unanswered = 0;
  const LearnedModels models(server.admin_address());
  double bid_share = 0;
  for (int run = 0; run < runs; ++run) {  // in turn, so that a drift of the machine meets all three
    const auto nothing = Load(base_address, collector.bodies, "/noop", 64).run_closed(seconds, "baseline");
    const auto parsed = Load(base_address, collector.bodies, "/echo", 64).run_closed(seconds, "baseline");
    Load load(server.public_address(), collector.bodies, "/openrtb2/bid/alpha", 64);
    const auto decided = load.run_closed(seconds, "shard0", "control");
    bid_share = 100.0 * static_cast<double>(load.with_body) /
                static_cast<double>(std::max<std::uint64_t>(1, load.answered));
    noop.push_back(nothing.per_second);
    echo.push_back(parsed.per_second);
    decisions.push_back(decided.per_second);
    noop_ratio.push_back(decided.per_second / nothing.per_second);
    echo_ratio.push_back(decided.per_second / parsed.per_second);
    noop_cpu.push_back(nothing.cpu_us);
    echo_cpu.push_back(parsed.cpu_us);
    decision_cpu.push_back(decided.cpu_us);
    control_cpu.push_back(decided.also_cpu_us);
    cpu_ratio.push_back(nothing.cpu_us / decided.cpu_us);
    models.roll_out("live");
    Load again(server.public_address(), collector.bodies, "/openrtb2/bid/alpha", 64);
    const auto by_models = again.run_closed(seconds, "shard0", "control");
    models.roll_out("off");
    unanswered += load.failed + again.failed;
    learned.push_back(by_models.per_second);
    learned_ratio.push_back(by_models.per_second / nothing.per_second);
    learned_cpu.push_back(by_models.cpu_us);
  }
  const auto add = [&](const char* name, const std::vector<double>& values, const char* unit) {
    figures.add(name, median(values), unit, *std::min_element(values.begin(), values.end()),
                *std::max_element(values.begin(), values.end()));
  };
  add("no-op POST, answers on one core", noop, "1/s");
  add("parse-and-echo POST, answers on one core", echo, "1/s");
  add("served decisions, 1,000 line items, one shard on one core", decisions, "1/s");
  add("served decisions / no-op POST", noop_ratio, "ratio");
  add("served decisions / parse-and-echo POST", echo_ratio, "ratio");
  add("CPU of the serving thread, no-op POST", noop_cpu, "us");
  add("CPU of the serving thread, parse-and-echo POST", echo_cpu, "us");
  add("CPU of the serving thread, decision", decision_cpu, "us");
  add("CPU of the control thread, decision", control_cpu, "us");
  add("served decisions / no-op POST, by CPU of the serving thread", cpu_ratio, "ratio");
  figures.add("served decisions with a bid", bid_share, "%");
  add("served decisions, learned creative and bid policies live", learned, "1/s");
  add("the same / no-op POST", learned_ratio, "ratio");
  add("CPU of the serving thread, decision by learned policies", learned_cpu, "us");
  figures.add("requests without an answer while models came and went", static_cast<double>(unanswered), "");

  Load open(server.public_address(), collector.bodies, "/openrtb2/bid/alpha", 64);
  const std::string duration = "bandstand_bid_request_duration_seconds";
  const auto before = buckets(server.admin_address(), duration);
  open.run_open(0.7 * median(decisions), seconds * 2, 5);
  const auto after = buckets(server.admin_address(), duration);
  figures.add("latency at 70 % of that load, p50", open.quantile_ms(.5), "ms");
  figures.add("latency at 70 % of that load, p99", open.quantile_ms(.99), "ms");
  figures.add("latency at 70 % of that load, p99.9", open.quantile_ms(.999), "ms");
  // The client shares its core with the control thread; the server's own clock does not see that.
  figures.add("from the last byte to the answer at 70 %, by the server, p50 at most", quantile_ms(before, after, .5), "ms");
  figures.add("from the last byte to the answer at 70 %, by the server, p99 at most", quantile_ms(before, after, .99), "ms");
  figures.add("from the last byte to the answer at 70 %, by the server, p99.9 at most", quantile_ms(before, after, .999), "ms");
  figures.add("requests without an answer at 70 %", static_cast<double>(open.failed), "");
  server.stop();
  control.join();
  fs::remove_all(data);
}

}  // namespace bandstand::bench
