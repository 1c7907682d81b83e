// learned_pacer: the state of a day, window by window.
#include "experiments/learned_pacer.h"

#include <algorithm>
#include <cmath>

namespace bandstand::experiments {
namespace {

double log_ratio(double a, double b) { return a > 0 && b > 0 ? std::log(a / b) : 0; }

}  // namespace

void LearnedPacer::start_day(double budget) {
  setup_.budget = budget;
  day_ = {};
  state_ = {};
  if (base_ != nullptr) base_->start_day(budget);
}

double LearnedPacer::start_window(int k, double budget_left, double auctions_left) {
  if (base_ != nullptr) mu_ = base_->start_window(k, budget_left, auctions_left);
  planned_ = setup_.traffic.target(k, budget_left);
  state_.traffic_left = setup_.traffic.share_from(k);
  state_.budget_left = budget_left / setup_.budget;
  state_.budget_log = log_ratio(budget_left / std::max(1.0, auctions_left), setup_.typical_price);
  state_.mu_log = log_ratio(mu_, setup_.mu_reference);
  const std::size_t choice = chooser_->choose(agents::bid::control_features(state_));
  mu_ = std::clamp(mu_ * std::exp(static_cast<double>(setup_.steps[choice])), 1e-9, 1.0);
  window_ = {};
  reward_ = 0;
  return mu_;
}

void LearnedPacer::observe(double theta, std::int64_t bid, bool won, std::int64_t price) {
  window_.values += theta;
  ++window_.auctions;
  if (setup_.lambda > 0) {
    const double surplus = theta - setup_.lambda * static_cast<double>(price);
    reward_ += (won ? surplus : 0) - std::max(0.0, surplus);
  }
  if (base_ != nullptr) base_->observe(theta, bid, won, price);
}

void LearnedPacer::end_window(int k, double spent, double wins, double auctions) {
  const double grain = 0.05 * setup_.budget / setup_.traffic.windows();
  state_.spent_log_before = state_.spent_log;
  state_.spent_log = std::log((spent + grain) / (planned_ + grain));
  state_.win_rate = auctions > 0 ? wins / auctions : 0;
  state_.price_log = wins > 0 ? log_ratio(spent / wins, setup_.typical_price) : 0;
  day_.values += window_.values;
  day_.auctions += window_.auctions;
  state_.value_log = log_ratio(window_.mean(), day_.mean());
  if (base_ != nullptr) base_->end_window(k, spent, wins, auctions);
  chooser_->earned(reward_);
}

void PacedBidder::start_episode(std::int64_t budget, std::int64_t auctions) {
  auctions_ = auctions;
  window_ = 0;
  open_ = false;
  pacer_->start_day(static_cast<double>(budget));
}

std::int64_t PacedBidder::bid(const BidSituation& situation) {
  if (!open_) {
    mu_ = pacer_->start_window(window_, static_cast<double>(situation.budget_left),
                               static_cast<double>(situation.auctions_left));
    spent_ = wins_ = seen_ = 0;
    open_ = true;
  }
  return static_cast<std::int64_t>(std::min(1e9, situation.theta / mu_));
}

void PacedBidder::learn(const BidSituation& situation, std::int64_t bid, bool won, std::int64_t paid) {
  spent_ += static_cast<double>(paid);
  wins_ += won ? 1 : 0;
  ++seen_;
  pacer_->observe(situation.theta, bid, won, paid);
  const std::int64_t done = auctions_ - situation.auctions_left + 1;
  if (done * windows_ < static_cast<std::int64_t>(window_ + 1) * auctions_) return;
  pacer_->end_window(window_, spent_, wins_, seen_);
  if (window_ + 1 < windows_) ++window_;
  open_ = false;
}

}  // namespace bandstand::experiments
