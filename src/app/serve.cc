// serve: settings, catalogue, signals, and one line when it is ready.
#include "app/serve.h"

#include <csignal>
#include <cstdio>

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

}  // namespace

serving::LoadedCatalogue parse_catalogue(std::string text, const std::string& name, const serving::ServingSettings& settings) {
  serving::LoadedCatalogue out;
  out.text = std::move(text);
  protocol::catalogue::ExchangeNames exchanges;
  for (const auto& exchange : settings.exchanges) exchanges.push_back(exchange.name);
  std::vector<protocol::catalogue::Problem> problems;
  out.catalogue = protocol::catalogue::read_catalogue(out.text, exchanges, problems);
  for (const auto& problem : problems) {
    std::fprintf(stderr, "%s\n", protocol::catalogue::print(problem, name).c_str());
  }
  return out;
}

serving::LoadedCatalogue load_catalogue(const std::string& path, const serving::ServingSettings& settings) {
  if (path.empty()) return parse_catalogue(simulation::demo_catalogue_json(), "(sample catalogue)", settings);
  auto text = base::read_whole_file(path);
  if (!text) {
    std::fprintf(stderr, "bandstand: cannot read the catalogue %s: %s\n", path.c_str(), text.error().what);
    return {};
  }
  return parse_catalogue(std::move(*text), path, settings);
}

std::unique_ptr<serving::http::Handler> make_admin(serving::Control& control,
                                                   std::span<const telemetry::MetricSet* const> metric_sets) {
  static const base::SystemClock clock;
  return std::make_unique<serving::AdminEndpoint>(control, serving::AdminOptions{"", [] {
    if (running != nullptr) running->reload();
  }}, metric_sets, clock);
}

int serve(const ServeOptions& options) {
  serving::ServingSettings settings = demo_settings(86'400);
  settings.public_url = "";
  TeamNames names;
  serving::ServerOptions server_options;
  server_options.data_dir = options.data;
  server_options.listen = options.listen;
  server_options.admin = options.admin;
  serving::Server server(
      settings, server_options, [names](const serving::ServingSettings& s) { return make_team(s, names); },
      [](serving::Control& control, std::span<const telemetry::MetricSet* const> sets) {
        return make_admin(control, sets);
      },
      [&] { return load_catalogue(options.catalogue, settings); });
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
