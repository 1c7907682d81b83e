// fraud_bench: what the fraud agent's check costs a request, what the watch costs the slow loop, and what it
// keeps in memory.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "agents/agent_context.h"
#include "agents/fraud/fraud_learned.h"
#include "agents/fraud/fraud_rules.h"
#include "agents/fraud/traffic_watch.h"
#include "base/arena.h"
#include "base/rng.h"
#include "bench/processor_time.h"

namespace {

using namespace bandstand;                 // NOLINT: a program
using namespace bandstand::agents::fraud;  // NOLINT

struct Request {
  std::string address, domain;
  std::uint64_t user = 0;
};

}  // namespace

int main() {
  constexpr int kRequests = 1 << 17, kCalls = 200'000;
  base::Rng rng(1);
  std::vector<Request> requests(kRequests);
  for (Request& request : requests) {
    request.user = 1 + rng.below(100'000);
    request.address = "81." + std::to_string(request.user >> 16) + "." +
                      std::to_string(request.user >> 8 & 255) + "." + std::to_string(request.user & 255);
    request.domain = "site" + std::to_string(rng.below(2'000)) + ".example";
  }
  domain::Auction auction;
  auction.device.user_agent =
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36";
  auction.channel = domain::Channel::site;
  const auto use = [&](int i) {
    const Request& request = requests[static_cast<std::size_t>(i) & (kRequests - 1)];
    auction.device.ip = request.address;
    auction.domain = request.domain;
    return domain::UserKey{request.user};
  };

  WatchOptions options;
  options.enabled = true;
  TrafficWatch watch(options);
  base::WallTime now{1'764'028'800'000'000'000};
  std::uint64_t decisions = 0;
  bench::measure("watch: a request taken in", kCalls, [&](int i) {
    const auto user = use(i);
    now = now + base::Duration{100'000};
    watch.on_request({{1, ++decisions << 8}, parties_of(auction, user), now});
  });
  WatchlistPtr list;
  bench::measure("watch: all parties looked at, a list made", 1, [&](int) {
    now = now + options.publish_every;
    if (auto made = watch.tick(now)) list = std::move(made);
  });
  // As the slow loop does it, a slice each 10 ms; the rounds below are means over a list.
  std::clock_t longest = 0;
  bench::measure("watch: a slice of that", 500, [&](int) {
    now = now + std::chrono::milliseconds(10);
    const std::clock_t start = std::clock();
    if (auto made = watch.tick(now)) list = std::move(made);
    longest = std::max(longest, std::clock() - start);
  });
  std::printf("watch: the longest slice %.0f us; changes in the log %.1f KiB a list\n",
              1e6 * static_cast<double>(longest) / CLOCKS_PER_SEC,
              static_cast<double>(watch.changes().encode().size()) / 1024);
  std::printf("watch: %.1f MiB, list: %zu parties, %.1f MiB\n",
              static_cast<double>(watch.bytes()) / (1 << 20), list->size(),
              static_cast<double>(list->bytes()) / (1 << 20));

  base::Arena arena;
  const auto ask = [&](FraudAgent& agent, int i) {
    const auto user = use(i);
    agents::AgentContext context{.now = now, .rng = rng, .arena = arena};
    (void)agent.decide({auction, user, {}}, context);
  };
  FraudRules rules(FraudLists::built_in());
  bench::measure("check: rules", kCalls, [&](int i) { ask(rules, i); });
  FraudLearned score(std::make_unique<FraudRules>(FraudLists::built_in()));
  score.set_watchlist(list);
  bench::measure("check: rules and blocks", kCalls, [&](int i) { ask(score, i); });
  FraudLearned learned(std::make_unique<FraudRules>(FraudLists::built_in()));
  auto judged = std::make_shared<Watchlist>(*list);
  judged->model = std::make_shared<const FraudModel>();
  learned.set_watchlist(judged);
  bench::measure("check: rules, blocks and model", kCalls, [&](int i) { ask(learned, i); });
  return 0;
}
