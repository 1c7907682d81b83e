// serve: settings, catalogue, signals, and one line when it is ready.
#include "app/serve.h"

#include <csignal>
#include <cstdio>
#include <utility>

#include "app/settings.h"
#include "app/simulate.h"
#include "base/input.h"
#include "protocol/catalogue/catalogue_reader.h"
#include "serving/admin.h"
#include "simulation/demo_catalogue.h"

namespace bandstand::app {
namespace {

serving::Server* running = nullptr;

void on_signal(int signal) {
  if (running == nullptr) return;
  if (signal == SIGHUP) {
    running->reload();
  } else {
    running->stop();
  }
}

/// For whoever reads standard error, and for whoever asked for the reload.
void report(serving::LoadedCatalogue& loaded, std::string problem) {
  std::fprintf(stderr, "%s\n", problem.c_str());
  loaded.problems.push_back(std::move(problem));
}

}  // namespace

serving::LoadedCatalogue parse_catalogue(std::string text, const std::string& name,
                                         const serving::ServingSettings& settings) {
  serving::LoadedCatalogue out;
  out.text = std::move(text);
  protocol::catalogue::ExchangeNames exchanges;
  for (const auto& exchange : settings.exchanges) exchanges.push_back(exchange.name);
  std::vector<protocol::catalogue::Problem> problems;
  out.catalogue = protocol::catalogue::read_catalogue(out.text, exchanges, problems);
  for (const auto& problem : problems) report(out, protocol::catalogue::print(problem, name));
  return out;
}

serving::LoadedCatalogue load_catalogue(const std::string& path, const serving::ServingSettings& settings) {
  if (path.empty()) {
    simulation::DemoCatalogueOptions day;
    day.seconds = 86'400;
    return parse_catalogue(simulation::demo_catalogue_json(day), "(sample catalogue)", settings);
  }
  auto text = base::read_whole_file(path);
  if (!text) {
    serving::LoadedCatalogue out;
    report(out, "bandstand: cannot read the catalogue " + path + ": " + text.error().what);
    return out;
  }
  return parse_catalogue(std::move(*text), path, settings);
}

std::unique_ptr<serving::http::Handler> make_admin(serving::Control& control,
                                                   std::span<const telemetry::MetricSet* const> metric_sets,
                                                   const std::string& token) {
  static const base::SystemClock clock;
  return std::make_unique<serving::AdminEndpoint>(control,
                                                  serving::AdminOptions{token,
                                                                        [] {
                                                                          return running == nullptr
                                                                                     ? serving::ReloadReport{}
                                                                                     : running->reload_now();
                                                                        }},
                                                  metric_sets, clock);
}

serving::LoadedCatalogue load_served(const Settings& settings, const std::string& config) {
  auto out = load_catalogue(settings.catalogue, settings.serving);
  std::vector<Problem> problems;
  out.fraud = read_fraud_lists(settings, problems);
  for (const auto& problem : problems) report(out, protocol::catalogue::print(problem, config));
  if (!problems.empty()) out.catalogue = nullptr;
  return out;
}

int serve(const ServeOptions& options) {
  Settings settings;
  if (options.config.empty()) {
    settings.serving = demo_settings(86'400);
    settings.serving.public_url.clear();
  } else {
    std::vector<protocol::catalogue::Problem> problems;
    auto loaded = load_settings(options.config, problems);
    for (const auto& problem : problems) {
      std::fprintf(stderr, "%s\n", protocol::catalogue::print(problem, options.config).c_str());
    }
    if (!loaded)
      std::fprintf(stderr, "bandstand: cannot read %s: %s\n", options.config.c_str(), loaded.error().what);
    if (!loaded || !problems.empty()) return 2;
    settings = std::move(*loaded);
  }
  if (!options.data.empty()) settings.server.data_dir = options.data;
  if (!options.listen.empty()) settings.server.listen = options.listen;
  if (!options.admin.empty()) settings.server.admin = options.admin;
  if (!options.catalogue.empty()) settings.catalogue = options.catalogue;
  if (settings.watch_files) {
    const FraudFiles& lists = settings.fraud;
    for (const std::string& file :
         {settings.catalogue, lists.crawlers, lists.blocked_ranges, lists.data_center_ranges,
          lists.exempt_ranges, lists.data_center_csv, lists.as_csv}) {
      if (!file.empty()) settings.server.watched.push_back(file);
    }
  }
  settings.server.read_model = read_learned;
  bool first_load = true;
  serving::Server server(
      settings.serving, settings.server,
      [&](const serving::ServingSettings& s) { return make_team(s, settings.team); },
      [&](serving::Control& control, std::span<const telemetry::MetricSet* const> sets) {
        return make_admin(control, sets, settings.admin_token);
      },
      [&] {
        if (!std::exchange(first_load, false)) return load_served(settings, options.config);
        auto loaded = load_catalogue(settings.catalogue, settings.serving);
        loaded.fraud = settings.team.fraud_lists;  // read and checked with the settings
        return loaded;
      });
  if (const auto started = server.start(); !started) {
    std::fprintf(stderr, "bandstand: %s\n", server.error().c_str());
    return 2;
  }
  running = &server;
  std::signal(SIGTERM, on_signal);
  std::signal(SIGINT, on_signal);
  std::signal(SIGHUP, on_signal);
  std::signal(SIGPIPE, SIG_IGN);
  std::printf("ready public=%s admin=%s\n", server.public_address().c_str(), server.admin_address().c_str());
  std::fflush(stdout);
  const int code = server.run();
  running = nullptr;
  return code;
}

}  // namespace bandstand::app
