// pacer: the slow loop's half of the budget agent: turns spend, plan and offers into each campaign's shadow price.
//
// 1. Each window (flight / 96, between 1 s and 15 min) a campaign is re-planned: its budget is spread over the traffic that is
//    expected until it ends (its day in the advertiser's zone, or its flight), and what is missing or too much by now over the
//    next few windows.
// 2. mu is the feed-forward price at which the values offered lately would spend just that against the learned market
//    (receding-horizon dual), times exp of a log-space PI correction of what that model gets wrong.
// 3. Soft control only. What bounds spend is the ledger and its leases.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agents/budget/pacing.h"
#include "agents/budget/pacing_snapshot.h"
#include "agents/budget/traffic_shape.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/money.h"
#include "base/result.h"
#include "domain/catalogue.h"

namespace bandstand::agents::budget {

/// How a campaign's money is steered. `receding_horizon` is the default; the others are named baselines.
enum class PacingPolicy : std::uint8_t { receding_horizon, log_pi, dual, textbook_pi, throttle, none };
const char* name_of(PacingPolicy policy) noexcept;
std::optional<PacingPolicy> pacing_policy_of(std::string_view name) noexcept;

struct PacerOptions {
  PacingPolicy policy = PacingPolicy::receding_horizon;
  double mu_min = 1.0;        ///< never above value; below 1 buys volume at a loss
  double mu_max = 1e4;
  double gate_over_plan = 0.10;  ///< spend this far above a window's plan closes the campaign until the next window ...
  double gate_slack = 0.005;     ///< ... beyond this share of the period's budget
  base::Duration window_min = std::chrono::seconds(1);
  base::Duration window_max = std::chrono::minutes(15);
  int windows = 96;
  double catch_up_windows = 8;   ///< what is ahead of or behind the plan is made good over so many
  double finish_windows = 0.5;   ///< the plan ends so many before the period: room for noise and for money that comes back
  /// Campaigns without an end and without a daily budget are spread over this much time from their first sight.
  base::Duration default_flight = std::chrono::hours(24 * 30);
  std::size_t offers_kept = 256;  ///< recent values remembered per campaign
};

/// A campaign's money as the ledger has it now.
struct MoneyState {
  base::Nanos charged;        ///< so far, all days
  base::Nanos charged_today;
  base::Nanos promised;       ///< reserved for bids that are out (may or may not be won)
  bool paused = false;
};

/// Where a campaign stands as a window begins: what a trained control of its shadow price looks at (agents/bid/control_state
/// has the same figures). Ratios, and logarithms of ratios.
struct PaceReading {
  double traffic_left = 1, budget_left = 1;  ///< shares of the period
  double budget_log = 0;                     ///< ln(money left an expected offer / usual cost of a win)
  double spent_log = 0, spent_log_before = 0;  ///< ln(spent / planned) of the last window and of the one before it
  double win_rate = 0;                         ///< wins an offer, last window
  double value_log = 0;                        ///< ln(mean value offered in the last window / in the period so far)
  double price_log = 0;                        ///< ln(cost of a win in the last window / usual)
  double mu_log = 0;                           ///< ln(mu / its mean of late)
};
/// What a trained control adds to ln mu.
using ResidualOf = std::function<float(const PaceReading&)>;

/// Expected cost of one auction in which `bid` nanos is the most one would pay: from the market's landscape.
using CostOfBid = std::function<double(double bid)>;

/// One thread (control). Deterministic: same calls, same snapshots.
class Pacer {
 public:
  Pacer(const PacerOptions& options, domain::CatalogueSnapshot catalogue);

  /// A new catalogue: campaigns keep their state by id.
  void adopt(domain::CatalogueSnapshot catalogue);
  /// An opportunity at which the campaign could have bid, and what it was worth (nanos).
  void offer(std::uint32_t campaign, double value);
  /// So many requests came, whoever could bid on them: what the traffic's shape is learned from. Offers will not do
  /// for that, since they stop when money does.
  void saw_traffic(std::uint64_t requests) { requests_ += requests; }
  /// A bid of the campaign was won at this cost (for the win rate and the market check).
  void bid_made(std::uint32_t campaign) { ++states_[campaign].bids; }
  void bid_won(std::uint32_t campaign) { ++states_[campaign].wins; }

  /// From the next window on; empty: none.
  void use_residual(ResidualOf residual) { residual_ = std::move(residual); }

  /// Re-plans what is due. `money[i]` is campaign i's. True if any campaign changed: then snapshot() is new.
  bool tick(base::WallTime now, std::span<const MoneyState> money, const CostOfBid& cost_of_bid);
  [[nodiscard]] std::shared_ptr<const PacingSnapshot> snapshot() const { return snapshot_; }

  /// What it knows of campaigns and of the week, as bytes with a form and a checksum (pacer_state.cc). About 2.3 KB a campaign
  /// that has seen traffic.
  [[nodiscard]] std::string encode() const;
  /// Goes on from encode()'s bytes, before the first tick: campaigns of the catalogue that they know get their state, by id.
  /// Returns how many. A window that ended more than a second before `now` teaches nothing. The sums of the baseline policies
  /// start anew. Errors: `corrupt` (nothing is changed).
  base::Result<std::size_t> restore(std::string_view bytes, base::WallTime now);
  /// Versions of snapshots rise from here.
  void start_at(std::uint32_t version) { version_ = std::max(version_, version); }

  /// For reports: the plan and the spend of a campaign since its period (day or flight) began.
  struct Report {
    base::Nanos budget, planned, spent;   ///< of the present period
    double mu = 1;
    bool open = false;
    domain::Refusal why = domain::Refusal::none;
  };
  [[nodiscard]] Report report(std::uint32_t campaign, base::WallTime now) const;

 private:
  struct Period {
    base::WallTime begin, end;
    base::Nanos budget, charged;
  };
  struct State {
    base::CampaignId id;
    base::WallTime first_seen, window_end, period_end;
    Period period;
    base::Nanos window_start_spent;
    double planned = 0;          ///< of the present window
    base::WallTime window_begin;
    std::uint64_t window_offers = 0;
    double window_requests = 0, open_requests = 0;  ///< all, and those that came while the campaign was open
    double requests_a_unit = 0;     ///< of the traffic's shape; exponential average
    double offers_a_request = 0;    ///< while open; exponential average
    double offers_expected = 0;     ///< in the window to come
    std::uint64_t bids = 0, wins = 0;
    double cost_of_win = 0;      ///< exponential average
    std::vector<double> values;  ///< ring
    std::size_t value_at = 0;
    double mu_model = 1;
    double window_value = 0, period_value = 0;  ///< sums of what was offered
    double period_offers = 0;
    double mu_log_mean = 0;      ///< exponential average
    PaceReading reading;
    std::optional<LogPi> log_pi;
    std::optional<WindowedDual> dual;
    std::optional<Throttle> throttle;
    std::optional<TextbookPi> textbook;
    CampaignPace pace;
  };

  bool read(base::ByteReader& in, State& state) const;
  [[nodiscard]] LogPi log_pi_of(const LogPi::State& state) const { return {state, log_pi_options()}; }
  [[nodiscard]] LogPi::Options log_pi_options() const;
  [[nodiscard]] WindowedDual::Options dual_options() const {
    return {0.3, -1, 3, options_.mu_min, options_.mu_max};
  }
  [[nodiscard]] Period period_of(const domain::Campaign& campaign, const State& state, const MoneyState& money,
                                 base::WallTime now) const;
  [[nodiscard]] base::Duration window_of(const Period& period) const;
  [[nodiscard]] double target_of(const domain::Campaign& campaign, const Period& period, base::WallTime from,
                                 base::WallTime to) const;
  [[nodiscard]] double plan_left(const domain::Campaign& campaign, const Period& period, base::WallTime t) const;
  bool replan(std::uint32_t index, const MoneyState& money, base::WallTime now, double requests,
              const CostOfBid& cost_of_bid);
  void count_traffic(State& state, base::WallTime now, base::WallTime next_end) const;
  void turn_window(State& state, const domain::Campaign& campaign, const Period& period, base::WallTime now,
                   const CostOfBid& cost_of_bid);
  void read_pace(State& state, const domain::Campaign& campaign, const Period& period, base::WallTime now) const;
  void steer(State& state, const domain::Campaign& campaign, const Period& period, double target, base::WallTime now,
             const CostOfBid& cost_of_bid);
  void gate(State& state, const domain::Campaign& campaign, const Period& period, bool paused, base::WallTime now) const;
  [[nodiscard]] double model_price(const State& state, double target, const CostOfBid& cost_of_bid) const;

  PacerOptions options_;
  domain::CatalogueSnapshot catalogue_;
  std::vector<State> states_;
  TrafficShape shape_;
  ResidualOf residual_;
  std::uint64_t requests_ = 0;
  base::WallTime shape_at_;
  std::uint32_t version_ = 0;
  std::shared_ptr<const PacingSnapshot> snapshot_;
};

}  // namespace bandstand::agents::budget
