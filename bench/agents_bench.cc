// agents_bench: what one answer of the learning agents costs, alone, next to the figures of the agents' own headers.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "agents/bid/bid_rules.h"
#include "agents/bid/market_tracker.h"
#include "agents/creative/creative_rules.h"
#include "agents/creative/creative_tracker.h"
#include "agents/profile/interests.h"
#include "agents/profile/profile_rules.h"
#include "agents/profile/user_table.h"
#include "bench/figures.h"

namespace bandstand::bench {
namespace {

using namespace agents;  // NOLINT: a benchmark of all of them

/// Best, median and worst of seven rounds, in ns a call; allocations a call under `name`_allocations.
template <class Call>
void measure(Figures& figures, const std::string& name, int calls, Call&& call) {
  std::vector<double> ns;
  for (int i = 0; i < calls / 10; ++i) call(i);
  const std::uint64_t before = allocations();
  for (int round = 0; round < 7; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) call(i);
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
    ns.push_back(spent.count() / calls);
  }
  const auto allocated = static_cast<double>(allocations() - before);
  std::sort(ns.begin(), ns.end());
  figures.add(name, ns[3], "ns", ns.front(), ns.back());
  figures.add(name + "_allocations", allocated / (7.0 * calls), "a call");
}

void bench_profile(Figures& figures, int calls) {
  profile::UserTable table(1u << 16);
  constexpr std::uint32_t kUsers = 50'000;
  const auto key_of = [](std::uint64_t i) { return domain::UserKey{base::mix64(i % kUsers) | 1}; };
  const base::WallTime now{1'764'028'800'000'000'000};
  const std::uint32_t now_s = domain::profile_seconds(now);
  const std::uint32_t topics[] = {11, 22, 33};
  for (std::uint32_t i = 0; i < kUsers; ++i) {
    table.update(key_of(i), now_s, [&](domain::UserState& state) {
      for (std::uint32_t t = 1; t <= domain::kInterestSlots; ++t) profile::add_interest(state, t, 1, now_s - 9000);
    });
  }
  measure(figures, "profile_update", calls, [&](int i) {
    table.update(key_of(static_cast<std::uint64_t>(i)), now_s,
                 [&](domain::UserState& state) { profile::apply_page(state, topics, now); });
  });
  profile::ProfileRules rules(domain::PolicyId{1});
  base::Arena arena;
  base::Rng rng(1);
  AgentContext context{.now = now, .rng = rng, .arena = arena};
  const domain::Auction auction;
  const domain::Consent consent = domain::consent_gate({});
  domain::UserState state;
  measure(figures, "profile_read", calls, [&](int i) {
    arena.reset();
    if (table.find(key_of(static_cast<std::uint64_t>(i)), state)) (void)rules.decide({auction, consent, &state}, context);
  });
}

void bench_bid(Figures& figures, int calls) {
  bid::MarketTracker tracker({});
  base::Rng rng(2);
  for (int i = 0; i < 20'000; ++i) {
    domain::Outcome win;
    win.won = true;
    win.facts.at = 1;
    win.facts.exchange = static_cast<std::uint16_t>(rng.below(4));
    win.facts.size = {300, static_cast<std::uint16_t>(50 + 50 * rng.below(8))};
    win.facts.price = {50'000'000};
    win.min_to_win = {static_cast<std::int64_t>(1e6 * std::exp(0.8 * rng.normal()))};
    tracker.observe(win);
  }
  bid::BidRules rules(domain::PolicyId{1}, {});
  rules.install(tracker.publish());
  base::Arena arena;
  AgentContext context{.now = {}, .rng = rng, .arena = arena};
  measure(figures, "bid_first_price", calls, [&](int i) {
    (void)rules.decide({.value = 1e6 + 1e3 * (i % 4000), .mu = 1, .floor = {100'000}, .cap = {40'000'000}, .at = 1,
                        .market = {.exchange = 1, .size = 300u << 16 | 250}},
                       context);
  });
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    domain::Outcome loss;
    loss.lost = true;
    loss.facts.at = 1;
    loss.facts.price = {1'000'000};
    tracker.observe(loss);
    (void)tracker.publish();
  }
  const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - start;
  figures.add("bid_publish", spent.count() / 20, "us");
}

void bench_creative(Figures& figures, int calls) {
  for (const std::uint32_t count : {1u, 3u, 10u, 16u}) {
    auto catalogue = std::make_shared<domain::Catalogue>();
    catalogue->advertisers.emplace_back();
    catalogue->campaigns.emplace_back();
    domain::LineItem item;
    item.id = {1};
    for (std::uint32_t c = 0; c < count; ++c) {
      domain::Creative creative;
      creative.id = {c + 1};
      creative.size = {300, 250};
      creative.features = {"a=" + std::to_string(c % 3), "b=" + std::to_string(c % 5), "c=" + std::to_string(c % 2)};
      catalogue->creatives.push_back(creative);
      item.creatives.push_back(c);
    }
    catalogue->line_items.push_back(item);
    creative::CreativeTracker tracker({});
    tracker.adopt(catalogue);
    creative::CreativeRules rules(domain::PolicyId{1}, {});
    rules.adopt(std::make_shared<const creative::ResponseBoard>(catalogue, tracker.publish()));
    const domain::Auction auction;
    const domain::Impression impression;
    base::Rng rng(3);
    base::Arena arena;
    AgentContext context{.now = {}, .rng = rng, .arena = arena};
    measure(figures, "creative_of_" + std::to_string(count), calls, [&](int i) {
      const auto topic = static_cast<std::uint32_t>(1 + i % 50);
      (void)rules.decide({{auction, impression, topic, 1.0f, 0}, 0, catalogue->line_items[0].creatives}, context);
    });
  }
}

}  // namespace

void agents_bench(Figures& figures, bool quick) {
  const int calls = quick ? 20'000 : 200'000;
  bench_profile(figures, calls);
  bench_bid(figures, calls);
  bench_creative(figures, calls);
}

}  // namespace bandstand::bench
