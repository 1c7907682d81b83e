// replay_openrtb: load, send, count, print.
#include "app/replay_openrtb.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iomanip>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <vector>

#include "app/replay_openrtb_recorded.h"
#include "base/clock.h"
#include "base/input.h"
#include "serving/http/client.h"

namespace bandstand::app {
namespace {

namespace http = serving::http;
using Json = nlohmann::ordered_json;

struct Target {
  http::Address address;
  std::string path;
};

std::optional<Target> target_of(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  if (url.substr(0, kScheme.size()) != kScheme) return std::nullopt;
  url.remove_prefix(kScheme.size());
  const auto slash = std::min(url.find('/'), url.size());
  const auto address = http::Address::parse(url.substr(0, slash));
  if (!address) return std::nullopt;
  const std::string_view path = url.substr(slash);
  return Target{*address, path.size() > 1 ? std::string(path) : "/openrtb2/bid"};
}

/// How much faster than recorded; 0 = max.
std::optional<double> speed_of(const std::string& text) {
  if (text == "recorded") return 1.0;
  if (text == "max") return 0.0;
  double factor = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), factor);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || !(factor > 0) || factor > 1e6)
    return std::nullopt;
  return factor;
}

/// What came back, counted.
struct Tally {
  std::size_t sent = 0, answered = 0, bids = 0, errors = 0, no_answer = 0;
  std::map<int, std::size_t> statuses;
  std::map<int, std::size_t> reasons;    ///< nbr; -1: an empty seatbid without one
  std::vector<std::int64_t> latency_ns;  ///< of answers
  base::Duration took{0};

  /// Nearest rank; 0 without answers. Sorts.
  [[nodiscard]] double quantile_ms(double q) {
    if (latency_ns.empty()) return 0;
    std::sort(latency_ns.begin(), latency_ns.end());
    const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(latency_ns.size())));
    return static_cast<double>(latency_ns[std::max<std::size_t>(rank, 1) - 1]) / 1e6;
  }
};

class Replay final : public http::ReplyHandler {
 public:
  Replay(std::vector<ReplayRequest> requests, Target target, const ReplayOpenrtbOptions& options,
         double speed)
      : requests_(std::move(requests)),
        target_(std::move(target)),
        options_(options),
        speed_(speed),
        loop_(clock_),
        client_(loop_, target_.address, *this, client_options(options, requests_.size())) {
    tally_.latency_ns.reserve(requests_.size());
  }

  Tally run(std::ostream& err) {
    const base::MonoTime start = clock_.mono();
    base::MonoTime said = start;
    while (next_ < requests_.size() || client_.under_way() > 0) {
      const base::Duration wait = speed_ > 0 ? send_due(start) : send_free();
      loop_.poll(std::min<base::Duration>(wait, std::chrono::milliseconds(100)));
      if (const base::MonoTime now = clock_.mono();
          options_.progress && now - said >= std::chrono::seconds(1)) {
        said = now;
        err << tally_.sent << " of " << requests_.size() << " sent, " << tally_.answered << " answered, "
            << tally_.errors << " errors, " << std::fixed << std::setprecision(1)
            << std::chrono::duration<double>(now - start).count() << " s\n";
      }
    }
    tally_.took = clock_.mono() - start;
    return std::move(tally_);
  }

  void on_reply(const http::Reply& reply) override {
    ++tally_.statuses[reply.status];
    if (reply.status == 0) {
      ++tally_.no_answer;
      ++tally_.errors;
      return;
    }
    ++tally_.answered;
    tally_.latency_ns.push_back(reply.latency.count());
    if (reply.status == 200 ? !take_body(requests_[reply.token], reply.body) : reply.status != 204)
      ++tally_.errors;
  }

 private:
  static http::ClientOptions client_options(const ReplayOpenrtbOptions& options, std::size_t requests) {
    http::ClientOptions client;
    client.connections = std::max<std::size_t>(options.connections, 1);
    client.queue_max = requests;
    return client;
  }

  /// Sends what is due; returns the time until the next one.
  base::Duration send_due(base::MonoTime start) {
    const base::MonoTime now = clock_.mono();
    while (next_ < requests_.size()) {
      const double after_s = (requests_[next_].at_s - requests_.front().at_s) / speed_;
      const base::MonoTime due = start + base::Duration(static_cast<std::int64_t>(after_s * 1e9));
      // Below a millisecond the loop cannot wait; it turns, rather than be late.
      if (due > now)
        return due - now < std::chrono::milliseconds(1) ? base::Duration{0}
                                                        : due - now - std::chrono::milliseconds(1);
      send(due);
    }
    return std::chrono::milliseconds(100);
  }

  base::Duration send_free() {
    while (next_ < requests_.size() && client_.under_way() < std::max<std::size_t>(options_.connections, 1))
      send({});
    return std::chrono::milliseconds(100);
  }

  void send(base::MonoTime due) {
    http::Call call;
    call.target = target_.path;
    call.headers = "Content-Type: application/json\r\nx-openrtb-version: 2.6\r\n";
    call.body = requests_[next_].body;
    call.token = next_++;
    call.due = due;
    ++tally_.sent;
    if (!client_.submit(call)) {
      ++tally_.no_answer;
      ++tally_.errors;
    }
  }

  /// False if this is no answer to that request.
  bool take_body(const ReplayRequest& request, std::string_view body) {
    const auto json = nlohmann::json::parse(body, nullptr, false);
    if (!json.is_object() || json.value("id", nlohmann::json()) != request.id) return false;
    std::size_t bids = 0;
    if (const auto seats = json.find("seatbid"); seats != json.end()) {
      if (!seats->is_array()) return false;
      for (const auto& seat : *seats) {
        if (!seat.is_object() || !seat.contains("bid") || !seat["bid"].is_array()) return false;
        bids += seat["bid"].size();
      }
    }
    tally_.bids += bids;
    if (bids > 0) return true;
    const auto reason = json.find("nbr");
    if (reason != json.end() && !reason->is_number_integer()) return false;
    ++tally_.reasons[reason == json.end() ? -1 : reason->get<int>()];
    return true;
  }

  std::vector<ReplayRequest> requests_;
  Target target_;
  const ReplayOpenrtbOptions& options_;
  double speed_;
  base::SystemClock clock_;
  http::EventLoop loop_;
  http::HttpClient client_;
  Tally tally_;
  std::size_t next_ = 0;
};

/// Lines in order of time. False after a message.
bool load(const ReplayOpenrtbOptions& options, bool timed, std::vector<ReplayRequest>& requests,
          std::ostream& err) {
  auto lines = base::LineReader::open(options.file);
  if (!lines) {
    err << "bandstand: cannot read " << options.file << ": " << lines.error().what << '\n';
    return false;
  }
  std::string_view line;
  std::size_t bad = 0;
  while (options.limit == 0 || requests.size() < options.limit) {
    const auto more = lines->next(line);
    if (!more) {
      err << "bandstand: cannot read " << options.file << " after line " << lines->number() << ": "
          << more.error().what << '\n';
      return false;
    }
    if (!*more) break;
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    auto request = replay_request(line);
    const char* wrong = !request                     ? request.error().what
                        : timed && request->at_s < 0 ? "has no time; use --speed max"
                                                     : nullptr;
    if (wrong != nullptr) {
      err << options.file << ':' << lines->number() << ": " << wrong << '\n';
      if (++bad == 20) return false;
      continue;
    }
    requests.push_back(std::move(*request));
  }
  if (bad == 0 && requests.empty()) err << "bandstand: " << options.file << " holds no requests\n";
  if (timed) {
    std::stable_sort(requests.begin(), requests.end(),
                     [](const ReplayRequest& a, const ReplayRequest& b) { return a.at_s < b.at_s; });
  }
  return bad == 0 && !requests.empty();
}

constexpr std::pair<const char*, double> kQuantiles[] = {
    {"p50", .5}, {"p95", .95}, {"p99", .99}, {"p99.9", .999}};

void print_json(Tally& tally, std::ostream& out) {
  Json object{{"sent", tally.sent},     {"answered", tally.answered},
              {"errors", tally.errors}, {"no_answer", tally.no_answer},
              {"bids", tally.bids},     {"seconds", std::chrono::duration<double>(tally.took).count()}};
  object["statuses"] = Json::object();
  for (const auto& [status, count] : tally.statuses) object["statuses"][std::to_string(status)] = count;
  object["nbr"] = Json::object();
  for (const auto& [reason, count] : tally.reasons)
    object["nbr"][reason < 0 ? "none" : std::to_string(reason)] = count;
  object["latency_ms"] = Json::object();
  for (const auto& [name, q] : kQuantiles) object["latency_ms"][name] = tally.quantile_ms(q);
  out << object.dump(2) << '\n';
}

void print_text(Tally& tally, std::ostream& out) {
  const double seconds = std::max(std::chrono::duration<double>(tally.took).count(), 1e-9);
  const double rate = static_cast<double>(tally.sent) / seconds;
  out << std::fixed << std::setprecision(1) << tally.sent << " sent in " << seconds << " s (" << rate
      << " a second), " << tally.answered << " answered, " << tally.bids << " bids, " << tally.errors
      << " errors\n";
  for (const auto& [status, count] : tally.statuses) {
    out << "status " << (status == 0 ? std::string("none") : std::to_string(status)) << ": " << count << '\n';
  }
  for (const auto& [reason, count] : tally.reasons) {
    out << "nbr " << (reason < 0 ? std::string("none") : std::to_string(reason)) << ": " << count << '\n';
  }
  if (tally.reasons.empty() && tally.statuses.count(204) != 0) {
    out << "(reasons of no-bids: use an exchange whose setting nbr_in_200 is on)\n";
  }
  out << "latency";
  for (const auto& [name, q] : kQuantiles)
    out << "  " << name << ' ' << std::setprecision(3) << tally.quantile_ms(q) << " ms";
  out << '\n';
}

}  // namespace

int replay_openrtb(const ReplayOpenrtbOptions& options, std::ostream& out, std::ostream& err) {
  auto target = target_of(options.server);
  if (!target)
    err << "bandstand: --server: expected http://ADDRESS:PORT[/PATH], not '" << options.server << "'\n";
  const auto speed = speed_of(options.speed);
  if (!speed)
    err << "bandstand: --speed: expected recorded, max or a factor, not '" << options.speed << "'\n";
  if (!target || !speed) return 2;
  std::vector<ReplayRequest> requests;
  if (!load(options, *speed > 0, requests, err)) return 2;
  Tally tally = Replay(std::move(requests), std::move(*target), options, *speed).run(err);
  options.json ? print_json(tally, out) : print_text(tally, out);
  return tally.errors == 0 ? 0 : 1;
}

}  // namespace bandstand::app
