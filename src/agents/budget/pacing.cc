// pacing: the controllers' arithmetic.
#include "agents/budget/pacing.h"

#include "base/check.h"

namespace bandstand::agents::budget {
namespace {

// By Jensen's inequality a noisy window's logarithm is too low by half its relative variance, 1 / (2 wins): at five
// wins a window the loop would spend a tenth too much. This many wins' worth on both sides leaves 1 %.
constexpr double kGrains = 4;

}  // namespace

SpendPlan::SpendPlan(std::vector<double> shares) : shares_(std::move(shares)), tail_(shares_.size() + 1) {
  double sum = 0;
  for (const double share : shares_) {
    BANDSTAND_CHECK(share >= 0);
    sum += share;
  }
  BANDSTAND_CHECK(sum > 0);
  for (std::size_t k = shares_.size(); k-- > 0;) {
    shares_[k] /= sum;
    tail_[k] = tail_[k + 1] + shares_[k];
  }
}

SpendPlan SpendPlan::even(int windows) { return SpendPlan(std::vector<double>(static_cast<std::size_t>(windows), 1.0)); }

double SpendPlan::target(int k, double remaining) const {
  const double left = share_from(k);
  return left > 0 ? remaining * share(k) / left : 0;
}

LogPi::LogPi(double mu_start, double eps, Options options)
    : options_(options), eps_(eps), u0_(std::log(mu_start)), mu_(mu_start) {
  BANDSTAND_CHECK(mu_start > 0 && eps > 0);
}

double LogPi::update(const WindowOutcome& outcome) {
  if (!outcome.had_traffic) return mu_;
  const double eps = eps_ + kGrains * outcome.grain;
  const double error = std::log((outcome.spent + eps) / (outcome.planned + eps));
  const bool pushes_up = error > 0 && mu_ >= options_.mu_max;
  const bool pushes_down = error < 0 && (mu_ <= options_.mu_min || outcome.win_rate > options_.win_rate_saturated);
  if (!pushes_up && !pushes_down) sum_ = std::clamp(sum_ + error, -options_.sum_limit, options_.sum_limit);
  last_error_ = error;
  apply();
  return mu_;
}

void LogPi::set_feed_forward(double mu) {
  u0_ = std::log(mu);
  apply();
}

void LogPi::apply() {
  correction_ = options_.kp * last_error_ + options_.ki * sum_;
  mu_ = std::clamp(std::exp(u0_ + correction_), options_.mu_min, options_.mu_max);
}

double WindowedDual::update(const WindowOutcome& outcome) {
  if (!outcome.had_traffic || !(outcome.planned > 0)) return mu_;
  const double surplus = std::clamp(outcome.spent / outcome.planned - 1, options_.clip_low, options_.clip_high);
  mu_ = std::clamp(mu_ * std::exp(options_.eta * surplus), options_.mu_min, options_.mu_max);
  return mu_;
}

RecedingHorizon::RecedingHorizon(double mu_start, Options options)
    : options_(options), ring_(static_cast<std::size_t>(options.window)), mu_(mu_start) {
  BANDSTAND_CHECK(options_.window >= 1 && options_.every >= 1 && options_.warm_up >= 1);
}

void RecedingHorizon::observe(double value) {
  ring_[next_] = value;
  next_ = next_ + 1 == ring_.size() ? 0 : next_ + 1;
  size_ = std::min(size_ + 1, ring_.size());
}

double TextbookPi::update(double spent_so_far, double time_so_far) {
  double remaining = budget_;
  double time_left = time_total_;
  if (options_.update_remaining) {
    remaining -= spent_so_far;
    time_left = std::max(1.0, time_left - time_so_far);
  }
  const double error = remaining / time_left - spent_so_far;
  integral_ += error;
  multiplier_ = std::clamp(options_.kp * error + options_.ki * integral_, 0.0, 1.0);
  return multiplier_;
}

double ZhangPid::update(double measured) {
  const double error = reference_ - measured;
  sum_ += error;
  phi_ = options_.p * error + options_.i * sum_;
  if (updates_ > 0) phi_ += options_.d * (last_ - measured);
  phi_ = std::clamp(phi_, options_.phi_min, options_.phi_max);
  last_ = measured;
  ++updates_;
  return phi_;
}

double bslb_lambda(double lambda_start, double time_left_share, double budget_left_share, double lambda_max) {
  if (!(budget_left_share > 0)) return lambda_max;
  return std::min(lambda_max, lambda_start * time_left_share / budget_left_share);
}

double Throttle::update(double spent_so_far, double allocated_so_far) {
  pass_ *= spent_so_far <= allocated_so_far ? 1 + options_.step : 1 - options_.step;
  pass_ = std::clamp(pass_, options_.floor, 1.0);
  return pass_;
}

PacingFigures measure_pacing(std::span<const double> spend, const SpendPlan& plan, double budget) {
  BANDSTAND_CHECK(spend.size() == static_cast<std::size_t>(plan.windows()) && budget > 0);
  PacingFigures figures;
  const auto windows = static_cast<double>(spend.size());
  double squares = 0;
  double products = 0;
  double previous = 0;
  double deviation = 0;
  for (int k = 0; k < plan.windows(); ++k) {
    const double spent = spend[static_cast<std::size_t>(k)];
    const double error = spent - plan.share(k) * budget;
    figures.use += spent / budget;
    squares += error * error;
    products += error * previous;
    previous = error;
    deviation += error;
    figures.cumulative_deviation = std::max(figures.cumulative_deviation, std::abs(deviation) / budget);
  }
  figures.average_error = windows / budget * std::sqrt(squares / windows);
  figures.error_autocorrelation = squares > 0 ? products / squares : 0;
  return figures;
}

}  // namespace bandstand::agents::budget
