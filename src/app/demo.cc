// demo: starts, plays, shows, sums up.
#include "app/demo.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "app/play.h"
#include "app/serve.h"
#include "app/simulate.h"
#include "simulation/demo_catalogue.h"

namespace bandstand::app {
namespace {

std::atomic<bool> interrupted{false};

/// A figure that only grows, as a rate over the last second.
class Rate {
 public:
  double per_second(std::uint64_t value) {
    const double rate = static_cast<double>(value - last_);
    last_ = value;
    return rate;
  }

 private:
  std::uint64_t last_ = 0;
};

double ms(base::Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

/// The live view: a screen that is redrawn where output is a terminal, else a line a second.
class View {
 public:
  explicit View(const serving::Server& server) : server_(server), terminal_(isatty(STDOUT_FILENO) == 1) {}

  void draw(simulation::World& world, serving::Control& control, double elapsed, double seconds) {
    const auto& report = world.report();
    const auto total = report.total();
    const double requests = requests_.per_second(total.requests);
    const double bids = bids_.per_second(total.bids);
    const double wins = wins_.per_second(total.wins);
    if (!terminal_) {
      std::printf(
          "%5.0f s  %6.0f requests/s  p50 %.2f ms  p99 %.2f ms  bids %5.0f/s  wins %4.0f/s  unanswered "
          "%llu\n",
          elapsed, requests, ms(report.bid_latency.quantile(.5)), ms(report.bid_latency.quantile(.99)), bids,
          wins, static_cast<unsigned long long>(total.no_answer));
      std::fflush(stdout);
      return;
    }
    std::printf("\033[H\033[2J\033[1mBandstand demo\033[0m   %.0f s", elapsed);
    if (seconds > 0) std::printf(" of %.0f", seconds);
    std::printf("   public %s   status page http://%s/\n\n", server_.public_address().c_str(),
                server_.admin_address().c_str());
    std::printf("requests/s %6.0f    p50 %6.2f ms    p99 %6.2f ms    late or unanswered %llu\n", requests,
                ms(report.bid_latency.quantile(.5)), ms(report.bid_latency.quantile(.99)),
                static_cast<unsigned long long>(total.late + total.no_answer));
    std::printf("bid rate   %5.1f %%    win rate %5.1f %%    clicks %llu    reward %s\n\n",
                requests > 0 ? 100 * bids / requests : 0, bids > 0 ? 100 * wins / bids : 0,
                static_cast<unsigned long long>(report.human_clicks),
                base::format_amount(control.totals().reward).c_str());
    std::fputs(print_campaigns(control, base::SystemClock().wall()).c_str(), stdout);
    std::printf("\nCtrl-C ends the demo with a summary.\n");
    std::fflush(stdout);
  }

 private:
  const serving::Server& server_;
  bool terminal_;
  Rate requests_, bids_, wins_;
};

void summary(const simulation::WorldReport& report, const serving::Control& control,
             const std::vector<std::string>& differences, std::uint64_t fallbacks) {
  const auto& counts = control.matcher().counts();
  std::printf("\n== spend against plan\n%s", print_campaigns(control, base::SystemClock().wall()).c_str());
  std::printf("\n== the world\n%s\n", report.print().c_str());
  std::printf("== the server\n");
  std::printf("decisions logged %llu, lost to a full ring %llu; agent fallbacks %llu\n",
              static_cast<unsigned long long>(control.totals().decisions_logged),
              static_cast<unsigned long long>(control.totals().decisions_dropped),
              static_cast<unsigned long long>(fallbacks));
  std::printf(
      "notices and events matched %llu, repeated %llu, late %llu, unmatched %llu; conflicts %llu; reward "
      "%s\n",
      static_cast<unsigned long long>(counts.matched), static_cast<unsigned long long>(counts.repeated),
      static_cast<unsigned long long>(counts.late), static_cast<unsigned long long>(counts.unmatched),
      static_cast<unsigned long long>(control.totals().conflicts),
      base::format_amount(control.totals().reward).c_str());
  const auto total = report.account.total();
  if (differences.empty()) {
    std::printf("books: the ledger equals the exchange's account to the nano: %s over %llu impressions\n",
                base::format_amount(total.amount + total.unpriced_ceiling).c_str(),
                static_cast<unsigned long long>(total.billed));
  }
  for (const auto& difference : differences) std::printf("books DIFFER: %s\n", difference.c_str());
}

std::uint64_t count_fallbacks(std::span<const telemetry::MetricSet* const> sets) {
  std::uint64_t sum = 0;
  for (const telemetry::MetricSet* set : sets) {
    for (const telemetry::Family* family : set->families()) {
      if (std::string_view(family->description().name) != "bandstand_agent_fallback_total") continue;
      for (std::size_t row = 0; row < family->rows(); ++row)
        sum += static_cast<std::uint64_t>(family->read(row));
    }
  }
  return sum;
}

}  // namespace

int demo(const DemoOptions& options) {
  namespace fs = std::filesystem;
  const bool own_data = options.data.empty();
  const fs::path data = own_data ? fs::temp_directory_path() / ("bandstand-demo-" + std::to_string(getpid()))
                                 : fs::path(options.data);
  const double flight = options.seconds > 0 ? options.seconds : 600;
  const base::SystemClock clock;
  serving::ServingSettings settings = demo_settings(flight);
  settings.public_url = "";
  simulation::DemoCatalogueOptions sample;
  sample.seed = options.seed;
  sample.requests_per_second = options.requests_per_second;
  sample.seconds = flight;
  const serving::LoadedCatalogue loaded =
      parse_catalogue(simulation::demo_catalogue_json(sample), "(sample catalogue)", settings);
  if (loaded.catalogue == nullptr) return 2;

  serving::ServerOptions server_options;
  server_options.data_dir = data.string();
  server_options.listen = options.listen;
  server_options.admin = options.admin;
  std::vector<const telemetry::MetricSet*> sets;
  serving::Server server(
      settings, server_options, [](const serving::ServingSettings& s) { return make_team(s, TeamNames{}); },
      [&](serving::Control& control, std::span<const telemetry::MetricSet* const> metric_sets) {
        sets.assign(metric_sets.begin(), metric_sets.end());
        return make_admin(control, metric_sets);
      },
      [&] { return loaded; });
  if (const auto started = server.start(); !started) {
    std::fprintf(stderr, "bandstand: %s\n", server.error().c_str());
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGINT, [](int) { interrupted.store(true); });
  std::signal(SIGTERM, [](int) { interrupted.store(true); });
  std::printf("ready public=%s admin=%s\n", server.public_address().c_str(), server.admin_address().c_str());
  std::fflush(stdout);
  std::thread control_thread([&] { server.run(); });
  View view(server);
  const auto played =
      play_against(server.public_address(), demo_world(options.seed, flight, options.requests_per_second),
                   loaded.catalogue, options.seconds > 0 ? options.seconds : 1e9,
                   [&](simulation::World& world, double elapsed) {
                     view.draw(world, server.control(), elapsed, options.seconds);
                     return !interrupted.load();
                   });
  server.stop();
  control_thread.join();
  int code = 2;
  if (played) {
    const auto differences = compare_books(server.control().journal().ledger(), played->account);
    summary(*played, server.control(), differences, count_fallbacks(sets));
    code = differences.empty() && server.control().matcher().counts().unmatched == 0 ? 0 : 1;
  }
  if (own_data) fs::remove_all(data);
  return code;
}

}  // namespace bandstand::app
