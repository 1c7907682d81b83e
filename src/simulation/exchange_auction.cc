// exchange_auction: one pass to find the winner, one to tell everybody.
#include "simulation/exchange_auction.h"

#include <algorithm>

#include "base/check.h"

namespace bandstand::simulation {
namespace {

std::int64_t floor_of(const AuctionRules& rules, const Contender& bid) {
  return bid.deal ? bid.deal_floor_nanos : rules.floor_nanos;
}

/// Why the bid may not take part; won if it may.
Loss barred(const AuctionRules& rules, const Contender& bid) {
  if (bid.fault != Loss::won) return bid.fault;
  if (!bid.deal && rules.private_auction) return Loss::invalid_deal;
  if (bid.price_nanos < floor_of(rules, bid)) return bid.deal ? Loss::below_deal_floor : Loss::below_floor;
  return Loss::won;
}

bool better(const Contender& a, const Contender& b) {
  return a.deal != b.deal ? a.deal : a.price_nanos > b.price_nanos;
}

std::int64_t price_of(const AuctionRules& rules, const Contender& bid, std::int64_t rival) {
  if (bid.deal) return bid.deal_at == 1 ? bid.price_nanos : bid.deal_floor_nanos;
  return rules.at == 1 ? bid.price_nanos : std::max(rules.floor_nanos, rival);
}

}  // namespace

const char* name_of(Loss loss) noexcept {
  switch (loss) {
    case Loss::won:
      return "won";
    case Loss::invalid_response:
      return "invalid_response";
    case Loss::invalid_deal:
      return "invalid_deal";
    case Loss::missing_markup:
      return "missing_markup";
    case Loss::missing_creative:
      return "missing_creative";
    case Loss::missing_price:
      return "missing_price";
    case Loss::below_floor:
      return "below_floor";
    case Loss::below_deal_floor:
      return "below_deal_floor";
    case Loss::outbid:
      return "outbid";
    case Loss::lost_to_deal:
      return "lost_to_deal";
    case Loss::wrong_size:
      return "wrong_size";
    case Loss::wrong_format:
      return "wrong_format";
    case Loss::blocked_domain:
      return "blocked_domain";
    case Loss::blocked_category:
      return "blocked_category";
  }
  return "unknown";
}

int clear_auction(const AuctionRules& rules, std::span<const Contender> bids, std::span<Verdict> verdicts) {
  BANDSTAND_CHECK(bids.size() == verdicts.size());
  const std::int64_t rival = rules.rival_nanos >= rules.floor_nanos ? rules.rival_nanos : 0;
  int best = -1;
  for (std::size_t i = 0; i < bids.size(); ++i) {
    verdicts[i].loss = barred(rules, bids[i]);
    if (verdicts[i].loss != Loss::won) continue;
    if (best < 0 || better(bids[i], bids[static_cast<std::size_t>(best)])) best = static_cast<int>(i);
  }
  const bool open = best >= 0 && !bids[static_cast<std::size_t>(best)].deal;
  if (open && bids[static_cast<std::size_t>(best)].price_nanos < rival) best = -1;
  for (std::size_t i = 0; i < bids.size(); ++i) {
    Verdict& verdict = verdicts[i];
    const std::int64_t floor = floor_of(rules, bids[i]);
    verdict.min_to_win_nanos = bids[i].deal ? floor : std::max(floor, rival);
    verdict.price_nanos = 0;
    if (static_cast<int>(i) == best) {
      verdict.price_nanos = price_of(rules, bids[i], rival);
      continue;
    }
    if (verdict.loss != Loss::won) continue;
    const bool to_deal = best >= 0 && bids[static_cast<std::size_t>(best)].deal && !bids[i].deal;
    verdict.loss = to_deal ? Loss::lost_to_deal : Loss::outbid;
    if (best >= 0) {
      verdict.min_to_win_nanos =
          std::max(verdict.min_to_win_nanos, bids[static_cast<std::size_t>(best)].price_nanos);
    }
  }
  return best;
}

}  // namespace bandstand::simulation
