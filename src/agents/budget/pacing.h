// pacing: controllers that hold a budget to its plan, as small values: feed them a window, read the next price.
//
// 1. No clock, no I/O, no allocation after construction. Not thread-safe: one copy a line item, in the slow loop.
// 2. A window is a slice of the plan (a day has 96). Money and value are in one unit each, chosen by the caller; only
//    ratios of money enter the controllers, so that gains do not depend on the currency (TextbookPi excepted).
// 3. mu is the shadow price of budget in value per money: the bid is value / mu. Bigger mu, smaller bids.
// 4. These are soft controls. The hard limits (ledger, leases, plan gate) stand outside and do not trust them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "agents/budget/shadow_price.h"

namespace bandstand::agents::budget {

/// How a budget is spread over windows: shares of forecast eligible traffic (or of spend), re-planned each window.
class SpendPlan {
 public:
  /// One share (>= 0) a window; any scale, not all zero.
  explicit SpendPlan(std::vector<double> shares);
  static SpendPlan even(int windows);

  [[nodiscard]] int windows() const { return static_cast<int>(shares_.size()); }
  /// Share of the whole in window k. Sums to 1.
  [[nodiscard]] double share(int k) const { return shares_[static_cast<std::size_t>(k)]; }
  /// Share in windows k and later.
  [[nodiscard]] double share_from(int k) const { return tail_[static_cast<std::size_t>(k)]; }
  /// Share before window k.
  [[nodiscard]] double share_before(int k) const { return 1 - share_from(k); }
  /// What window k should spend of what is left at its start: remaining * f_k / sum of f_j, j >= k.
  [[nodiscard]] double target(int k, double remaining) const;

 private:
  std::vector<double> shares_;
  std::vector<double> tail_;  ///< windows + 1 entries, the last 0
};

/// What a window came to.
struct WindowOutcome {
  double spent = 0;
  double planned = 0;       ///< the target that stood at its start
  double win_rate = 0;      ///< wins / bids, 0..1
  bool had_traffic = true;  ///< false: nothing eligible came, so the error says nothing about the price
  double grain = 0;         ///< what one win costs: a window of few wins says little, and its logarithm errs low
};

/// PI controller on the logarithm of mu; the production form.
///   e = ln((spent + eps) / (planned + eps)),  eps = 0.05 * budget / windows + 4 grains      (no unit)
///   u = u0 + kp e + ki sum(e),  mu = exp(u)
/// Anti-windup by conditional integration: e is not added while mu is at a limit and e pushes further, while nothing
/// eligible came, or, for e < 0, while (nearly) everything is won already and dearer bids cannot buy more.
class LogPi {
 public:
  struct Options {
    double kp = 0.25;
    double ki = 0.35;
    double sum_limit = 30;          ///< |sum(e)| is clamped to this
    double mu_min = 1e-9;
    double mu_max = 1e9;
    double win_rate_saturated = 0.98;
  };
  /// `eps` > 0 in money: LogPi::epsilon(budget, windows).
  LogPi(double mu_start, double eps, Options options);
  static double epsilon(double budget, int windows) { return 0.05 * budget / windows; }

  /// Takes in a finished window; returns mu for the next.
  double update(const WindowOutcome& outcome);
  [[nodiscard]] double mu() const { return mu_; }
  /// kp e + ki sum(e): added to ln mu of a feed-forward (MPC) price, it corrects that model's bias.
  [[nodiscard]] double correction() const { return correction_; }
  /// Re-bases u0, so that the loop continues around a new feed-forward price.
  void set_feed_forward(double mu);

  /// Everything but the options, for a loop that goes on in another process.
  struct State {
    double eps = 0, u0 = 0, sum = 0, last_error = 0;
  };
  [[nodiscard]] State state() const { return {eps_, u0_, sum_, last_error_}; }
  LogPi(const State& state, Options options)
      : options_(options), eps_(state.eps), u0_(state.u0), sum_(state.sum), last_error_(state.last_error), mu_(1) {
    apply();
  }

 private:
  void apply();

  Options options_;
  double eps_;
  double u0_;
  double sum_ = 0;
  double last_error_ = 0;
  double correction_ = 0;
  double mu_;
};

/// Dual descent in its robust multiplicative form, per window: mu *= exp(eta * clip(spent/planned - 1, -1, 3)).
class WindowedDual {
 public:
  struct Options {
    double eta = 0.3;
    double clip_low = -1;
    double clip_high = 3;
    double mu_min = 1e-9;
    double mu_max = 1e9;
  };
  WindowedDual(double mu_start, Options options) : options_(options), mu_(mu_start) {}
  double update(const WindowOutcome& outcome);
  [[nodiscard]] double mu() const { return mu_; }

 private:
  Options options_;
  double mu_;
};

/// Dual descent per auction (Balseiro and Gur 2019): bid = v / (1 + lambda), lambda <- max(0, lambda - eta (rho - z)).
/// Kept as a named baseline: at a thousand auctions it never settles.
class AuctionDual {
 public:
  AuctionDual(double lambda_start, double eta) : lambda_(lambda_start), eta_(eta) {}
  /// `rho`: money per auction that may be spent; `paid`: 0 if lost.
  void update(double rho, double paid) { lambda_ = std::max(0.0, lambda_ - eta_ * (rho - paid)); }
  [[nodiscard]] double lambda() const { return lambda_; }

 private:
  double lambda_;
  double eta_;
};

/// Receding-horizon dual ("MPC"): every so many auctions, solves for the mu at which the values seen lately, bid at
/// v / mu against the market's law, would spend exactly what is left over the auctions that are left.
class RecedingHorizon {
 public:
  struct Options {
    int window = 500;     ///< values remembered
    int every = 20;       ///< auctions between two solutions
    int warm_up = 50;     ///< values needed before the first solution
    ShadowPriceBounds bounds = {};
  };
  /// `mu_start` is used during warm-up.
  RecedingHorizon(double mu_start, Options options);

  /// Remembers the value of an auction that was offered (won or not). The ring is allocated once.
  void observe(double value);
  /// True if it is time to solve again: at the first auction of an episode, then every `every` auctions.
  [[nodiscard]] bool due() const { return until_next_ == 0 && enough(); }
  /// Solves. `budget_left / auctions_left` is the target; `cost_of_bid(bid)` the expected cost of an auction.
  template <class CostOfBid>
  double solve(double budget_left, double auctions_left, CostOfBid&& cost_of_bid) {
    const double target = budget_left / std::max(1.0, auctions_left);
    mu_ = solve_shadow_price(values(), target, options_.bounds, cost_of_bid);
    until_next_ = options_.every;
    return mu_;
  }
  /// Forgets the countdown (a new episode or day), not the values.
  void restart() { until_next_ = 0; }
  /// Counts one auction. Call once per auction, after due() was honoured.
  void tick() { until_next_ = std::max(0, until_next_ - 1); }

  [[nodiscard]] double mu() const { return mu_; }
  [[nodiscard]] bool enough() const { return size_ >= static_cast<std::size_t>(options_.warm_up); }
  /// The values remembered, in no particular order.
  [[nodiscard]] std::span<const double> values() const { return {ring_.data(), size_}; }

 private:
  Options options_;
  std::vector<double> ring_;
  std::size_t size_ = 0;
  std::size_t next_ = 0;
  int until_next_ = 0;
  double mu_;
};

/// The PI controller as many texts print it. A named baseline, not for use: it stops the campaign, because
///  (1) it subtracts money from money per time; (2) remaining budget and time stay at their first values (if they
///  are updated, spend counts twice); (3) cumulative spend only grows, so that the error turns negative for good and
///  the integral drives the multiplier to 0 (no anti-windup); (4) gains carry 1 / money; (5) the output is the
///  multiplier itself, so zero error does not mean "as before"; (6) clipped to [0, 1], it can never raise a bid.
///   error = remaining / time_left - spent;  integral += error;  multiplier = clip(kp error + ki integral, 0, 1)
class TextbookPi {
 public:
  struct Options {
    double kp = 0.1;
    double ki = 0.05;
    bool update_remaining = false;  ///< pass true for the variant that counts spend twice
  };
  TextbookPi(double budget, double time_total, Options options)
      : options_(options), budget_(budget), time_total_(time_total) {}
  /// `spent_so_far` and `time_so_far` since the start; returns the multiplier for the next window.
  double update(double spent_so_far, double time_so_far);
  [[nodiscard]] double multiplier() const { return multiplier_; }

 private:
  Options options_;
  double budget_;
  double time_total_;
  double integral_ = 0;
  double multiplier_ = 1;
};

/// PID on a cost-per-click (or other) reference; bid = base * exp(phi). Zhang et al., "Feedback Control of Real-Time
/// Display Advertising", WSDM 2016, in the form of the authors' program: the derivative acts on the measurement and
/// enters from the second update on.
class ZhangPid {
 public:
  struct Options {
    double p = 5e-4;
    double i = 1e-6;
    double d = 1e-4;
    double phi_min = -2;
    double phi_max = 5;
  };
  ZhangPid(double reference, Options options) : options_(options), reference_(reference) {}
  /// `measured`: the controlled figure after the round that just ended. Returns phi for the next round.
  double update(double measured);
  [[nodiscard]] double phi() const { return phi_; }

 private:
  Options options_;
  double reference_;
  double sum_ = 0;
  double last_ = 0;
  int updates_ = 0;
  double phi_ = 0;
};

/// BSLB (Wu et al. 2018, the baseline of DRLB): lambda0 * (time left / time) / (budget left / budget).
/// FLB is lambda0 throughout. Shares are 0..1; a spent budget gives `lambda_max`.
double bslb_lambda(double lambda_start, double time_left_share, double budget_left_share, double lambda_max = 1e9);

/// Probabilistic throttling (Agarwal et al. 2014, LinkedIn): the share of auctions entered, the bid left as it is.
/// It cannot raise an under-bid, and inherits the error of the bid.
class Throttle {
 public:
  struct Options {
    double start = 0.10;
    double step = 0.10;   ///< p *= 1 + step below the plan, p *= 1 - step above it
    double floor = 1e-4;  ///< so that it can come back
  };
  explicit Throttle(Options options) : options_(options), pass_(options.start) {}
  /// Cumulative spend against the cumulative allocation.
  double update(double spent_so_far, double allocated_so_far);
  [[nodiscard]] double pass_through() const { return pass_; }

 private:
  Options options_;
  double pass_;
};

/// How well a plan was kept.
struct PacingFigures {
  double use = 0;                  ///< spend / budget
  double average_error = 0;        ///< (K / B) sqrt(mean of (dS_k - plan_k)^2): AvgErr of Smart Pacing (Xu et al. 2015)
  double cumulative_deviation = 0; ///< max over k of |cumulative spend - cumulative plan| / B
  double error_autocorrelation = 0;///< lag 1, of the windows' errors; below -0.5 means a limit cycle
};
/// Spend per window against the (static) plan of a whole budget.
PacingFigures measure_pacing(std::span<const double> spend, const SpendPlan& plan, double budget);

}  // namespace bandstand::agents::budget
