// exchange_macros: puts what the auction decided in the place of ${AUCTION_...} (OpenRTB 2.6 section 4.4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bandstand::simulation {

/// Views hold during substitution. What is empty is substituted as empty.
struct MacroValues {
  std::string_view auction_id, bid_id, imp_id, seat_id, ad_id, currency;
  std::string_view price;       ///< CPM text, or "AUDIT"
  std::string_view min_to_win;  ///< CPM text; empty: withheld
  std::string_view loss;        ///< reason code
  std::string_view timestamp;   ///< ms since 1970
  std::string_view multiplier = "1";
  bool leave_price = false;  ///< a faulty exchange: ${AUCTION_PRICE} stays as it is
};

/// Appends `text` with its macros resolved; knows them percent-encoded too (%24%7B...%7D). A macro with a
/// suffix
/// (${AUCTION_PRICE:B64}) is encoded as asked if it is B64, else left alone; so is a macro that nobody knows.
void substitute_macros(std::string_view text, const MacroValues& values, std::string& out);

}  // namespace bandstand::simulation
