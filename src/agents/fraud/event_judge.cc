// event_judge: see the header.
#include "agents/fraud/event_judge.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/rng.h"

namespace bandstand::agents::fraud {

using domain::EventKind;

double improbability(std::uint64_t hits, std::uint64_t trials, double rate) noexcept {
  if (trials == 0 || hits == 0) return 0;
  const double n = static_cast<double>(trials);
  const double p = std::clamp(rate, 1e-9, 1.0);
  const double q = std::min(1.0, static_cast<double>(hits) / n);
  if (q <= p) return 0;
  const double divergence = q * std::log(q / p) + (q >= 1.0 ? 0.0 : (1 - q) * std::log((1 - q) / (1 - p)));
  return n * divergence / std::log(10.0);
}

EventJudge::EventJudge(JudgeOptions options)
    : options_(options), bids_(options.bids_kept), parties_(options.parties_kept) {
  BANDSTAND_CHECK(options.bids_kept >= kWays && (options.bids_kept & (options.bids_kept - 1)) == 0);
  BANDSTAND_CHECK(options.parties_kept >= kWays && (options.parties_kept & (options.parties_kept - 1)) == 0);
}

EventJudge::Bid& EventJudge::bid_of(const domain::Event& event) {
  const std::uint64_t hash = base::mix64(event.bid.hi ^ base::mix64(event.bid.lo));
  Bid* set = &bids_[(hash & (bids_.size() - 1)) & ~std::uint64_t{kWays - 1}];
  Bid* oldest = set;
  for (std::uint32_t i = 0; i < kWays; ++i) {
    if (set[i].hi == event.bid.hi && set[i].lo == event.bid.lo) {
      set[i].touched_ns = event.at.ns;
      return set[i];
    }
    if (set[i].touched_ns < oldest->touched_ns) oldest = &set[i];
  }
  *oldest = {event.bid.hi, event.bid.lo, 0, event.at.ns, 0, 0};
  return *oldest;
}

EventJudge::Party& EventJudge::party_of(std::uint64_t key, base::WallTime at) {
  Party* set = &parties_[(base::mix64(key) & (parties_.size() - 1)) & ~std::uint64_t{kWays - 1}];
  Party* oldest = set;
  for (std::uint32_t i = 0; i < kWays; ++i) {
    if (set[i].key == key) {
      set[i].touched_ns = at.ns;
      return set[i];
    }
    if (set[i].touched_ns < oldest->touched_ns) oldest = &set[i];
  }
  *oldest = {key, at.ns, 0, 0};
  return *oldest;
}

double EventJudge::click_rate() const noexcept {
  constexpr double kPriorImpressions = 10'000;
  return (static_cast<double>(clicks_) + kPriorImpressions * options_.click_rate_prior) /
         (static_cast<double>(impressions_) + kPriorImpressions);
}

bool EventJudge::clicks_too_often(std::uint64_t key, const domain::Event& event) {
  if (key == 0) return false;
  Party& party = party_of(key, event.at);
  if (party.impressions >= 1u << 16) {  // forget slowly, so that a party can better itself
    party.impressions /= 2;
    party.clicks /= 2;
  }
  if (event.kind == EventKind::impression) ++party.impressions;
  if (event.kind == EventKind::click) ++party.clicks;
  if (event.kind != EventKind::click || party.clicks < options_.clicks_min) return false;
  const std::uint64_t trials = std::max(party.impressions, party.clicks);
  return improbability(party.clicks, trials, std::min(0.5, click_rate() * options_.click_rate_factor)) >=
         options_.improbable;
}

Mark EventJudge::judge(const domain::Event& event, std::uint64_t placement) {
  Bid& bid = bid_of(event);
  const std::uint32_t bit = 1u << static_cast<std::uint32_t>(event.kind);
  const bool repeated = (bid.kinds & bit) != 0;
  bid.kinds |= bit;
  if (event.kind == EventKind::impression && !repeated) bid.impression_ns = event.at.ns;

  Mark mark;
  if (event.kind == EventKind::click) {
    ++bid.clicks;
    if (bid.impression_ns == 0) {
      mark = {true, Reason::click_without_impression};
    } else if (event.at.ns - bid.impression_ns < options_.click_after_ms_min * 1'000'000) {
      mark = {true, Reason::click_too_soon};
    } else if (bid.clicks > options_.clicks_of_a_bid_max) {
      mark = {true, Reason::repeated_event};
    }
  } else if (repeated) {
    return {true, Reason::repeated_event};
  }
  if (event.kind != EventKind::impression && event.kind != EventKind::click) return mark;
  if (repeated && event.kind == EventKind::click)
    return mark;  // a second click of one bid is no second trial

  // Users and placements share a table; their keys are told apart by the salt.
  const bool user_often = clicks_too_often(event.user.value == 0 ? 0 : base::mix64(event.user.value), event);
  const bool placement_often = clicks_too_often(placement == 0 ? 0 : base::mix64(~placement), event);
  if (!mark.suspicious && (user_often || placement_often)) mark = {true, Reason::click_rate};
  if (!mark.suspicious && !event.suspicious) {
    if (event.kind == EventKind::impression) ++impressions_;
    if (event.kind == EventKind::click) ++clicks_;
    if (impressions_ >= 10'000'000) {
      impressions_ /= 2;
      clicks_ /= 2;
    }
  }
  return mark;
}

}  // namespace bandstand::agents::fraud
