// bidding_paced: bidders that steer by their own spend: the production controllers and two textbook ones.
//
// An episode of 1,000 auctions is a short day: 20 windows of 50 auctions, an even plan. mu carries over from
// one episode to the next, as it does from day to day in production; the textbook PI starts anew, having no
// other way.
#include <algorithm>
#include <cmath>
#include <optional>

#include "agents/budget/pacing.h"
#include "experiments/bidding_policies.h"

namespace bandstand::experiments {
namespace {

namespace budget = agents::budget;

constexpr int kWindows = 20;

/// Cuts an episode into windows and keeps count of their spend against the plan.
class WindowedBidder : public Bidder {
 public:
  void start_episode(std::int64_t budget, std::int64_t auctions) override {
    budget_ = budget;
    auctions_ = auctions;
    window_ = 0;
    open_window(budget);
    on_episode();
  }
  void learn(const BidSituation& situation, std::int64_t /*bid*/, bool won, std::int64_t paid) override {
    spent_ += static_cast<double>(paid);
    ++seen_;
    wins_ += won ? 1 : 0;
    const std::int64_t done = auctions_ - situation.auctions_left + 1;
    if (done * kWindows < static_cast<std::int64_t>(window_ + 1) * auctions_) return;
    on_window({.spent = spent_, .planned = planned_, .win_rate = wins_ / seen_},
              budget_ - (situation.budget_left - paid), done);
    if (++window_ < kWindows) open_window(situation.budget_left - paid);
  }

 protected:
  virtual void on_episode() {}
  virtual void on_window(const budget::WindowOutcome& outcome, std::int64_t spent_so_far,
                         std::int64_t auctions_so_far) = 0;
  [[nodiscard]] std::int64_t episode_budget() const { return budget_; }
  [[nodiscard]] std::int64_t episode_auctions() const { return auctions_; }

 private:
  void open_window(std::int64_t budget_left) {
    planned_ = plan_.target(window_, static_cast<double>(budget_left));
    spent_ = wins_ = seen_ = 0;
  }

  budget::SpendPlan plan_ = budget::SpendPlan::even(kWindows);
  std::int64_t budget_ = 0;
  std::int64_t auctions_ = 0;
  int window_ = 0;
  double planned_ = 0;
  double spent_ = 0;
  double wins_ = 0;
  double seen_ = 0;
};

/// bid = theta / mu, mu by a windowed controller.
template <class Controller>
class PricedBidder final : public WindowedBidder {
 public:
  explicit PricedBidder(Controller controller) : controller_(controller) {}
  std::int64_t bid(const BidSituation& situation) override {
    return static_cast<std::int64_t>(situation.theta / controller_.mu());
  }

 protected:
  void on_window(const budget::WindowOutcome& outcome, std::int64_t, std::int64_t) override {
    controller_.update(outcome);
  }

 private:
  Controller controller_;
};

/// LIN times exp(phi), phi by Zhang's PID on the ratio of spend to plan (reference 1).
class PidBidder final : public WindowedBidder {
 public:
  PidBidder(double b0, double theta_mean)
      : b0_(b0),
        theta_mean_(theta_mean),
        pid_(1, {.p = 0.3, .i = 0.1, .d = 0.05, .phi_min = -2, .phi_max = 5}) {}
  std::int64_t bid(const BidSituation& situation) override {
    return static_cast<std::int64_t>(b0_ * situation.theta / theta_mean_ * std::exp(pid_.phi()));
  }

 protected:
  void on_window(const budget::WindowOutcome& outcome, std::int64_t, std::int64_t) override {
    if (outcome.planned > 0) pid_.update(outcome.spent / outcome.planned);
  }

 private:
  double b0_;
  double theta_mean_;
  budget::ZhangPid pid_;
};

/// LIN times the multiplier of the textbook PI, time in windows.
class TextbookPiBidder final : public WindowedBidder {
 public:
  TextbookPiBidder(double b0, double theta_mean) : b0_(b0), theta_mean_(theta_mean) {}
  std::int64_t bid(const BidSituation& situation) override {
    return static_cast<std::int64_t>(b0_ * situation.theta / theta_mean_ * pi_->multiplier());
  }

 protected:
  void on_episode() override {
    pi_.emplace(static_cast<double>(episode_budget()), kWindows, budget::TextbookPi::Options{});
  }
  void on_window(const budget::WindowOutcome&, std::int64_t spent_so_far,
                 std::int64_t auctions_so_far) override {
    pi_->update(static_cast<double>(spent_so_far),
                static_cast<double>(auctions_so_far * kWindows) / static_cast<double>(episode_auctions()));
  }

 private:
  double b0_;
  double theta_mean_;
  std::optional<budget::TextbookPi> pi_;
};

/// The receding-horizon dual of production on the training days' price law.
class MpcBidder final : public Bidder {
 public:
  MpcBidder(const agents::bid::Landscape& law, double theta_mean)
      : costs_(law.expected_costs().begin(), law.expected_costs().end()), mpc_(theta_mean / 30, {}) {}

  void start_episode(std::int64_t, std::int64_t) override { mpc_.restart(); }
  std::int64_t bid(const BidSituation& situation) override {
    if (mpc_.due()) {
      mpc_.solve(
          static_cast<double>(situation.budget_left), static_cast<double>(situation.auctions_left),
          [this](double bid) { return costs_[static_cast<std::size_t>(std::min<double>(kPriceMax, bid))]; });
    }
    mpc_.tick();
    mpc_.observe(situation.theta);
    return static_cast<std::int64_t>(situation.theta / mpc_.mu());
  }

 private:
  std::vector<double> costs_;
  budget::RecedingHorizon mpc_;
};

}  // namespace

std::unique_ptr<Bidder> make_paced_bidder(std::string_view name, const PolicySetup& setup) {
  const double theta_mean = setup.info->theta_mean();
  const double rate = static_cast<double>(setup.budget) / static_cast<double>(setup.auctions);
  const double mu_start = theta_mean / static_cast<double>(budget_bid(*setup.law, rate));
  if (name == "textbook_pi") return std::make_unique<TextbookPiBidder>(setup.lin_b0, theta_mean);
  if (name == "pid") return std::make_unique<PidBidder>(setup.lin_b0, theta_mean);
  if (name == "log_pi") {
    const double eps = budget::LogPi::epsilon(static_cast<double>(setup.budget), kWindows);
    return std::make_unique<PricedBidder<budget::LogPi>>(budget::LogPi(mu_start, eps, {}));
  }
  if (name == "dual")
    return std::make_unique<PricedBidder<budget::WindowedDual>>(budget::WindowedDual(mu_start, {}));
  if (name == "mpc") return std::make_unique<MpcBidder>(*setup.law, theta_mean);
  return nullptr;
}

}  // namespace bandstand::experiments
