// pacer: plan, model price, correction, gates; in this order for each campaign whose window is over.
#include "agents/budget/pacer.h"

#include <date/tz.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

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
  ++offers_;
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

base::Duration Pacer::window_of(const Period& period) const {
  return std::clamp((period.end - period.begin) / options_.windows, options_.window_min, options_.window_max);
}

/// Share of what the period has left at `from` that belongs into [from, to).
double Pacer::expected_share(const domain::Campaign& campaign, const Period& period, WallTime from, WallTime to) const {
  const double all = shape_.expected(from, period.end);
  if (all <= 0) return 1;
  double share = shape_.expected(from, std::min(to, period.end)) / all;
  if (campaign.pacing == domain::Pacing::front_loaded) {
    // Density falls linearly from 1.5 to 0.5 over the period.
    const auto length = static_cast<double>((period.end - period.begin).count());
    const double done = static_cast<double>((from - period.begin).count()) / length;
    const double mean_of_rest = 1.0 - done / 2;  // of 1.5 - x over [done, 1]
    share *= (1.5 - done) / mean_of_rest;
  }
  return std::clamp(share, 0.0, 1.0);
}

/// The price at which the values offered lately would spend `target` in a window; the last one if too little is known.
double Pacer::model_price(const State& state, double target, const CostOfBid& cost_of_bid) const {
  if (state.values.size() < 30 || state.offers_a_window < 1 || target <= 0) return state.mu_model;
  ShadowPriceBounds bounds;
  bounds.low = options_.mu_min;
  bounds.high = options_.mu_max;
  bounds.bisections = 20;
  return solve_shadow_price(state.values, target / state.offers_a_window, bounds, cost_of_bid);
}

LogPi::Options Pacer::log_pi_options() const {
  LogPi::Options gains;
  gains.mu_min = options_.mu_min;
  gains.mu_max = options_.mu_max;
  if (options_.policy == PacingPolicy::receding_horizon) gains.kp = 0, gains.ki = 0.2;
  return gains;
}

/// Sets mu for the window to come, in which `target` should be spent, from how the last one went.
void Pacer::steer(State& state, const Period& period, double target, const CostOfBid& cost_of_bid) {
  const auto spent = static_cast<double>((period.charged - state.window_start_spent).value);
  const WindowOutcome outcome{spent, state.planned,
                              state.bids == 0 ? 0 : static_cast<double>(state.wins) / static_cast<double>(state.bids),
                              state.window_offers > 0};
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
      mu = 1 / std::max(1e-4, state.textbook->update(static_cast<double>(period.charged.value), elapsed));
      break;
    }
    case PacingPolicy::throttle:
      if (!state.throttle) state.throttle.emplace(Throttle::Options{});
      state.pace.pass_through = static_cast<float>(
          std::min(1.0, state.throttle->update(spent, state.planned)));
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
  const auto offers = static_cast<double>(state.window_offers);
  state.offers_a_window = state.offers_a_window == 0 ? offers : 0.7 * state.offers_a_window + 0.3 * offers;
  // Windows keep their grid although ticks come a little late: else every window would be a tick too long.
  const base::Duration window = window_of(period);
  const WallTime end = now - state.window_end < window / 2 ? state.window_end + window : now + window;
  const double left = std::max(0.0, static_cast<double>((period.budget - period.charged).value));
  const bool asap = campaign.pacing == domain::Pacing::asap;
  const double target = asap ? left : left * expected_share(campaign, period, now, end);
  if (asap) {
    state.pace.mu = static_cast<float>(options_.mu_min);
    state.pace.pass_through = 1;
  } else {
    steer(state, period, target, cost_of_bid);
  }
  state.planned = target;
  state.window_start_spent = period.charged;
  state.window_offers = 0;
  state.bids = state.wins = 0;
  state.window_end = end;
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

bool Pacer::replan(std::uint32_t index, const MoneyState& money, WallTime now, const CostOfBid& cost_of_bid) {
  const domain::Campaign& campaign = catalogue_->campaigns[index];
  State& state = states_[index];
  if (state.first_seen.ns == 0) state.first_seen = now;
  state.period = period_of(campaign, state, money, now);
  const CampaignPace before = state.pace;
  if (state.period.end != state.period_end) {
    state.period_end = state.period.end;
    state.window_start_spent = state.period.charged;
    state.planned = 0;
    state.window_end = now;
  }
  const bool window_over = now >= state.window_end;
  if (window_over) turn_window(state, campaign, state.period, now, cost_of_bid);
  gate(state, campaign, state.period, money.paused, now);
  return window_over || state.pace.open != before.open || state.pace.why != before.why;
}

bool Pacer::tick(WallTime now, std::span<const MoneyState> money, const CostOfBid& cost_of_bid) {
  if (shape_at_.ns != 0) shape_.observe(now, now - shape_at_, static_cast<double>(offers_));
  shape_at_ = now;
  offers_ = 0;
  bool changed = snapshot_ == nullptr || snapshot_->campaigns.size() != states_.size() ||
                 snapshot_->catalogue_version != catalogue_->version;
  for (std::uint32_t i = 0; i < states_.size(); ++i) {
    changed = replan(i, money[i], now, cost_of_bid) || changed;
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
  const double done = 1 - expected_left(catalogue_->campaigns[campaign], period, now);
  out.planned = Nanos{static_cast<std::int64_t>(done * static_cast<double>(period.budget.value))};
  out.mu = static_cast<double>(state.pace.mu);
  out.open = state.pace.open;
  out.why = state.pace.why;
  return out;
}

/// Share of the whole period's plan that lies after `now`.
double Pacer::expected_left(const domain::Campaign& campaign, const Period& period, WallTime now) const {
  if (now >= period.end || campaign.pacing == domain::Pacing::asap) return 0;
  const double all = shape_.expected(period.begin, period.end);
  if (all <= 0) return 0;
  const double left = shape_.expected(std::max(now, period.begin), period.end) / all;
  if (campaign.pacing != domain::Pacing::front_loaded) return left;
  const double done = 1 - left;  // density 1.5 - x over [0, 1]
  return 1 - (1.5 * done - done * done / 2);
}

}  // namespace bandstand::agents::budget
