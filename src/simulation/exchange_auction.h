// exchange_auction: who wins an impression and what it costs: first price, second price, floors, deals. Pure
// functions.
#pragma once

#include <cstdint>
#include <span>

namespace bandstand::simulation {

/// OpenRTB loss reason codes that an auction gives (protocol.md 1.14).
enum class Loss : std::uint16_t {
  won = 0,
  invalid_response = 3,
  invalid_deal = 4,
  missing_markup = 7,
  missing_creative = 8,
  missing_price = 9,
  below_floor = 100,
  below_deal_floor = 101,
  outbid = 102,
  lost_to_deal = 103,
  wrong_size = 203,
  wrong_format = 204,
  blocked_domain = 205,
  blocked_category = 209
};
const char* name_of(Loss loss) noexcept;

/// A bid of Bandstand in the auction.
struct Contender {
  std::int64_t price_nanos = 0;
  bool deal = false;
  std::uint8_t deal_at = 0;  ///< 1 first price, 2 second price, 3 fixed at the deal's floor
  std::int64_t deal_floor_nanos = 0;
  Loss fault = Loss::won;  ///< thrown out before the auction for this reason
};

struct Verdict {
  Loss loss = Loss::outbid;
  std::int64_t price_nanos = 0;  ///< what the winner pays
  std::int64_t min_to_win_nanos =
      0;  ///< ${AUCTION_MIN_TO_WIN}: on a win the price to tie with the next (or the floor);
          ///< on a loss the price to tie with the winner (or the floor)
};

struct AuctionRules {
  int at = 1;  ///< 1 first price, 2 second price
  std::int64_t floor_nanos = 0;
  std::int64_t rival_nanos = 0;  ///< the best bid of anybody else; 0: none. It counts if it reaches the floor
  bool private_auction = false;  ///< only bids on deals are let in
};

/// Decides one impression. A bid on a deal that reaches its floor beats every open bid (there is no rival on
/// our deals); among equals the higher price wins, then the earlier bid. A tie with the rival is ours. Bids
/// of one seat do not raise each other's price. Returns the index of the winning bid, or -1.
int clear_auction(const AuctionRules& rules, std::span<const Contender> bids, std::span<Verdict> verdicts);

}  // namespace bandstand::simulation
