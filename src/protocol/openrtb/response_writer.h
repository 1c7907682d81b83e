// response_writer: bids to the text of a bid response, appended by hand to a buffer that is used again and
// again.
//
// 1. Prices are printed from integers: plain decimals, at most six after the point.
// 2. Every text is escaped for JSON; what is empty or zero is left out.
// 3. After warm-up nothing is allocated (the buffer keeps its capacity).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/money.h"
#include "domain/auction.h"
#include "domain/vocabulary.h"

namespace bandstand::protocol::openrtb {

/// One bid (OpenRTB 4.2.3), views only. id, imp_id, price and creative_id are required.
struct BidOut {
  std::string_view id;
  std::string_view imp_id;
  base::Nanos price;  ///< CPM: nanos per impression
  std::string_view ad_id;
  std::string_view win_url, billing_url, loss_url;  ///< nurl, burl, lurl; macros stay as they are
  std::string_view markup;                          ///< adm
  domain::Texts advertiser_domains;
  std::string_view bundle;
  std::string_view campaign_id, creative_id;
  domain::Texts categories;
  std::uint8_t category_taxonomy = 1;  ///< written with categories only
  domain::Bytes attributes, apis;
  domain::MediaType type = domain::MediaType::banner;
  std::uint8_t protocol = 0;  ///< of VAST markup, AdCOM "Creative Subtypes - Audio/Video"
  domain::Size size;
  std::string_view deal_id;
  std::int32_t expires_s = 0;
  std::int32_t duration_s = 0;
  std::string_view language;
  std::string_view
      conversion_url;  ///< ext.conversion_url: what a shop fires when it has sold; an extension of ours
};

/// Why an impression got no bid (ext.seatnonbid, [SNB]).
struct NonBidOut {
  std::string_view imp_id;
  std::uint16_t status = 0;
};

/// A response with one seat: ours.
struct ResponseOut {
  std::string_view id;      ///< the request's
  std::string_view bid_id;  ///< response id, what ${AUCTION_BID_ID} becomes
  std::string_view seat;
  std::string_view currency = "USD";
  std::span<const BidOut> bids;         ///< at least one
  bool all_or_nothing = false;          ///< seatbid.group
  std::span<const NonBidOut> non_bids;  ///< empty: no ext.seatnonbid
};

/// Appends the response. About 0.5 us a bid without markup.
void append_response(const ResponseOut& response, std::string& out);

/// Appends {"id":...,"nbr":n}, for exchanges that want a reason in a 200. Codes from 500 up only where
/// agreed: `own_codes` false writes them as 0.
void append_no_bid(std::string_view request_id, domain::NoBid reason, bool own_codes, std::string& out);

}  // namespace bandstand::protocol::openrtb
