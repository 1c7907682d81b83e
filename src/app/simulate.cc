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

constexpr base::WallTime kStart{1'764'028'800'000'000'000};  // 2025-11-25 00:00 UTC

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

/// How much shorter everything is that has to do with the life of a bid: a demo squeezes a day into a minute, and money
/// that waits a minute for a bill that will not come would never be spent in it.
double squeeze_of(double seconds) { return std::clamp(seconds / 1800, 1.0 / 30, 1.0); }

base::Duration seconds_of(double s) { return std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(s)); }

}  // namespace

serving::ServingSettings demo_settings(double seconds) {
  serving::ServingSettings settings;
  serving::ExchangeSettings alpha;
  alpha.name = "alpha";
  alpha.network = std::chrono::milliseconds(10);
  serving::ExchangeSettings beta = alpha;
  beta.name = "beta";
  beta.bill_on = serving::BillOn::impression;
  settings.exchanges = {alpha, beta};
  settings.vendor_id = simulation::WorldOptions{}.population.vendor_id;
  const base::Duration length = seconds_of(seconds);
  settings.pacing.default_flight = length;
  settings.pacing.window_min = std::chrono::seconds(2);  // a bill is half a second behind its bid
  settings.matcher.click_window = std::max<base::Duration>(std::chrono::seconds(5), length / 20);
  settings.matcher.conversion_window = length / 4;
  settings.publish_every = std::chrono::seconds(1);
  const double squeeze = squeeze_of(seconds);
  settings.ledger.reclaim_after_lease = seconds_of(std::max(15.0, 150 * squeeze));
  if (squeeze < 1) {
    settings.ledger.lease_duration = std::chrono::seconds(4);
    settings.ledger.hold_won = settings.ledger.reclaim_after_lease;
  }
  return settings;
}

simulation::WorldOptions demo_world(std::uint64_t seed, double seconds, double requests_per_second) {
  simulation::WorldOptions options;
  options.seed = seed;
  options.start = kStart;
  options.traffic.requests_per_second = requests_per_second;
  options.traffic.speed_up = 86'400 / seconds;
  options.traffic.expiry_factor = squeeze_of(seconds);
  options.notices.late_by_s = std::min(20.0, std::max(1.0, seconds / 30));
  return options;
}

std::vector<std::string> compare_books(const ledger::Ledger& ledger,
                                       const simulation::ExchangeAccount& account) {
  std::vector<std::string> out;
  for (const auto& book : ledger.campaigns()) {
    const base::Nanos owed = book.of(ledger::Account::media_cost) + book.of(ledger::Account::house_loss);
    const auto found = account.lines().find(std::to_string(book.id.value));
    const base::Nanos billed = found == account.lines().end()
                                   ? base::Nanos{}
                                   : found->second.amount + found->second.unpriced_ceiling;
    if (owed != billed) {
      out.push_back("campaign " + std::to_string(book.id.value) + ": ledger " + base::format_amount(owed) +
                    ", exchange " + base::format_amount(billed));
    }
  }
  return out;
}

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
      loaded.catalogue, loaded.text, kStart);
  simulation::World world(world_options, loaded.catalogue);
  const base::WallTime end = kStart + seconds_of(options.seconds);
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
