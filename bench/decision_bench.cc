// decision_bench: what does a whole decision cost in process, bytes in to bytes out, by number of line items?
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

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
#include "bench/learned_models.h"
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

struct Measured {
  double low_us = 0, median_us = 0, high_us = 0, p99_us = 0;  ///< quartiles
  double bids_percent = 0, allocations = 0;
  double memory_mb = 0;  ///< catalogue, index, models and server, without the text of the catalogue
};

Measured measure(std::uint32_t items, int rounds, bool learned) {
  constexpr base::WallTime kStart{1'764'028'800'000'000'000};
  serving::ServingSettings settings = app::demo_settings(86'400);
  settings.pacing.policy = agents::budget::PacingPolicy::none;
  settings.decision_ring_bytes = 64u << 20;
  const auto loaded = random_catalogue(items, settings);
  simulation::LocalBandstand local(
      settings, [](const serving::ServingSettings& s) { return app::make_team(s, app::TeamNames{}); },
      loaded.catalogue, "", kStart);
  if (learned) {
    auto& control = local.control();
    BANDSTAND_CHECK(control.serve_models(app::read_learned).has_value());
    for (const auto& [agent, bytes] : learned_models()) {
      const auto version = control.publish_model(*serving::model_agent_named(agent), bytes);
      BANDSTAND_CHECK(version.has_value());
      BANDSTAND_CHECK(control.roll_out(*serving::model_agent_named(agent), *version, {orchestrator::Mode::live, 0, 0}, "",
                                       "bench"));
    }
  }
  Measured out;
  malloc_trim(0);
  out.memory_mb = resident_mb() - static_cast<double>(loaded.text.size()) / 1e6;
  Recorder recorder;
  simulation::World world(app::demo_world(3, 3'600, 400), loaded.catalogue);
  world.run_until(kStart + std::chrono::seconds(10), recorder);
  const auto& bodies = recorder.bodies;
  // Warm-up: leases are granted, pools grow, the fraud agent's verdicts fill.
  for (int i = 0; i < 8'000; ++i) {
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
  const auto quantile = [&](double q) {
    return times[static_cast<std::size_t>(q * static_cast<double>(times.size() - 1))];
  };
  out.low_us = quantile(.25);
  out.median_us = quantile(.5);
  out.high_us = quantile(.75);
  out.p99_us = quantile(.99);
  out.bids_percent = 100.0 * static_cast<double>(bids) / rounds;
  out.allocations = static_cast<double>(allocated) / rounds;
  return out;
}

/// In a process of its own, so that one size's memory is not another's.
Measured measure_apart(std::uint32_t items, int rounds, bool learned) {
  int ends[2];
  BANDSTAND_CHECK(pipe(ends) == 0);
  const pid_t child = fork();
  BANDSTAND_CHECK(child >= 0);
  if (child == 0) {
    const Measured measured = measure(items, rounds, learned);
    _exit(write(ends[1], &measured, sizeof measured) == sizeof measured ? 0 : 1);
  }
  Measured out;
  BANDSTAND_CHECK(read(ends[0], &out, sizeof out) == sizeof out);
  int status = 0;
  waitpid(child, &status, 0);
  close(ends[0]);
  close(ends[1]);
  return out;
}

}  // namespace

void decision_bench(Figures& figures, bool quick, std::uint32_t only_items) {
  const int rounds = quick ? 2'000 : 20'000;
  double smallest_mb = 0;
  for (const std::uint32_t items : {100u, 1'000u, 10'000u, 100'000u}) {
    if (only_items != 0 ? items != only_items : quick && items == 100'000) continue;
    // A profiler follows one process.
    const Measured m = only_items != 0 ? measure(items, rounds, false) : measure_apart(items, rounds, false);
    const std::string at = " at " + std::to_string(items) + " line items";
    figures.add("decision, bytes in to bytes out, median" + at, m.median_us, "us", m.low_us, m.high_us);
    figures.add("decision, p99" + at, m.p99_us, "us");
    figures.add("decisions with a bid" + at, m.bids_percent, "%");
    figures.add("allocations per decision after warm-up" + at, m.allocations, "");
    figures.add("memory of the process" + at, m.memory_mb, "MB");
    if (items == 100) smallest_mb = m.memory_mb;
    if (items >= 10'000 && smallest_mb > 0)
      figures.add("memory per 10,000 line items" + at, (m.memory_mb - smallest_mb) * 1e4 / (items - 100), "MB");
    if (items != 1'000 || only_items != 0) continue;
    const Measured l = measure_apart(items, rounds, true);
    figures.add("the same with learned creative and bid policies live, median", l.median_us, "us", l.low_us, l.high_us);
    figures.add("allocations per decision with learned policies live", l.allocations, "");
  }
}

}  // namespace bandstand::bench
