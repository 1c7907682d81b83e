// rewards: the one business reward of the whole system. An agent may shape it for its own learning, not replace it.
#pragma once

#include "base/money.h"
#include "domain/catalogue.h"
#include "domain/event.h"

namespace bandstand::outcomes {

/// Value of the goal events that happened, minus what the impression cost, in nanos of the campaign's currency.
///   cpm: value of an impression if it was billed;  cpc: value if clicked;  cpa: value if converted.
/// A lost bid earns and costs nothing. Suspicious and test outcomes are worth 0 whatever happened. Pure.
[[nodiscard]] base::Nanos reward_of(const domain::Outcome& outcome, const domain::LineItem& item) noexcept;

/// What this outcome adds to the reward of its bid, whose outcomes come one after another: a response settles what cpm and cpc
/// earn and what the impression cost, a conversion adds what cpa earns, a price adds nothing.
[[nodiscard]] base::Nanos reward_added(const domain::Outcome& outcome, const domain::LineItem& item) noexcept;

}  // namespace bandstand::outcomes
