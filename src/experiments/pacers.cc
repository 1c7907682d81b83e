// pacers: fixed, paced by feedback, and solved ahead.
#include "experiments/pacers.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "agents/bid/landscape.h"
#include "agents/bid/landscape_estimator.h"
#include "base/check.h"

namespace bandstand::experiments {
namespace {

namespace bid = agents::bid;
namespace budget = agents::budget;

class Flb final : public Pacer {
 public:
  explicit Flb(double lambda) : lambda_(lambda) {}
  double start_window(int, double, double) override { return lambda_; }

 private:
  double lambda_;
};

class Bslb final : public Pacer {
 public:
  Bslb(double lambda, double budget, int windows) : lambda_(lambda), budget_(budget), windows_(windows) {}
  double start_window(int k, double budget_left, double) override {
    return budget::bslb_lambda(lambda_, static_cast<double>(windows_ - k) / windows_, budget_left / budget_);
  }

 private:
  double lambda_;
  double budget_;
  int windows_;
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
  TextbookPacer(double lambda, double budget, int windows) : lambda_(lambda), pi_(budget, windows, {}) {}
  double start_window(int, double, double) override {
    return pi_.multiplier() > 0 ? lambda_ / pi_.multiplier() : 1e9;
  }
  void end_window(int k, double spent, double, double) override { pi_.update(spent_ += spent, k + 1); }

 private:
  double lambda_;
  budget::TextbookPi pi_;
  double spent_ = 0;
};

/// Re-solved once a window on the last 2,000 thetas; lambda0 until there are 100 (PacerSetup). `online`: the
/// price law is learned from wins and losses (training law as a prior worth 50 auctions); otherwise it is the
/// training law throughout.
class MpcPacer : public Pacer {
 public:
  MpcPacer(const PacerSetup& setup, bool online)
      : mpc_(setup.lambda, {.window = setup.values, .every = 1, .warm_up = setup.warm_up}),
        estimator_(bid::PriceGrid::linear(1, kDayBidMax + 1), widen(setup.training_law), {}),
        law_(estimator_.estimate()),
        online_(online) {}

  double start_window(int, double budget_left, double auctions_left) override {
    mpc_.restart();
    if (mpc_.due()) {
      const auto costs = law_.expected_costs();
      mpc_.solve(budget_left, auctions_left, [costs](double bid) {
        return costs[static_cast<std::size_t>(std::min<double>(kDayBidMax, bid))];
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
    wide.resize(kDayBidMax + 1);
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
  CorrectedMpcPacer(const PacerSetup& setup, double eps)
      : MpcPacer(setup, true), plan_(setup.traffic), pi_(setup.lambda, eps, {.kp = 0, .ki = 0.2}) {}
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
        finish_(1 - traffic.share_from(traffic.windows() * 22 / 24)),
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

}  // namespace

std::unique_ptr<Pacer> make_pacer(const std::string& name, const PacerSetup& setup) {
  const int windows = setup.traffic.windows();
  const double eps = budget::LogPi::epsilon(setup.budget, windows);
  const double lambda = setup.lambda;
  using LogPiPacer = Controlled<budget::LogPi>;
  if (name == "flb") return std::make_unique<Flb>(lambda);
  if (name == "bslb") return std::make_unique<Bslb>(lambda, setup.budget, windows);
  if (name == "textbook_pi") return std::make_unique<TextbookPacer>(lambda, setup.budget, windows);
  if (name == "log_pi") return std::make_unique<LogPiPacer>(budget::LogPi(lambda, eps, {}), setup.traffic);
  if (name == "clock_pi") {
    return std::make_unique<LogPiPacer>(budget::LogPi(lambda, eps, {}), budget::SpendPlan::even(windows));
  }
  if (name == "dual") {
    return std::make_unique<Controlled<budget::WindowedDual>>(budget::WindowedDual(lambda, {}),
                                                              setup.traffic);
  }
  if (name == "mpc") return std::make_unique<MpcPacer>(setup, false);
  if (name == "mpc_online") return std::make_unique<MpcPacer>(setup, true);
  if (name == "mpc_pi") return std::make_unique<CorrectedMpcPacer>(setup, eps);
  BANDSTAND_CHECK(name == "throttle");
  return std::make_unique<ThrottlePacer>(lambda, setup.budget, setup.traffic);
}

}  // namespace bandstand::experiments
