// simulate: the world in virtual time around the production code, or in real time around a running server.
#include "app/simulate.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <ostream>

#include "app/play.h"
#include "app/serve.h"
#include "protocol/catalogue/catalogue_reader.h"
#include "simulation/demo_catalogue.h"
#include "simulation/local_bandstand.h"

namespace bandstand::app {
namespace {

int report(const simulation::WorldReport& world, const std::vector<std::string>& differences,
           const SimulateOptions& options, std::ostream& out) {
  if (options.json) {
    out << "{\"world\":" << world.json() << ",\"differences\":" << differences.size() << "}\n";
  } else {
    out << world.print() << "\n";
    if (differences.empty()) out << "books: the ledger equals the exchange's account, to the nano\n";
  }
  for (const auto& difference : differences) out << "DIFFERS " << difference << "\n";
  if (!options.account.empty()) std::ofstream(options.account) << world.account.json();
  return differences.empty() ? 0 : 1;
}

base::Duration seconds_of(double s) { return std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(s)); }

}  // namespace

std::string print_campaigns(const serving::Control& control, base::WallTime now) {
  std::string out =
      "campaign                          budget       plan      spent   use  plan+-  held    mu  state\n";
  const auto& catalogue = control.catalogue();
  for (std::uint32_t i = 0; i < catalogue.campaigns.size(); ++i) {
    const auto report = control.pacer().report(i, now);
    const double budget = std::max<double>(1, static_cast<double>(report.budget.value));
    const auto* book = control.journal().ledger().find_campaign(catalogue.campaigns[i].id);
    const double held = book == nullptr ? 0 : static_cast<double>(book->of(ledger::Account::lease).value);
    char line[160];
    std::snprintf(line, sizeof line, "%-28.28s %11.4f %10.4f %10.4f %4.0f%% %+5.1f%% %4.1f%% %6.2f  %s\n",
                  catalogue.campaigns[i].name.c_str(), static_cast<double>(report.budget.value) * 1e-9,
                  static_cast<double>(report.planned.value) * 1e-9,
                  static_cast<double>(report.spent.value) * 1e-9,
                  100 * static_cast<double>(report.spent.value) / budget,
                  100 * static_cast<double>((report.spent - report.planned).value) / budget, 100 * held / budget, report.mu,
                  report.open ? "open" : domain::name_of(report.why));
    out += line;
  }
  return out;
}

int simulate(const SimulateOptions& options, std::ostream& out, std::ostream& err) {
  serving::ServingSettings settings = demo_settings(options.seconds);
  const auto pacing = agents::budget::pacing_policy_of(options.pacing);
  if (!pacing) {
    err << "bandstand: --pacing: there is no policy '" << options.pacing << "'\n";
    return 2;
  }
  settings.pacing.policy = *pacing;
  for (const auto& unknown : unknown_policies(options.team)) err << "bandstand: " << unknown << "\n";
  if (!unknown_policies(options.team).empty()) return 2;

  serving::LoadedCatalogue loaded;
  if (options.catalogue.empty()) {
    simulation::DemoCatalogueOptions demo;
    demo.seed = options.seed;
    demo.requests_per_second = options.requests_per_second;
    demo.seconds = options.seconds;
    loaded.text = simulation::demo_catalogue_json(demo);
    loaded = parse_catalogue(std::move(loaded.text), "(sample catalogue)", settings);
  } else {
    loaded = load_catalogue(options.catalogue, settings);
  }
  if (loaded.catalogue == nullptr) return 2;

  const simulation::WorldOptions world_options =
      demo_world(options.seed, options.seconds, options.requests_per_second);
  if (!options.server.empty()) {
    const auto played = play_against(options.server, world_options, loaded.catalogue, options.seconds, {});
    if (!played) {
      err << "bandstand: " << options.server << ": " << played.error().what << "\n";
      return 2;
    }
    return report(*played, {}, options, out);
  }
  simulation::LocalBandstand local(
      settings, [&](const serving::ServingSettings& s) { return make_team(s, options.team); },
      loaded.catalogue, loaded.text, kWorldStart);
  simulation::World world(world_options, loaded.catalogue);
  const base::WallTime end = kWorldStart + seconds_of(options.seconds);
  world.run_until(end, local);
  world.stop_traffic();
  const std::string campaigns = print_campaigns(local.control(), end);
  for (int i = 1; i <= 600 && !world.settled(); ++i) world.run_until(end + std::chrono::seconds(i), local);
  local.settle();
  if (!options.json) out << campaigns << "\n";
  return report(world.report(), compare_books(local.control().journal().ledger(), world.account()), options,
                out);
}

}  // namespace bandstand::app
