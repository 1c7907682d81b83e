// decision_bench: what does a whole decision cost in process, bytes in to bytes out, by number of line items?
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "app/simulate.h"
#include "app/wiring.h"
#include "base/check.h"
#include "bench/figures.h"
#include "protocol/catalogue/catalogue_reader.h"
#include "simulation/demo_catalogue.h"
#include "simulation/local_bandstand.h"

namespace bandstand::bench {
namespace {

/// Keeps the bodies that a world sends; answers "no bid".
class Recorder final : public simulation::Transport {
 public:
  bool bid(const simulation::BidCall& call, simulation::AnswerHandler& handler) override {
    bodies.emplace_back(call.body);
    handler.on_answer({call.ticket, 204, {}, base::Duration{0}});
    return true;
  }
  bool get(const simulation::GetCall& call, simulation::AnswerHandler& handler) override {
    handler.on_answer({call.ticket, 204, {}, base::Duration{0}});
    return true;
  }
  std::vector<std::string> bodies;
};

double resident_mb() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * 4096 / 1e6;
}

serving::LoadedCatalogue random_catalogue(std::uint32_t line_items,
                                          const serving::ServingSettings& settings) {
  serving::LoadedCatalogue out;
  out.text = simulation::random_catalogue_json(7, line_items);
  std::vector<protocol::catalogue::Problem> problems;
  protocol::catalogue::ExchangeNames names;
  for (const auto& exchange : settings.exchanges) names.push_back(exchange.name);
  out.catalogue = protocol::catalogue::read_catalogue(out.text, names, problems);
  for (const auto& problem : problems)
    std::fprintf(stderr, "%s\n", protocol::catalogue::print(problem, "random").c_str());
  BANDSTAND_CHECK(out.catalogue != nullptr);
  return out;
}

}  // namespace

void decision_bench(Figures& figures, bool quick, std::uint32_t only_items) {
  constexpr base::WallTime kStart{1'764'028'800'000'000'000};
  const int rounds = quick ? 2'000 : 20'000;
  for (const std::uint32_t items : {100u, 1'000u, 10'000u, 100'000u}) {
    if (only_items != 0 ? items != only_items : quick && items == 100'000) continue;
    serving::ServingSettings settings = app::demo_settings(86'400);
    settings.pacing.policy = agents::budget::PacingPolicy::none;
    settings.decision_ring_bytes = 64u << 20;
    const auto loaded = random_catalogue(items, settings);
    const double before_mb = resident_mb();
    simulation::LocalBandstand local(
        settings, [](const serving::ServingSettings& s) { return app::make_team(s, app::TeamNames{}); },
        loaded.catalogue, "", kStart);
    Recorder recorder;
    simulation::World world(app::demo_world(3, 3'600, 400), loaded.catalogue);
    world.run_until(kStart + std::chrono::seconds(10), recorder);
    const auto& bodies = recorder.bodies;
    // Warm-up: leases are granted, pools grow, the fraud agent's verdicts fill.
    for (int i = 0; i < 4'000; ++i) {
      local.bid_now(static_cast<std::uint16_t>(i % 2), bodies[static_cast<std::size_t>(i) % bodies.size()]);
      if (i % 50 == 0) local.advance_to(local.clock().wall() + std::chrono::milliseconds(20));
    }
    std::vector<double> times;
    std::uint64_t bids = 0;
    std::uint64_t allocated = 0;
    for (int i = 0; i < rounds; ++i) {
      const std::string& body = bodies[static_cast<std::size_t>(i * 7 + 1) % bodies.size()];
      const std::uint64_t allocations_before = allocations();
      const auto start = std::chrono::steady_clock::now();
      const auto reply = local.bid_now(static_cast<std::uint16_t>(i % 2), body);
      const auto end = std::chrono::steady_clock::now();
      allocated += allocations() - allocations_before;
      times.push_back(std::chrono::duration<double, std::micro>(end - start).count());
      bids += reply.status == 200 ? 1 : 0;
      if (i % 50 == 0) local.advance_to(local.clock().wall() + std::chrono::milliseconds(20));
    }
    std::sort(times.begin(), times.end());
    const std::string at = " at " + std::to_string(items) + " line items";
    const auto quantile = [&](double q) {
      return times[static_cast<std::size_t>(q * static_cast<double>(times.size() - 1))];
    };
    figures.add("decision, bytes in to bytes out, median" + at, quantile(.5), "us", quantile(.25),
                quantile(.75));
    figures.add("decision, p99" + at, quantile(.99), "us");
    figures.add("decisions with a bid" + at, 100.0 * static_cast<double>(bids) / rounds, "%");
    figures.add("allocations per decision after warm-up" + at, static_cast<double>(allocated) / rounds, "");
    figures.add("memory of server and index per 10,000 line items" + at,
                (resident_mb() - before_mb) * 1e4 / items, "MB");
  }
}

}  // namespace bandstand::bench
