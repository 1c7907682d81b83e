// rewards: value minus cost.
#include "outcomes/rewards.h"

namespace bandstand::outcomes {

base::Nanos reward_of(const domain::Outcome& outcome, const domain::LineItem& item) noexcept {
  if (outcome.suspicious || outcome.facts.suspicious || outcome.facts.test || !outcome.won) return {};
  bool reached = false;
  switch (item.goal) {
    case domain::Goal::cpm: reached = outcome.billed; break;
    case domain::Goal::cpc: reached = outcome.clicked; break;
    case domain::Goal::cpa: reached = outcome.converted; break;
  }
  const base::Nanos value = reached ? item.value : base::Nanos{};
  return value - (outcome.billed ? outcome.clearing_price : base::Nanos{});
}

base::Nanos reward_added(const domain::Outcome& outcome, const domain::LineItem& item) noexcept {
  using Kind = domain::Outcome::Kind;
  const bool by_action = item.goal == domain::Goal::cpa;
  if (outcome.kind == Kind::price || (outcome.kind == Kind::conversion && !by_action)) return {};
  domain::Outcome scored = outcome;
  if (outcome.kind == Kind::conversion) scored.billed = false;
  if (outcome.kind == Kind::response && by_action) scored.converted = false;
  return reward_of(scored, item);
}

}  // namespace bandstand::outcomes
