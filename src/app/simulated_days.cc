// simulated_days: the world's time, Bandstand's books.
#include "app/simulated_days.h"

#include "app/serve.h"
#include "app/simulate.h"
#include "app/wiring.h"
#include "base/check.h"

namespace bandstand::app {

using simulation::LocalBandstand;

SimulatedDays::SimulatedDays(const Options& options)
    : day_(std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(options.day_seconds))),
      days_(options.days),
      settings_(options.settings),
      start_(options.world.start) {
  auto loaded = parse_catalogue(options.catalogue, "(made-up catalogue)", settings_);
  BANDSTAND_CHECK(loaded.catalogue != nullptr);
  local_ = std::make_unique<LocalBandstand>(
      settings_, [](const serving::ServingSettings& s) { return make_team(s, TeamNames{}); }, loaded.catalogue, loaded.text,
      start_);
  BANDSTAND_CHECK(local_->control().serve_models(read_learned).has_value());
  world_ = std::make_unique<simulation::World>(options.world, loaded.catalogue);
}

void SimulatedDays::run_to(double days) {
  world_->run_until(at(days), *local_);
  local_->settle();
}

base::WallTime SimulatedDays::at(double days) const {
  return start_ + std::chrono::duration_cast<base::Duration>(day_ * days);
}

void SimulatedDays::finish() {
  world_->stop_traffic();
  for (int i = 1; i <= 600 && !world_->settled(); ++i) world_->run_until(at(days_) + std::chrono::seconds(i), *local_);
  local_->settle();
}

DayTotals SimulatedDays::totals() {
  const auto& report = world_->report();
  DayTotals out;
  out.reward = 1e-9 * static_cast<double>(local_->control().totals().reward.value);
  for (const auto& book : local_->control().journal().ledger().campaigns())
    out.cost += 1e-9 * static_cast<double>(book.of(ledger::Account::media_cost).value);
  out.impressions = static_cast<double>(report.human_impressions);
  out.clicks = static_cast<double>(report.human_clicks);
  out.click_probability = report.click_probability;
  out.click_probability_best = report.click_probability_best;
  const auto all = report.total();
  out.lost = static_cast<double>(all.no_answer + all.malformed);
  return out;
}

std::size_t SimulatedDays::differences() {
  return compare_books(local_->control().journal().ledger(), world_->account()).size();
}

}  // namespace bandstand::app
