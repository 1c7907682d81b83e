// pacing_world: a catalogue made for pacing, a local Bandstand, and readings of the ledger at every window's
// end.
#include "app/pacing_world.h"

#include <cmath>
#include <numeric>
#include <utility>

#include "agents/budget/budget_agent.h"
#include "app/demo_world.h"
#include "app/wiring.h"
#include "base/check.h"
#include "protocol/catalogue/catalogue_reader.h"
#include "simulation/local_bandstand.h"

namespace bandstand::app {
namespace {

using base::Nanos;

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
  world.start = kWorldStart;
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

domain::CatalogueSnapshot catalogue_of(const std::string& text, const serving::ServingSettings& settings) {
  protocol::catalogue::ExchangeNames exchanges;
  for (const auto& exchange : settings.exchanges) exchanges.push_back(exchange.name);
  std::vector<protocol::catalogue::Problem> problems;
  auto catalogue = protocol::catalogue::read_catalogue(text, exchanges, problems);
  BANDSTAND_CHECK(catalogue != nullptr && problems.empty());
  return catalogue;
}

/// What a budget agent says, its shadow prices multiplied. `factors` outlives it.
class SteeredBudget final : public agents::budget::BudgetAgent {
 public:
  SteeredBudget(std::unique_ptr<BudgetAgent> agent, const std::vector<float>& factors)
      : agent_(std::move(agent)), factors_(factors) {}

  base::Result<domain::Decided<std::span<const agents::budget::BudgetAnswer>>> decide(
      const agents::budget::BudgetInput& input, agents::AgentContext& context) override {
    BANDSTAND_TRY(decided, agent_->decide(input, context));
    auto steered = context.arena.array<agents::budget::BudgetAnswer>(decided.value.size());
    for (std::size_t i = 0; i < steered.size(); ++i) {
      steered[i] = decided.value[i];
      steered[i].mu = std::max(1.0f, steered[i].mu * factors_[input.purses[i].campaign]);
    }
    decided.value = steered;
    return decided;
  }

 private:
  std::unique_ptr<BudgetAgent> agent_;
  const std::vector<float>& factors_;
};

double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

}  // namespace

PacingWorld::PacingWorld(const PacingWorldOptions& options) : options_(options), factors_(options.campaigns.size(), 1.0f) {
  const serving::ServingSettings settings = settings_of(options);
  const std::string text = simulation::pacing_catalogue_json(options.campaigns);
  const auto catalogue = catalogue_of(text, settings);
  const auto team = [this](const serving::ServingSettings& s) {
    auto made = make_team(s, {});
    auto& seat = made->team().budget;
    seat.baseline = std::make_unique<SteeredBudget>(std::move(seat.baseline), factors_);
    return made;
  };
  local_ = std::make_unique<simulation::LocalBandstand>(settings, team, catalogue, text, kWorldStart, std::chrono::seconds(30));
  if (!options.bid_model.empty()) {
    auto& control = local_->control();
    BANDSTAND_CHECK(control.serve_models(read_learned).has_value());
    const auto version = control.publish_model(serving::ModelAgent::bid, options.bid_model);
    BANDSTAND_CHECK(version.has_value());
    BANDSTAND_CHECK(control.roll_out(serving::ModelAgent::bid, *version, {orchestrator::Mode::live, 0, 0}, "", "simulation"));
  }
  world_ = std::make_unique<simulation::World>(world_of(options), catalogue);
  result_.campaigns.resize(options.campaigns.size());
}

PacingWorld::~PacingWorld() = default;

double PacingWorld::traffic(int k) const {
  return world_->traffic().rate_at(kPacingWindow * k + kPacingWindow / 2);
}

void PacingWorld::step() {
  const int k = windows_done();
  result_.traffic.push_back(traffic(k));
  world_->run_until(kWorldStart + kPacingWindow * (k + 1), *local_);
  for (std::uint32_t i = 0; i < result_.campaigns.size(); ++i) read_campaign(i, k);
  result_.reward.push_back(units(local_->control().totals().reward) - sum(result_.reward));
}

void PacingWorld::read_campaign(std::uint32_t i, int window) {
  auto& control = local_->control();
  PacedSeries& series = result_.campaigns[i];
  const auto* book = control.journal().ledger().find_campaign(control.catalogue().campaigns[i].id);
  series.spent.push_back(units(book->charged()) - sum(series.spent));
  series.impressions.push_back(static_cast<double>(book->counts.settled) - sum(series.impressions));
  // A moment earlier, so that a day's last window is not seen from the next day.
  const auto report = control.pacer().report(i, local_->clock().wall() + -std::chrono::milliseconds(1));
  series.mu.push_back(std::max(1.0, report.mu * static_cast<double>(factors_[i])));
  series.planned.push_back(units(report.planned));
  const ledger::BudgetDay today{static_cast<std::uint32_t>((kWorldStart + kPacingWindow * window).seconds() / 86'400)};
  series.held.push_back(units(book->on(today).leased));
}

void PacingWorld::finish() {
  const base::WallTime end = local_->clock().wall();
  world_->stop_traffic();
  for (int i = 1; i <= 600 && !world_->settled(); ++i) world_->run_until(end + std::chrono::seconds(i), *local_);
  local_->settle();
  const auto& ledger = local_->control().journal().ledger();
  result_.differences = compare_books(ledger, world_->account()).size();
  for (const auto& book : ledger.campaigns())
    result_.late += units(book.of(ledger::Account::late) + book.of(ledger::Account::house_loss));
}

PacingWorldResult run_pacing_world(const PacingWorldOptions& options) {
  PacingWorld world(options);
  for (int k = 0; k < options.windows; ++k) world.step();
  world.finish();
  return world.result();
}

}  // namespace bandstand::app
