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

}  // namespace bandstand::outcomes
