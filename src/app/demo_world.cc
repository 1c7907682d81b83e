// demo_world: windows and lives that shrink with the world's length; the ledger line by line.
#include "app/demo_world.h"

#include <algorithm>

namespace bandstand::app {
namespace {

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
  options.start = kWorldStart;
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

}  // namespace bandstand::app
