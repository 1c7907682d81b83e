// answers: what leaves after a decision: bid responses and first-party decisions, with signed links and markup.
#pragma once

#include <string>
#include <string_view>

#include "base/arena.h"
#include "domain/auction.h"
#include "domain/catalogue.h"
#include "ledger/token.h"
#include "orchestrator/auction_flow.h"
#include "protocol/openrtb/markup.h"
#include "protocol/openrtb/notice.h"
#include "serving/bid_links.h"
#include "serving/settings.h"

namespace bandstand::serving {

/// One a shard: it keeps its buffers. The texts it returns are valid until its next call or the arena's reset.
class Answers {
 public:
  /// The settings and the signer must outlive it.
  Answers(const ServingSettings& settings, const ledger::TokenSigner& signer);

  /// A bid response (OpenRTB 2.6, section 4.2) with the bids of `result`, which has some.
  std::string_view bids(const ExchangeSettings& exchange, const domain::Auction& auction,
                        const domain::Catalogue& catalogue, const orchestrator::FlowResult& result,
                        base::Arena& arena);

  /// The body of an answer of /v1/decide, also when nothing was chosen.
  std::string_view decisions(const domain::Auction& auction, const domain::Catalogue& catalogue,
                             const orchestrator::FlowResult& result, base::Arena& arena);

 private:
  /// What the parts of one answer have in common.
  struct Context {
    const domain::Auction& auction;
    const domain::Catalogue& catalogue;
    base::WallTime at;
    base::Arena& arena;
  };
  ledger::BidTokens tokens_of(const orchestrator::Bid& bid, const Context& context) const;
  void append_markup(const orchestrator::Bid& bid, std::string_view bid_id,
                     const protocol::openrtb::TrackerUrls& urls, const Context& context);

  const ServingSettings& settings_;
  const ledger::TokenSigner& signer_;
  /// Macros that a notice asks for, by whether values come in base64: the same for every bid.
  struct Queries {
    std::string win, bill, loss;
  };
  Queries queries_[2];
  std::string response_, markup_;
};

}  // namespace bandstand::serving
