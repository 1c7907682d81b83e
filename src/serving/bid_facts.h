// bid_facts: the part of a decision that learners need, without looking it up again.
#pragma once

#include "domain/auction.h"
#include "domain/catalogue.h"
#include "domain/event.h"
#include "orchestrator/auction_flow.h"

namespace bandstand::serving {

/// Of a bid that left. `personal`: interests may be remembered (Consent::may_personalise). One function for the shard and for
/// whoever computes a logged decision again, so that both learn from the same facts.
[[nodiscard]] domain::BidFacts facts_of(const orchestrator::Bid& bid, const orchestrator::FlowResult& result,
                                        const domain::Auction& auction, const domain::Catalogue& catalogue, bool personal);

}  // namespace bandstand::serving
