// protocol_day: a day's market, and the pacers in it.
#include "experiments/protocol_day.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <optional>

#include "agents/bid/landscape.h"
#include "agents/bid/landscape_estimator.h"
#include "base/check.h"
#include "base/rng.h"

namespace bandstand::experiments {
namespace {

namespace bid = agents::bid;
namespace budget = agents::budget;

constexpr int kWindows = 96;
constexpr int kMinutesPerWindow = 15;
constexpr int kBidMax = 600;  ///< room for prices after a shock

/// The day as its pacers meet it.
struct Day {
  std::vector<RecordedAuction> auctions;
  std::vector<std::size_t> window_ends;
  budget::SpendPlan traffic = budget::SpendPlan::even(kWindows);
  double budget = 0;
  double lambda = 0;   ///< of the optimum in hindsight
  double optimum = 0;  ///< R*
};

Day make_day(std::span<const RecordedAuction> auctions, const DayCondition& condition, double budget_amount) {
  Day day;
  day.auctions.assign(auctions.begin(), auctions.end());
  day.budget = budget_amount;
  for (std::size_t i = day.auctions.size() / 2; i < day.auctions.size(); ++i) {
    day.auctions[i].price =
        static_cast<std::int32_t>(std::lround(day.auctions[i].price * condition.price_shock));
  }
  std::vector<double> shares(kWindows, 1.0);
  for (int k = 0; k < kWindows && condition.diurnal; ++k) {
    shares[static_cast<std::size_t>(k)] = 1 + 0.85 * std::sin(2 * std::numbers::pi * (k - 36) / kWindows);
  }
  day.traffic = budget::SpendPlan(shares);
  const auto size = static_cast<double>(day.auctions.size());
  for (int k = 0; k < kWindows; ++k) {
    const double done = 1 - day.traffic.share_from(k + 1);
    day.window_ends.push_back(static_cast<std::size_t>(std::llround(done * size)));
  }
  const EpisodeResult best = knapsack(day.auctions, static_cast<std::int64_t>(budget_amount), &day.lambda);
  day.optimum = best.expected_clicks;
  return day;
}

/// Names mu for a stretch of the day and hears what came of it.
class Pacer {
 public:
  virtual ~Pacer() = default;
  /// Before window k. `left`: money and auctions (as forecast) that are left.
  virtual double start_window(int k, double budget_left, double auctions_left) = 0;
  virtual void end_window(int /*k*/, double /*spent*/, double /*wins*/, double /*auctions*/) {}
  /// After each auction.
  virtual void observe(double /*theta*/, std::int64_t /*bid*/, bool /*won*/, std::int64_t /*price*/) {}
  /// Minute by minute: probability to take part.
  virtual double pass_through(double /*spent_so_far*/, double /*share_of_traffic*/) { return 1; }
};

class Flb final : public Pacer {
 public:
  explicit Flb(double lambda) : lambda_(lambda) {}
  double start_window(int, double, double) override { return lambda_; }

 private:
  double lambda_;
};

class Bslb final : public Pacer {
 public:
  Bslb(double lambda, double budget) : lambda_(lambda), budget_(budget) {}
  double start_window(int k, double budget_left, double) override {
    return budget::bslb_lambda(lambda_, static_cast<double>(kWindows - k) / kWindows, budget_left / budget_);
  }

 private:
  double lambda_;
  double budget_;
};

template <class Controller>
class Controlled final : public Pacer {
 public:
  Controlled(Controller controller, budget::SpendPlan plan)
      : controller_(controller), plan_(std::move(plan)) {}
  double start_window(int k, double budget_left, double) override {
    planned_ = plan_.target(k, budget_left);
    return controller_.mu();
  }
  void end_window(int, double spent, double wins, double auctions) override {
    controller_.update({.spent = spent,
                        .planned = planned_,
                        .win_rate = auctions > 0 ? wins / auctions : 0,
                        .had_traffic = auctions > 0});
  }

 private:
  Controller controller_;
  budget::SpendPlan plan_;
  double planned_ = 0;
};

class TextbookPacer final : public Pacer {
 public:
  TextbookPacer(double lambda, double budget) : lambda_(lambda), pi_(budget, kWindows, {}) {}
  double start_window(int, double, double) override {
    return pi_.multiplier() > 0 ? lambda_ / pi_.multiplier() : 1e9;
  }
  void end_window(int k, double spent, double, double) override { pi_.update(spent_ += spent, k + 1); }

 private:
  double lambda_;
  budget::TextbookPi pi_;
  double spent_ = 0;
};

/// Re-solved once a window on the last 2,000 thetas; lambda0 until there are 100. `online`: the price law is
/// learned from wins and losses (training law as a prior worth 50 auctions); otherwise it is the training law
/// throughout.
class MpcPacer : public Pacer {
 public:
  MpcPacer(double lambda, std::span<const double> training_law, bool online)
      : mpc_(lambda, {.window = 2000, .every = 1, .warm_up = 100}),
        estimator_(bid::PriceGrid::linear(1, kBidMax + 1), widen(training_law), {}),
        law_(estimator_.estimate()),
        online_(online) {}

  double start_window(int, double budget_left, double auctions_left) override {
    mpc_.restart();
    if (mpc_.due()) {
      const auto costs = law_.expected_costs();
      mpc_.solve(budget_left, auctions_left, [costs](double bid) {
        return costs[static_cast<std::size_t>(std::min<double>(kBidMax, bid))];
      });
    }
    return mpc_.mu();
  }
  void observe(double theta, std::int64_t bid, bool won, std::int64_t price) override {
    mpc_.observe(theta);
    if (!online_) return;
    if (won) {
      estimator_.observe_price(price);
    } else {
      estimator_.observe_loss(bid);
    }
  }
  void end_window(int, double, double, double) override {
    if (!online_) return;
    law_ = estimator_.estimate();
    estimator_.decay();
  }

 private:
  static std::vector<double> widen(std::span<const double> law) {
    std::vector<double> wide(law.begin(), law.end());
    wide.resize(kBidMax + 1);
    return wide;
  }
  budget::RecedingHorizon mpc_;
  bid::LandscapeEstimator estimator_;
  bid::Landscape law_;
  bool online_;
};

/// The production default: the online MPC as feed-forward, its bias corrected by the integral of the log
/// error. The gains are the best of five pairs tried on the 2997 stream (0 and .35, .25 and .35, 0 and .1, .1
/// and .1): all five lie within .01 of each other in R/R*.
class CorrectedMpcPacer final : public MpcPacer {
 public:
  CorrectedMpcPacer(double lambda, std::span<const double> training_law, double eps, budget::SpendPlan plan)
      : MpcPacer(lambda, training_law, true),
        plan_(std::move(plan)),
        pi_(lambda, eps, {.kp = 0, .ki = 0.2}) {}
  double start_window(int k, double budget_left, double auctions_left) override {
    planned_ = plan_.target(k, budget_left);
    pi_.set_feed_forward(MpcPacer::start_window(k, budget_left, auctions_left));
    return pi_.mu();
  }
  void end_window(int k, double spent, double wins, double auctions) override {
    MpcPacer::end_window(k, spent, wins, auctions);
    pi_.update({.spent = spent,
                .planned = planned_,
                .win_rate = auctions > 0 ? wins / auctions : 0,
                .had_traffic = auctions > 0});
  }

 private:
  budget::SpendPlan plan_;
  budget::LogPi pi_;
  double planned_ = 0;
};

/// Fixed bid; takes part in a share of the auctions that moves by 10 % a minute; spends by the traffic of 22
/// hours.
class ThrottlePacer final : public Pacer {
 public:
  ThrottlePacer(double lambda, double budget, const budget::SpendPlan& traffic)
      : lambda_(lambda),
        budget_(budget),
        finish_(1 - traffic.share_from(kWindows * 22 / 24)),
        throttle_({}) {}
  double start_window(int, double, double) override { return lambda_; }
  double pass_through(double spent_so_far, double share_of_traffic) override {
    return throttle_.update(spent_so_far, budget_ * std::min(1.0, share_of_traffic / finish_));
  }

 private:
  double lambda_;
  double budget_;
  double finish_;
  budget::Throttle throttle_;
};

std::unique_ptr<Pacer> make_pacer(const std::string& name, double lambda, const Day& day,
                                  std::span<const double> training_law) {
  const double eps = budget::LogPi::epsilon(day.budget, kWindows);
  using LogPiPacer = Controlled<budget::LogPi>;
  if (name == "flb") return std::make_unique<Flb>(lambda);
  if (name == "bslb") return std::make_unique<Bslb>(lambda, day.budget);
  if (name == "textbook_pi") return std::make_unique<TextbookPacer>(lambda, day.budget);
  if (name == "log_pi") return std::make_unique<LogPiPacer>(budget::LogPi(lambda, eps, {}), day.traffic);
  if (name == "clock_pi") {
    return std::make_unique<LogPiPacer>(budget::LogPi(lambda, eps, {}), budget::SpendPlan::even(kWindows));
  }
  if (name == "dual") {
    return std::make_unique<Controlled<budget::WindowedDual>>(budget::WindowedDual(lambda, {}), day.traffic);
  }
  if (name == "mpc") return std::make_unique<MpcPacer>(lambda, training_law, false);
  if (name == "mpc_online") return std::make_unique<MpcPacer>(lambda, training_law, true);
  if (name == "mpc_pi") return std::make_unique<CorrectedMpcPacer>(lambda, training_law, eps, day.traffic);
  BANDSTAND_CHECK(name == "throttle");
  return std::make_unique<ThrottlePacer>(lambda, day.budget, day.traffic);
}

void run_day(const Day& day, Pacer& pacer, Ties ties, base::Rng& rng, DayRun& run) {
  std::vector<double> spend(kWindows);
  std::int64_t left = static_cast<std::int64_t>(day.budget);
  std::size_t at = 0;
  for (int k = 0; k < kWindows; ++k) {
    const std::size_t begin = at;
    const std::size_t end = day.window_ends[static_cast<std::size_t>(k)];
    const double mu =
        pacer.start_window(k, static_cast<double>(left), static_cast<double>(day.auctions.size() - at));
    double wins = 0;
    for (int minute = 0; minute < kMinutesPerWindow; ++minute) {
      const std::size_t minute_end =
          begin + (end - begin) * static_cast<std::size_t>(minute + 1) / kMinutesPerWindow;
      const double spent = day.budget - static_cast<double>(left);
      const double share = static_cast<double>(at) / static_cast<double>(day.auctions.size());
      const double pass = pacer.pass_through(spent, share);
      for (; at < minute_end; ++at) {
        const RecordedAuction& auction = day.auctions[at];
        if (pass < 1 && !rng.chance(pass)) continue;
        const auto wanted = static_cast<std::int64_t>(std::min<double>(kBidMax, auction.theta / mu));
        const std::int64_t bid = std::min(wanted, left);
        const bool won = ties == Ties::win ? bid >= auction.price : bid > auction.price;
        if (won) {
          ++wins;
          left -= auction.price;
          spend[static_cast<std::size_t>(k)] += auction.price;
          ++run.result.impressions;
          run.result.clicks += auction.click ? 1 : 0;
          run.result.cost += auction.price;
          run.result.expected_clicks += auction.theta;
        }
        pacer.observe(auction.theta, bid, won, auction.price);
      }
    }
    pacer.end_window(k, spend[static_cast<std::size_t>(k)], wins, static_cast<double>(end - begin));
  }
  run.result.auctions = static_cast<std::int64_t>(day.auctions.size());
  run.pacing = budget::measure_pacing(spend, day.traffic, day.budget);
}

}  // namespace

const std::vector<DayCondition>& day_conditions() {
  static const std::vector<DayCondition> conditions = {
      {"grid", false, 1, {-0.9, -0.6, -0.3, -0.1, 0.1, 0.3, 0.6, 1.2, 2.0}},
      {"diurnal", true, 1, {0, -0.6, 2.0}},
      {"shock", true, 1.6, {0, -0.6, 2.0}},
  };
  return conditions;
}

const std::vector<std::string>& day_policy_names() {
  static const std::vector<std::string> names = {"flb",  "bslb", "textbook_pi", "clock_pi", "log_pi",
                                                 "dual", "mpc",  "mpc_online",  "mpc_pi",   "throttle"};
  return names;
}

std::vector<DayRun> run_day_protocol(const CampaignInfo& info, std::span<const RecordedAuction> auctions,
                                     std::span<const DayCondition> conditions,
                                     std::span<const BudgetShare> budgets,
                                     std::span<const std::string> policies, Ties ties, std::uint64_t seed) {
  const std::vector<double> law = info.price_law();
  std::vector<DayRun> runs;
  for (const DayCondition& condition : conditions) {
    for (const BudgetShare& share : budgets) {
      const double amount = std::floor(info.cost_mean() * share.share * static_cast<double>(auctions.size()));
      const Day day = make_day(auctions, condition, amount);
      for (const std::string& policy : policies) {
        for (const double deviation : condition.deviations) {
          DayRun run{.condition = condition.name, .policy = policy, .budget = share, .deviation = deviation};
          run.optimum = day.optimum;
          base::Rng rng(seed);
          const auto pacer = make_pacer(policy, (1 + deviation) * day.lambda, day, law);
          run_day(day, *pacer, ties, rng, run);
          runs.push_back(std::move(run));
        }
      }
    }
  }
  return runs;
}

}  // namespace bandstand::experiments
