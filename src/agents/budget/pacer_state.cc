// pacer_state: what the pacer knows, as bytes that outlive the process; campaigns are found again by id.
#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "agents/budget/pacer.h"
#include "base/bytes.h"
#include "base/checksum.h"

namespace bandstand::agents::budget {
namespace {

constexpr std::uint32_t kMagic = 0x42535032;  // bump with every change of what is written below
constexpr std::uint64_t kOffersMax = 1 << 16;
constexpr std::uint64_t kCampaignsMax = 1 << 24;
constexpr base::Duration kAwayMin = std::chrono::seconds(1);

using base::WallTime;

bool is_sound(double value) { return std::isfinite(value) && value >= 0; }

void put(base::ByteWriter& out, const TrafficShape::State& shape) {
  out.put_all<double>(shape.day_rate);
  out.put_all<std::uint32_t>(shape.day_seen);
  out.put_all<double>(shape.week);
  out.put(shape.hour);
  out.put(shape.gathered);
  out.put(shape.gathered_s);
}

bool get(base::ByteReader& in, TrafficShape::State& shape) {
  const auto day = in.get_all<double>(shape.day_rate.size());
  const auto seen = in.get_all<std::uint32_t>(shape.day_seen.size());
  const auto week = in.get_all<double>(shape.week.size());
  if (day.size() != shape.day_rate.size() || seen.size() != day.size() || week.size() != shape.week.size())
    return false;
  std::copy(day.begin(), day.end(), shape.day_rate.begin());
  std::copy(seen.begin(), seen.end(), shape.day_seen.begin());
  std::copy(week.begin(), week.end(), shape.week.begin());
  shape.hour = in.get<std::uint64_t>();
  shape.gathered = in.get<double>();
  shape.gathered_s = in.get<double>();
  return in.ok() && std::all_of(day.begin(), day.end(), is_sound) &&
         std::all_of(week.begin(), week.end(), is_sound) && is_sound(shape.gathered) && is_sound(shape.gathered_s);
}

}  // namespace

std::string Pacer::encode() const {
  std::string bytes;
  base::ByteWriter out(bytes);
  out.put(kMagic);
  out.put(version_);
  put(out, shape_.state());
  out.put(static_cast<std::uint64_t>(states_.size()));
  for (const State& state : states_) {
    out.put(state.id.value);
    for (const WallTime& time : {state.first_seen, state.window_begin, state.window_end, state.period_end,
                                 state.period.begin, state.period.end}) {
      out.put(time.ns);
    }
    for (const base::Nanos& money : {state.period.budget, state.period.charged, state.window_start_spent})
      out.put(money.value);
    for (const double value : {state.planned, state.requests_a_unit, state.offers_a_request, state.offers_expected,
                               state.window_requests, state.open_requests, state.cost_of_win, state.mu_model}) {
      out.put(value);
    }
    for (const std::uint64_t count : {state.window_offers, state.bids, state.wins}) out.put(count);
    out.put_all<double>(state.values);
    out.put(static_cast<std::uint64_t>(state.value_at));
    out.put(state.pace.mu);
    out.put(state.pace.pass_through);
    out.put(static_cast<std::uint8_t>(state.pace.open ? 1 : 0));
    out.put(static_cast<std::uint8_t>(state.log_pi ? 1 : 0));
    const LogPi::State pi = state.log_pi ? state.log_pi->state() : LogPi::State{};
    for (const double value : {pi.eps, pi.u0, pi.sum, pi.last_error}) out.put(value);
  }
  base::append_checksum(bytes);
  return bytes;
}

base::Result<std::size_t> Pacer::restore(std::string_view bytes, WallTime now) {
  const auto corrupt = [](const char* what) { return base::fail(base::Code::corrupt, what); };
  if (bytes.size() < 8) return corrupt("a pacing state is cut short");
  const auto content = base::without_checksum(bytes);
  base::ByteReader in(content.value_or(std::string_view{}));
  if (!content || in.get<std::uint32_t>() != kMagic) return corrupt("a pacing state is damaged or of another form");
  const auto version = in.get<std::uint32_t>();
  TrafficShape::State shape;
  if (!get(in, shape)) return corrupt("a pacing state has a malformed week");
  const auto count = in.get<std::uint64_t>();
  if (!in.ok() || count > kCampaignsMax) return corrupt("a pacing state is malformed");
  std::unordered_map<std::uint32_t, State> kept;
  for (std::uint64_t i = 0; i < count; ++i) {
    State state;
    if (!read(in, state)) return corrupt("a pacing state has a malformed campaign");
    kept.emplace(state.id.value, std::move(state));
  }
  if (!in.done()) return corrupt("a pacing state is malformed");

  shape_.restore(shape);
  version_ = std::max(version_, version);
  std::size_t found = 0;
  for (State& state : states_) {
    const auto from = kept.find(state.id.value);
    if (from == kept.end()) continue;
    state = std::move(from->second);
    if (now - state.window_end > kAwayMin) {  // nobody was here for a part of that window: it says nothing
      state.planned = 0;
      state.window_begin = {};
      state.window_offers = 0;
      state.window_requests = state.open_requests = 0;
    }
    ++found;
  }
  return found;
}

/// One campaign; false if it makes no sense.
bool Pacer::read(base::ByteReader& in, State& state) const {
  state.id.value = in.get<std::uint32_t>();
  for (WallTime* time : {&state.first_seen, &state.window_begin, &state.window_end, &state.period_end,
                         &state.period.begin, &state.period.end}) {
    time->ns = in.get<std::int64_t>();
  }
  for (base::Nanos* money : {&state.period.budget, &state.period.charged, &state.window_start_spent})
    money->value = in.get<std::int64_t>();
  double* const values[] = {&state.planned,         &state.requests_a_unit, &state.offers_a_request,
                            &state.offers_expected, &state.window_requests, &state.open_requests,
                            &state.cost_of_win,     &state.mu_model};
  for (double* value : values) *value = in.get<double>();
  for (std::uint64_t* number : {&state.window_offers, &state.bids, &state.wins})
    *number = in.get<std::uint64_t>();
  state.values = in.get_all<double>(kOffersMax);
  state.value_at = static_cast<std::size_t>(in.get<std::uint64_t>());
  if (state.values.size() > options_.offers_kept || state.value_at >= state.values.size()) {
    // Another length of memory, or a ring that was never full: order does not matter, only the values do.
    if (state.values.size() > options_.offers_kept) state.values.resize(options_.offers_kept);
    state.value_at = 0;
  }
  state.pace.mu = in.get<float>();
  state.pace.pass_through = in.get<float>();
  state.pace.open = in.get<std::uint8_t>() != 0;
  const bool has_pi = in.get<std::uint8_t>() != 0;
  LogPi::State pi;
  for (double* value : {&pi.eps, &pi.u0, &pi.sum, &pi.last_error}) *value = in.get<double>();
  const auto mu = static_cast<double>(state.pace.mu);
  const bool sound = in.ok() && std::all_of(std::begin(values), std::end(values), [](double* v) { return is_sound(*v); }) &&
                     state.mu_model > 0 && is_sound(mu) && mu > 0 &&
                     is_sound(static_cast<double>(state.pace.pass_through)) &&
                     std::all_of(state.values.begin(), state.values.end(), is_sound) && std::isfinite(pi.u0) &&
                     std::isfinite(pi.sum) && std::isfinite(pi.last_error) && std::isfinite(pi.eps);
  if (!sound || (has_pi && !(pi.eps > 0))) return false;
  state.pace.mu = static_cast<float>(std::clamp(mu, options_.mu_min, options_.mu_max));
  switch (options_.policy) {
    case PacingPolicy::receding_horizon:
    case PacingPolicy::log_pi:
      if (has_pi) state.log_pi = log_pi_of(pi);
      break;
    // The baselines go on from the price that they had come to; their sums start anew.
    case PacingPolicy::dual: state.dual.emplace(mu, dual_options()); break;
    case PacingPolicy::throttle: {
      Throttle::Options from;
      from.start = std::clamp(static_cast<double>(state.pace.pass_through), from.floor, 1.0);
      state.throttle.emplace(from);
      break;
    }
    case PacingPolicy::textbook_pi:
    case PacingPolicy::none: break;
  }
  return true;
}

}  // namespace bandstand::agents::budget
