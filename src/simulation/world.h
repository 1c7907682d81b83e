// world: users, exchanges and rivals around one Bandstand: sends bid requests, holds the auctions, fires
// notices, lets people click and buy, and keeps the exchange's books.
//
// 1. Deterministic: with a transport that answers at once, the same options give the same bytes in the same
// order.
// 2. What a visit offers, what the crowd pays, and how the user would respond are drawn from streams of their
// own
//    (common random numbers), so two policies are compared in the same world.
// 3. Whether a bid is billed by its burl or by the pixel in its markup is the bidder's choice: a bid with a
// burl is billed
//    by it, one without by the pixel. Never both. Billing notices are repeated until acknowledged.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "domain/catalogue.h"
#include "simulation/attacks.h"
#include "simulation/market.h"
#include "simulation/population.h"
#include "simulation/population_response.h"
#include "simulation/traffic.h"
#include "simulation/world_report.h"
#include "simulation/world_shock.h"
#include "simulation/world_transport.h"

namespace bandstand::simulation {

enum class NoticeKind : std::uint8_t { win, bill, loss, impression, click, progress, conversion };
inline constexpr std::size_t kNoticeKinds = 7;
const char* name_of(NoticeKind kind) noexcept;

/// How notices travel, and what goes wrong with them. Shares are of notices; they may overlap.
struct NoticeOptions {
  double win_delay_ms = 60, delay_deviation = .8;  ///< log-normal: median, deviation of the logarithm
  double render_share = .95;                       ///< of wins that are shown at all
  double render_delay_ms = 400;                    ///< after the win
  double lost_share = .002;  ///< never arrives; billing notices are sent again, the others not
  double acknowledgement_lost_share = .002;  ///< arrives, but the sender does not hear so
  double duplicate_share = .005;             ///< sent twice
  double late_share = .002, late_by_s = 20;  ///< mean of an exponential
  double early_bill_share = .01;             ///< billing overtakes the win notice
  double min_to_win_share = .9;              ///< of notices that say what it would have taken
  double audit_share = .0005;                ///< quality renders: the price is AUDIT
  double unresolved_share = 0;               ///< the macro of the price stays as it is
  base::Duration retry_first = std::chrono::seconds(1), retry_max = std::chrono::seconds(8);
  int billing_attempts_max = 60, other_attempts_max = 3;
};

/// Share of conversions within an hour and a day of the world, the rest within 30 days (algorithms.md section
/// 10).
struct ConversionOptions {
  double within_hour = .35, within_day = .50;
};

struct WorldOptions {
  std::uint64_t seed = 1;  ///< overrides the seeds of the parts
  base::WallTime start{1'700'000'000'000'000'000};
  PopulationOptions population;
  TrafficOptions traffic;
  MarketOptions market;
  ResponseOptions response;
  NoticeOptions notices;
  ConversionOptions conversions;
  std::vector<Shock> shocks;
  std::vector<AttackOptions> attacks;
};

/// One thread.
class World final : public AnswerHandler {
 public:
  /// The catalogue tells the features of the creatives; null: they are hashed from crid.
  explicit World(const WorldOptions& options, domain::CatalogueSnapshot catalogue = nullptr);
  ~World() override;

  /// Does everything that is due until `t`, in order, telling the transport the time of each step. Virtual
  /// time: the transport answers at once. Real time: call it every few milliseconds with the clock's time; it
  /// returns soon, and what has become late leaves late (open loop; the latency says so).
  void run_until(base::WallTime t, Transport& transport);
  /// No more visits; notices, clicks and conversions still happen.
  void stop_traffic();
  /// When the next thing is due; for how long a real-time loop may sleep.
  [[nodiscard]] base::WallTime next_due() const;
  /// Nothing that concerns money is open: no bid request, win, loss or billing notice under way or waiting.
  [[nodiscard]] bool settled() const;

  void on_answer(const Answer& answer) override;

  /// Figures up to now. The account's pending lines count what is not acknowledged.
  [[nodiscard]] const WorldReport& report();
  [[nodiscard]] const ExchangeAccount& account();
  [[nodiscard]] const Population& population() const;
  [[nodiscard]] const Market& market() const;
  [[nodiscard]] const Traffic& traffic() const;
  [[nodiscard]] const ResponseModel& responses() const;
  /// Hash over every byte handed to the transport, in order.
  [[nodiscard]] std::uint64_t sent_hash() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace bandstand::simulation
