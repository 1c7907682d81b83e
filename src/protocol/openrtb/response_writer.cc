// response_writer: a bid response, field by field.
#include "protocol/openrtb/response_writer.h"

#include <charconv>

#include "protocol/openrtb/escape.h"

namespace bandstand::protocol::openrtb {
namespace {

void append_number(std::int64_t value, std::string& out) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

/// ,"name":  (the comma unless the object was just opened).
void append_name(std::string_view name, std::string& out) {
  if (out.back() != '{') out.push_back(',');
  out.push_back('"');
  out.append(name);
  out.append("\":");
}

void text_field(std::string_view name, std::string_view value, std::string& out) {
  if (value.empty()) return;
  append_name(name, out);
  out.push_back('"');
  append_json(value, out);
  out.push_back('"');
}

void number_field(std::string_view name, std::int64_t value, std::string& out) {
  if (value == 0) return;
  append_name(name, out);
  append_number(value, out);
}

void texts_field(std::string_view name, domain::Texts values, std::string& out) {
  if (values.empty()) return;
  append_name(name, out);
  out.push_back('[');
  for (const std::string_view value : values) {
    if (out.back() != '[') out.push_back(',');
    out.push_back('"');
    append_json(value, out);
    out.push_back('"');
  }
  out.push_back(']');
}

void bytes_field(std::string_view name, domain::Bytes values, std::string& out) {
  if (values.empty()) return;
  append_name(name, out);
  out.push_back('[');
  for (const std::uint8_t value : values) {
    if (out.back() != '[') out.push_back(',');
    append_number(value, out);
  }
  out.push_back(']');
}

void price_field(base::Nanos price, std::string& out) {
  append_name("price", out);
  char digits[32];
  out.append(digits, base::format_cpm(price, digits));
}

void append_bid(const BidOut& bid, std::string& out) {
  out.push_back('{');
  text_field("id", bid.id, out);
  text_field("impid", bid.imp_id, out);
  price_field(bid.price, out);
  text_field("adid", bid.ad_id, out);
  text_field("nurl", bid.win_url, out);
  text_field("burl", bid.billing_url, out);
  text_field("lurl", bid.loss_url, out);
  text_field("adm", bid.markup, out);
  texts_field("adomain", bid.advertiser_domains, out);
  text_field("bundle", bid.bundle, out);
  text_field("cid", bid.campaign_id, out);
  text_field("crid", bid.creative_id, out);
  texts_field("cat", bid.categories, out);
  if (!bid.categories.empty()) number_field("cattax", bid.category_taxonomy, out);
  bytes_field("attr", bid.attributes, out);
  bytes_field("apis", bid.apis, out);
  number_field("protocol", bid.protocol, out);
  text_field("language", bid.language, out);
  number_field("mtype", static_cast<std::int64_t>(bid.type), out);
  number_field("w", bid.size.w, out);
  number_field("h", bid.size.h, out);
  text_field("dealid", bid.deal_id, out);
  number_field("exp", bid.expires_s, out);
  number_field("dur", bid.duration_s, out);
  if (!bid.conversion_url.empty()) {
    append_name("ext", out);
    out.push_back('{');
    text_field("conversion_url", bid.conversion_url, out);
    out.push_back('}');
  }
  out.push_back('}');
}

void append_non_bids(const ResponseOut& response, std::string& out) {
  append_name("ext", out);
  out.append("{\"seatnonbid\":[{");
  text_field("seat", response.seat, out);
  append_name("nonbid", out);
  out.push_back('[');
  for (const NonBidOut& non_bid : response.non_bids) {
    if (out.back() != '[') out.push_back(',');
    out.push_back('{');
    text_field("impid", non_bid.imp_id, out);
    append_name("statuscode", out);
    append_number(non_bid.status, out);
    out.push_back('}');
  }
  out.append("]}]}");
}

}  // namespace

void append_response(const ResponseOut& response, std::string& out) {
  out.push_back('{');
  text_field("id", response.id, out);
  text_field("bidid", response.bid_id, out);
  text_field("cur", response.currency, out);
  if (!response.bids.empty()) {
    append_name("seatbid", out);
    out.append("[{");
    text_field("seat", response.seat, out);
    if (response.all_or_nothing) number_field("group", 1, out);
    append_name("bid", out);
    out.push_back('[');
    for (const BidOut& bid : response.bids) {
      if (out.back() != '[') out.push_back(',');
      append_bid(bid, out);
    }
    out.append("]}]");
  }
  if (!response.non_bids.empty()) append_non_bids(response, out);
  out.push_back('}');
}

void append_no_bid(std::string_view request_id, domain::NoBid reason, bool own_codes, std::string& out) {
  const auto code = static_cast<std::int64_t>(reason);
  out.push_back('{');
  text_field("id", request_id, out);
  append_name("nbr", out);
  append_number(code >= 500 && !own_codes ? 0 : code, out);
  out.push_back('}');
}

}  // namespace bandstand::protocol::openrtb
