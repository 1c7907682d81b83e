// notice: the query of a win, billing or loss notice: what we ask the exchange to fill in, and how to read
// what came.
//
// The 14 macros of OpenRTB 4.4 under our parameters' names: a AUCTION_ID, b BID_ID, i IMP_ID, s SEAT_ID, d
// AD_ID, p PRICE, c CURRENCY, m MBR, l LOSS, w MIN_TO_WIN, x MULTIPLIER, ts IMP_TS, dp DISCOUNT_PCT, dc
// DISCOUNT_CPM; t is our token. An exchange may substitute, leave empty, leave the macro as it is, write
// AUDIT, or encode: every outcome has a reading.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/money.h"
#include "base/result.h"
#include "domain/event.h"

namespace bandstand::protocol::openrtb {

enum class NoticeKind : std::uint8_t { win, bill, loss };

/// How the exchange was asked to encode macro values.
enum class MacroEncoding : std::uint8_t { plain, base64 };

/// Appends `base_url` + '?' (or '&') + "t=" + token (nothing if it is empty: then it stands in the path) and
/// the macros that matter for this kind (the token names auction, bid, seat and ad already); all 14 with
/// `every_macro`. Base64 writes
/// "${AUCTION_PRICE:B64}" and "e=b64".
void append_notice_url(std::string_view base_url, std::string_view token, NoticeKind kind,
                       MacroEncoding encoding, std::string& out, bool every_macro = false);

/// A notice as it came.
struct Notice {
  std::string_view token;  ///< parameter t, as sent
  domain::PriceForm price_form = domain::PriceForm::absent;
  base::Nanos price;           ///< nanos per impression, if price_form is price; see settle_price()
  base::Nanos min_to_win{-1};  ///< -1: withheld or unreadable
  std::uint16_t loss_reason = 0;
  bool has_loss_reason = false;
  std::uint32_t multiplier_e6 = 1'000'000;
  std::int64_t impression_ms = 0;  ///< ${AUCTION_IMP_TS}, since the epoch; 0 = absent
  base::Nanos market_bid_ratio;    ///< ${AUCTION_MBR} as millionths
  base::Nanos discount_cpm, discount_percent;
  std::uint64_t item = 0;  ///< domain::item_of parameter `item`, decoded: the page or product an event is about; 0: none
  std::string_view currency;                                 ///< as sent, three letters; empty if unresolved
  std::string_view auction_id, bid_id, imp_id, seat, ad_id;  ///< as sent, still percent-encoded
  bool audit = false;  ///< a quality render: never billed, never learned from
};

/// Reads the query (what follows '?'). Never fails: what is missing or odd is said by price_form and the
/// defaults. The price is not compared with the bid; see settle_price(). Views point into `query`.
Notice parse_notice(std::string_view query) noexcept;

/// What is to be booked, given what was bid (protocol.md 1.11): a price above bid * (1 + tolerance) becomes
/// the bid and `above_bid`; empty, unresolved, absent and malformed ones become the bid (the ceiling), form
/// kept; negative and AUDIT become 0.
void settle_price(Notice& notice, base::Nanos bid, std::int32_t tolerance_e6 = 10'000) noexcept;

}  // namespace bandstand::protocol::openrtb
