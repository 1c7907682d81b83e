// pacing_world: a catalogue made for pacing, a local Bandstand, and readings of the ledger at every window's
// end.
#include "app/pacing_world.h"

#include <cmath>

#include "app/serve.h"
#include "app/simulate.h"
#include "app/wiring.h"
#include "base/check.h"
#include "simulation/local_bandstand.h"

namespace bandstand::app {
namespace {

using base::Nanos;

constexpr base::WallTime kStart{1'764'028'800'000'000'000};  // 2025-11-25 00:00 UTC

serving::ServingSettings settings_of(const PacingWorldOptions& options) {
  serving::ServingSettings settings = demo_settings(86'400);
  settings.pacing = {};
  settings.pacing.policy = options.policy;
  if (options.policy == agents::budget::PacingPolicy::throttle)
    settings.pacing.window_min = std::chrono::minutes(1);
  // Rewards are read by window: clicks that come later than this do not matter to campaigns paid by
  // impressions.
  settings.matcher.click_window = std::chrono::minutes(2);
  settings.matcher.conversion_window = std::chrono::minutes(2);
  // Models are large and the traffic is thin: often enough to see a shock, and not more.
  settings.publish_every = std::chrono::minutes(options.day_night_ratio > 1 ? 15 : 5);
  settings.users_max = 1u << 15;
  settings.rates.width = 1u << 10;  // turned over between any two requests of a quiet night: small is quick
  settings.decision_ring_bytes = 1u << 20;
  settings.recent_decisions = 16;
  return settings;
}

simulation::WorldOptions world_of(const PacingWorldOptions& options) {
  simulation::WorldOptions world;
  world.seed = options.seed;
  world.start = kStart;
  world.traffic.requests_per_second =
      options.requests_per_window / std::chrono::duration<double>(kPacingWindow).count();
  world.traffic.day_night_ratio = options.day_night_ratio;
  world.market.window =
      std::chrono::minutes(5);  // rivals see enough of this thin traffic to correct their pace
  world.market.rivals_follow_traffic = options.rivals_follow_traffic;
  if (options.shock_window >= 0) {
    simulation::Shock shock;
    shock.factor = options.shock_factor;
    shock.from = kPacingWindow * options.shock_window;
    world.shocks.push_back(shock);
  }
  return world;
}

double units(Nanos nanos) { return static_cast<double>(nanos.value) * 1e-9; }

/// Differences of neighbours.
class Meter {
 public:
  double step(double total) {
    const double grown = total - last_;
    last_ = total;
    return grown;
  }

 private:
  double last_ = 0;
};

}  // namespace

PacingWorldResult run_pacing_world(const PacingWorldOptions& options) {
  const auto& wanted = options.campaigns;
  const serving::ServingSettings settings = settings_of(options);
  const serving::LoadedCatalogue loaded =
      parse_catalogue(simulation::pacing_catalogue_json(wanted), "(pacing catalogue)", settings);
  BANDSTAND_CHECK(loaded.catalogue != nullptr);
  simulation::LocalBandstand local(
      settings, [](const serving::ServingSettings& s) { return make_team(s, {}); }, loaded.catalogue,
      loaded.text, kStart, std::chrono::seconds(30));
  if (!options.bid_model.empty()) {
    auto& control = local.control();
    BANDSTAND_CHECK(control.serve_models(read_learned).has_value());
    const auto version = control.publish_model(serving::ModelAgent::bid, options.bid_model);
    BANDSTAND_CHECK(version.has_value());
    BANDSTAND_CHECK(control.roll_out(serving::ModelAgent::bid, *version, {orchestrator::Mode::live, 0, 0}, "", "simulation"));
  }
  simulation::World world(world_of(options), loaded.catalogue);

  PacingWorldResult result;
  result.campaigns.resize(wanted.size());
  std::vector<Meter> spent(wanted.size());
  std::vector<Meter> impressions(wanted.size());
  Meter reward;
  for (int k = 0; k < options.windows; ++k) {
    const base::Duration middle = kPacingWindow * k + kPacingWindow / 2;
    result.traffic.push_back(world.traffic().rate_at(middle));
    world.run_until(kStart + kPacingWindow * (k + 1), local);
    for (std::uint32_t i = 0; i < wanted.size(); ++i) {
      const auto* book = local.control().journal().ledger().find_campaign(loaded.catalogue->campaigns[i].id);
      result.campaigns[i].spent.push_back(spent[i].step(units(book->charged())));
      result.campaigns[i].impressions.push_back(
          impressions[i].step(static_cast<double>(book->counts.settled)));
      // A moment earlier, so that a day's last window is not seen from the next day.
      const auto report =
          local.control().pacer().report(i, local.clock().wall() + -std::chrono::milliseconds(1));
      result.campaigns[i].mu.push_back(report.mu);
      const ledger::BudgetDay today{
          static_cast<std::uint32_t>((kStart + kPacingWindow * k).seconds() / 86'400)};
      result.campaigns[i].held.push_back(units(book->on(today).leased));
      result.campaigns[i].planned.push_back(units(report.planned));
    }
    result.reward.push_back(reward.step(units(local.control().totals().reward)));
  }
  const base::WallTime end = local.clock().wall();
  world.stop_traffic();
  for (int i = 1; i <= 600 && !world.settled(); ++i) world.run_until(end + std::chrono::seconds(i), local);
  local.settle();
  const auto& ledger = local.control().journal().ledger();
  result.differences = compare_books(ledger, world.account()).size();
  for (const auto& book : ledger.campaigns())
    result.late += units(book.of(ledger::Account::late) + book.of(ledger::Account::house_loss));
  return result;
}

}  // namespace bandstand::app
