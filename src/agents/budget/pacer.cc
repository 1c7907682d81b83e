// pacer: plan, model price, correction, gates; in this order for each campaign whose window is over.
#include "agents/budget/pacer.h"

#include <date/tz.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

namespace bandstand::agents::budget {
namespace {

using base::Nanos;
using base::WallTime;
using domain::Refusal;

constexpr std::pair<const char*, PacingPolicy> kPolicies[] = {
    {"receding_horizon", PacingPolicy::receding_horizon}, {"log_pi", PacingPolicy::log_pi},
    {"dual", PacingPolicy::dual}, {"textbook_pi", PacingPolicy::textbook_pi},
    {"throttle", PacingPolicy::throttle}, {"none", PacingPolicy::none}};

/// The advertiser's day that holds `now`: [begin, end) in UTC. DST days have 23 or 25 hours.
std::pair<WallTime, WallTime> day_of(const std::string& zone_name, WallTime now) {
  const date::time_zone* zone = date::locate_zone(zone_name);
  const date::sys_time<base::Duration> at{base::Duration{now.ns}};
  const auto today = date::floor<date::days>(zone->to_local(at));
  const auto begin = zone->to_sys(today, date::choose::earliest);
  const auto end = zone->to_sys(today + date::days(1), date::choose::earliest);
  const auto ns = [](auto t) { return std::chrono::duration_cast<base::Duration>(t.time_since_epoch()).count(); };
  return {{ns(begin)}, {ns(end)}};
}

}  // namespace

const char* name_of(PacingPolicy policy) noexcept {
  for (const auto& [name, value] : kPolicies) {
    if (value == policy) return name;
  }
  return "unknown";
}

std::optional<PacingPolicy> pacing_policy_of(std::string_view name) noexcept {
  for (const auto& [known, value] : kPolicies) {
    if (name == known) return value;
  }
  return std::nullopt;
}

Pacer::Pacer(const PacerOptions& options, domain::CatalogueSnapshot catalogue) : options_(options) {
  adopt(std::move(catalogue));
}

void Pacer::adopt(domain::CatalogueSnapshot catalogue) {
  std::unordered_map<std::uint32_t, std::size_t> old;
  for (std::size_t i = 0; i < states_.size(); ++i) old.emplace(states_[i].id.value, i);
  std::vector<State> states(catalogue->campaigns.size());
  for (std::size_t i = 0; i < states.size(); ++i) {
    const auto found = old.find(catalogue->campaigns[i].id.value);
    if (found != old.end()) states[i] = std::move(states_[found->second]);
    states[i].id = catalogue->campaigns[i].id;
    states[i].window_end = {};  // re-planned at the next tick
  }
  states_ = std::move(states);
  catalogue_ = std::move(catalogue);
}

void Pacer::offer(std::uint32_t campaign, double value) {
  State& state = states_[campaign];
  ++state.window_offers;
  state.window_value += value;
  if (state.values.size() < options_.offers_kept) {
    state.values.push_back(value);
  } else {
    state.values[state.value_at] = value;
    state.value_at = (state.value_at + 1) % options_.offers_kept;
  }
}

Pacer::Period Pacer::period_of(const domain::Campaign& campaign, const State& state, const MoneyState& money,
                               WallTime now) const {
  Period period;
  const Nanos left = campaign.budget - money.charged;
  if (campaign.daily_budget.value > 0) {
    std::tie(period.begin, period.end) = day_of(campaign.time_zone, now);
    if (period.begin < campaign.start) period.begin = campaign.start;
    if (campaign.end.ns != 0 && campaign.end < period.end) period.end = campaign.end;
    if (period.begin < state.first_seen) period.begin = state.first_seen;  // what passed before we started is gone
    period.charged = money.charged_today;
    period.budget = std::min(campaign.daily_budget, left + money.charged_today);
    return period;
  }
  period.begin = campaign.start < state.first_seen ? state.first_seen : campaign.start;
  period.end = campaign.end.ns != 0 ? campaign.end : period.begin + options_.default_flight;
  period.charged = money.charged;
  period.budget = campaign.budget;
  return period;
}

/// The throttle is told every fifteenth of a window: a minute of a day, as published (its steps are small).
base::Duration Pacer::window_of(const Period& period) const {
  const int windows = options_.policy == PacingPolicy::throttle ? options_.windows * 15 : options_.windows;
  return std::clamp((period.end - period.begin) / windows, options_.window_min, options_.window_max);
}

/// Share of the period's plan that lies after `t`. Front-loaded: the density over the period's traffic falls linearly from
/// 1.5 to 0.5. The plan ends a little before the period does.
double Pacer::plan_left(const domain::Campaign& campaign, const Period& period, WallTime t) const {
  const auto window = static_cast<double>(window_of(period).count());
  const WallTime finish = period.end + -base::Duration{static_cast<std::int64_t>(window * options_.finish_windows)};
  if (t >= finish) return 0;
  const double all = shape_.expected(period.begin, finish);
  if (all <= 0) return 0;
  const double left = shape_.expected(std::max(t, period.begin), finish) / all;
  if (campaign.pacing != domain::Pacing::front_loaded) return left;
  const double done = 1 - left;
  return 1 - (1.5 * done - done * done / 2);
}

/// What to spend in [from, to): the plan's share, and of what is behind (or ahead of) the plan such a part that it is made
/// good within catch_up_windows. Spreading that over all that is left would let the deviation stand for most of a day.
double Pacer::target_of(const domain::Campaign& campaign, const Period& period, WallTime from, WallTime to) const {
  const auto budget = static_cast<double>(period.budget.value);
  const auto charged = static_cast<double>(period.charged.value);
  const double left = plan_left(campaign, period, from);
  const double share = left - plan_left(campaign, period, to);
  if (left <= 0 || share <= 0) return std::max(0.0, budget - charged);
  const auto horizon = static_cast<double>((to - from).count()) * options_.catch_up_windows;
  const double ahead = left - plan_left(campaign, period, from + base::Duration{static_cast<std::int64_t>(horizon)});
  const double behind = budget * (1 - left) - charged;
  return std::clamp(share * (budget + behind / std::max(share, ahead)), 0.0, std::max(0.0, budget - charged));
}

/// The price at which the values offered lately would spend `target` in a window; the last one if too little is known.
double Pacer::model_price(const State& state, double target, const CostOfBid& cost_of_bid) const {
  if (state.values.size() < 30 || state.offers_expected < 1 || target <= 0) return state.mu_model;
  ShadowPriceBounds bounds;
  bounds.low = options_.mu_min;
  bounds.high = options_.mu_max;
  bounds.bisections = 20;
  return solve_shadow_price(state.values, target / state.offers_expected, bounds, cost_of_bid);
}

LogPi::Options Pacer::log_pi_options() const {
  LogPi::Options gains;
  gains.mu_min = options_.mu_min;
  gains.mu_max = options_.mu_max;
  if (options_.policy == PacingPolicy::receding_horizon) gains.kp = 0, gains.ki = 0.2;
  return gains;
}

/// The figures of the window that is over, before it is forgotten.
void Pacer::read_pace(State& state, const domain::Campaign& campaign, const Period& period, WallTime now) const {
  const auto log_ratio = [](double a, double b) { return a > 0 && b > 0 ? std::log(a / b) : 0.0; };
  PaceReading& reading = state.reading;
  const auto budget = static_cast<double>(period.budget.value);
  const auto spent = static_cast<double>((period.charged - state.window_start_spent).value);
  const auto offers = static_cast<double>(state.window_offers);
  const auto wins = static_cast<double>(state.wins);
  const double grain = 0.05 * budget / options_.windows;  // what is small in a window says little
  reading.spent_log_before = reading.spent_log;
  reading.spent_log = grain > 0 ? std::log((spent + grain) / (state.planned + grain)) : 0;
  reading.win_rate = offers > 0 ? wins / offers : 0;
  reading.price_log = wins > 0 ? log_ratio(spent / wins, state.cost_of_win) : 0;
  state.period_value += state.window_value;
  state.period_offers += offers;
  reading.value_log = offers > 0 ? log_ratio(state.window_value / offers, state.period_value / state.period_offers) : 0;
  reading.traffic_left = plan_left(campaign, period, now);
  const auto left = static_cast<double>((period.budget - period.charged).value);
  reading.budget_left = budget > 0 ? left / budget : 0;
  const double offers_left = state.offers_a_request * state.requests_a_unit * shape_.expected(now, period.end);
  reading.budget_log = log_ratio(left / std::max(1.0, offers_left), state.cost_of_win);
  const double mu_log = std::log(static_cast<double>(state.pace.mu));
  state.mu_log_mean = state.mu_log_mean == 0 ? mu_log : 0.95 * state.mu_log_mean + 0.05 * mu_log;
  reading.mu_log = mu_log - state.mu_log_mean;
}

/// Sets mu for the window to come, in which `target` should be spent, from how the last one went.
void Pacer::steer(State& state, const domain::Campaign& campaign, const Period& period, double target, WallTime now,
                  const CostOfBid& cost_of_bid) {
  const auto spent = static_cast<double>((period.charged - state.window_start_spent).value);
  if (state.wins > 0) {
    const double cost = spent / static_cast<double>(state.wins);
    state.cost_of_win = state.cost_of_win == 0 ? cost : 0.7 * state.cost_of_win + 0.3 * cost;
  }
  const WindowOutcome outcome{spent, state.planned,
                              state.bids == 0 ? 0 : static_cast<double>(state.wins) / static_cast<double>(state.bids),
                              state.window_offers > 0, state.cost_of_win};
  const auto spent_so_far = static_cast<double>(period.charged.value);
  const auto budget = static_cast<double>(period.budget.value);
  double mu = static_cast<double>(state.pace.mu);
  state.pace.pass_through = 1;
  switch (options_.policy) {
    case PacingPolicy::none: mu = options_.mu_min; break;
    case PacingPolicy::dual:
      if (!state.dual) state.dual.emplace(options_.mu_min, dual_options());
      mu = state.dual->update(outcome);
      break;
    case PacingPolicy::textbook_pi: {
      const double length = std::chrono::duration<double>(period.end - period.begin).count();
      if (!state.textbook) state.textbook.emplace(budget, length, TextbookPi::Options{});
      const double elapsed = std::chrono::duration<double>(state.window_end - period.begin).count();
      mu = 1 / std::max(1e-4, state.textbook->update(spent_so_far, elapsed));
      break;
    }
    case PacingPolicy::throttle:
      if (!state.throttle) state.throttle.emplace(Throttle::Options{});
      state.pace.pass_through = static_cast<float>(
          state.throttle->update(spent_so_far, budget * (1 - plan_left(campaign, period, now))));
      mu = options_.mu_min;
      break;
    case PacingPolicy::log_pi:
    case PacingPolicy::receding_horizon: {
      if (!state.log_pi) {
        state.log_pi.emplace(std::max(1.0, options_.mu_min), LogPi::epsilon(budget, options_.windows), log_pi_options());
      }
      if (options_.policy == PacingPolicy::receding_horizon) {
        state.mu_model = model_price(state, target, cost_of_bid);
        state.log_pi->set_feed_forward(state.mu_model);
      }
      mu = state.planned > 0 ? state.log_pi->update(outcome) : state.log_pi->mu();
      break;
    }
  }
  state.pace.mu = static_cast<float>(std::clamp(mu, options_.mu_min, options_.mu_max));
}

/// The window is over: takes it in, plans the next.
void Pacer::turn_window(State& state, const domain::Campaign& campaign, const Period& period, WallTime now,
                        const CostOfBid& cost_of_bid) {
  // Windows keep their grid although ticks come a little late: else every window would be a tick too long.
  const base::Duration window = window_of(period);
  const WallTime end = now - state.window_end < window / 2 ? state.window_end + window : now + window;
  count_traffic(state, now, end);
  const bool asap = campaign.pacing == domain::Pacing::asap;
  const double target = asap ? static_cast<double>((period.budget - period.charged).value)
                             : target_of(campaign, period, now, end);
  if (asap) {
    state.pace.mu = static_cast<float>(options_.mu_min);
    state.pace.pass_through = 1;
  } else {
    read_pace(state, campaign, period, now);
    steer(state, campaign, period, target, now, cost_of_bid);
  }
  state.pace.residual = residual_ && !asap ? residual_(state.reading) : 0;
  state.window_value = 0;
  state.planned = target;
  state.window_start_spent = period.charged;
  state.window_offers = 0;
  state.window_requests = state.open_requests = 0;
  state.bids = state.wins = 0;
  state.window_begin = now;
  state.window_end = end;
}

/// How many offers the next window will bring: the requests that the shape foretells at the present level, times how
/// many of them were offers while the campaign could take them.
void Pacer::count_traffic(State& state, WallTime now, WallTime next_end) const {
  const auto follow = [](double& average, double value) {
    average = average == 0 ? value : 0.7 * average + 0.3 * value;
  };
  const double units = state.window_begin.ns == 0 ? 0 : shape_.expected(state.window_begin, now);
  if (units > 0 && state.window_requests > 0) follow(state.requests_a_unit, state.window_requests / units);
  if (state.open_requests >= 1 && state.open_requests > 0.1 * state.window_requests) {
    follow(state.offers_a_request, static_cast<double>(state.window_offers) / state.open_requests);
  }
  state.offers_expected = state.offers_a_request * state.requests_a_unit * shape_.expected(now, next_end);
}

/// May it spend right now? Looked at on every tick, also between windows.
void Pacer::gate(State& state, const domain::Campaign& campaign, const Period& period, bool paused, WallTime now) const {
  const bool steered = campaign.pacing != domain::Pacing::asap && options_.policy != PacingPolicy::none;
  const auto spent = static_cast<double>((period.charged - state.window_start_spent).value);
  const double slack = options_.gate_slack * static_cast<double>(period.budget.value);
  if (!campaign.active || paused || now < campaign.start || now >= period.end) {
    state.pace.why = Refusal::flight;
  } else if (period.charged >= period.budget) {
    state.pace.why = Refusal::no_lease;
  } else if (steered && spent > state.planned * (1 + options_.gate_over_plan) + slack) {
    state.pace.why = Refusal::paced;
  } else {
    state.pace.why = Refusal::none;
  }
  state.pace.open = state.pace.why == Refusal::none;
}

bool Pacer::replan(std::uint32_t index, const MoneyState& money, WallTime now, double requests,
                   const CostOfBid& cost_of_bid) {
  const domain::Campaign& campaign = catalogue_->campaigns[index];
  State& state = states_[index];
  if (state.first_seen.ns == 0) state.first_seen = now;
  state.period = period_of(campaign, state, money, now);
  const CampaignPace before = state.pace;
  state.window_requests += requests;
  if (before.open) state.open_requests += requests;
  if (state.period.end != state.period_end) {
    state.textbook.reset();
    state.period_end = state.period.end;
    state.window_start_spent = state.period.charged;
    state.planned = 0;
    state.period_value = state.period_offers = 0;
    state.window_end = now;
  }
  const bool window_over = now >= state.window_end;
  if (window_over) turn_window(state, campaign, state.period, now, cost_of_bid);
  gate(state, campaign, state.period, money.paused, now);
  return window_over || state.pace.open != before.open || state.pace.why != before.why;
}

bool Pacer::tick(WallTime now, std::span<const MoneyState> money, const CostOfBid& cost_of_bid) {
  const auto requests = static_cast<double>(std::exchange(requests_, 0));
  if (shape_at_.ns != 0) shape_.observe(now, now - shape_at_, requests);
  shape_at_ = now;
  bool changed = snapshot_ == nullptr || snapshot_->campaigns.size() != states_.size() ||
                 snapshot_->catalogue_version != catalogue_->version;
  for (std::uint32_t i = 0; i < states_.size(); ++i) {
    changed = replan(i, money[i], now, requests, cost_of_bid) || changed;
  }
  if (!changed) return false;
  auto next = std::make_shared<PacingSnapshot>();
  next->version = ++version_;
  next->catalogue_version = catalogue_->version;
  for (const State& state : states_) next->campaigns.push_back(state.pace);
  snapshot_ = std::move(next);
  return true;
}

Pacer::Report Pacer::report(std::uint32_t campaign, WallTime now) const {
  const State& state = states_[campaign];
  const Period& period = state.period;
  Report out;
  out.budget = period.budget;
  out.spent = period.charged;
  const bool asap = catalogue_->campaigns[campaign].pacing == domain::Pacing::asap;
  const double done = asap ? 1 : 1 - plan_left(catalogue_->campaigns[campaign], period, now);
  out.planned = Nanos{static_cast<std::int64_t>(done * static_cast<double>(period.budget.value))};
  out.mu = static_cast<double>(state.pace.mu);
  out.open = state.pace.open;
  out.why = state.pace.why;
  return out;
}

}  // namespace bandstand::agents::budget
