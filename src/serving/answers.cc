// answers: one bid after the other, links first, then the markup that carries them.
#include "serving/answers.h"

#include <algorithm>
#include <charconv>

#include "protocol/decide/decide_codec.h"
#include "protocol/openrtb/response_writer.h"

namespace bandstand::serving {
namespace {

using domain::MediaType;
using ledger::TokenKind;
namespace rtb = protocol::openrtb;

bool is_timed(MediaType type) { return type == MediaType::video || type == MediaType::audio; }

std::string_view number(std::uint32_t value, base::Arena& arena) {
  auto digits = arena.array<char>(10);
  const auto* end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), static_cast<std::size_t>(end - digits.data())};
}

std::string_view id_text(base::DecisionId id, base::Arena& arena) {
  char* text = static_cast<char*>(arena.take(32, 1));
  base::format_id(id, text);
  return {text, 32};
}

/// "USD", from its packed form.
std::array<char, 3> letters_of(std::uint64_t currency) {
  return {static_cast<char>(currency), static_cast<char>(currency >> 8), static_cast<char>(currency >> 16)};
}

domain::Texts categories_of(const domain::Advertiser& advertiser, const domain::Creative& creative,
                            base::Arena& arena) {
  auto categories = arena.array<std::string_view>(advertiser.categories.size() + creative.categories.size());
  const auto rest = std::copy(advertiser.categories.begin(), advertiser.categories.end(), categories.begin());
  std::copy(creative.categories.begin(), creative.categories.end(), rest);
  return categories;
}

/// What a bid says of its creative, as the catalogue has it.
void describe(const orchestrator::Bid& bid, const domain::Catalogue& catalogue, rtb::BidOut& out, base::Arena& arena) {
  const domain::LineItem& item = catalogue.line_items[bid.line_item];
  const domain::Creative& creative = catalogue.creatives[bid.creative];
  const domain::Advertiser& advertiser = catalogue.advertiser_of(item);
  out.campaign_id = number(catalogue.campaign_of(item).id.value, arena);
  out.creative_id = number(creative.id.value, arena);
  out.ad_id = out.creative_id;
  auto domains = arena.array<std::string_view>(1);
  domains[0] = advertiser.domain;
  out.advertiser_domains = domains;
  out.bundle = creative.app_bundle;
  out.categories = categories_of(advertiser, creative, arena);
  out.attributes = creative.attributes;
  out.apis = creative.apis;
  out.type = creative.type;
  out.protocol = is_timed(creative.type) ? 7 : 0;  // VAST 4.0
  out.size = creative.size;
  out.expires_s = static_cast<std::int32_t>(bid.life / std::chrono::seconds(1));
  out.duration_s = creative.duration_s;
  out.language = creative.language;
}

}  // namespace

std::string_view BidLinks::make(std::string_view path, TokenKind kind, bool bills, std::string_view query) const {
  const std::size_t size = public_url_.size() + path.size() + ledger::kTokenChars + query.size();
  char* const text = static_cast<char*>(arena_.take(size, 1));
  char* at = std::copy(public_url_.begin(), public_url_.end(), text);
  at = std::copy(path.begin(), path.end(), at);
  const auto flags = static_cast<std::uint8_t>(flags_ | (bills ? ledger::Token::kBills : 0));
  tokens_.sign(kind, flags, std::span<char, ledger::kTokenChars>(at, ledger::kTokenChars));
  std::copy(query.begin(), query.end(), at + ledger::kTokenChars);
  return {text, size};
}

Answers::Answers(const ServingSettings& settings, const ledger::TokenSigner& signer)
    : settings_(settings), signer_(signer) {
  response_.reserve(64 * 1024);
  markup_.reserve(64 * 1024);
  for (const auto encoding : {rtb::MacroEncoding::plain, rtb::MacroEncoding::base64}) {
    Queries& queries = queries_[static_cast<int>(encoding)];
    rtb::append_notice_url("", "", rtb::NoticeKind::win, encoding, queries.win);
    rtb::append_notice_url("", "", rtb::NoticeKind::bill, encoding, queries.bill);
    rtb::append_notice_url("", "", rtb::NoticeKind::loss, encoding, queries.loss);
  }
}

ledger::BidTokens Answers::tokens_of(const orchestrator::Bid& bid, const Context& context) const {
  const domain::LineItem& item = context.catalogue.line_items[bid.line_item];
  const domain::Campaign& campaign = context.catalogue.campaign_of(item);
  ledger::Token facts;
  facts.exchange = {context.auction.exchange};
  facts.campaign = campaign.id;
  facts.line_item = item.id;
  facts.creative = context.catalogue.creatives[bid.creative].id;
  facts.lease = bid.reserved.lease;
  facts.bid = bid.id;
  facts.price_max = bid.amount_max;
  facts.currency = letters_of(campaign.currency);
  facts.day = {bid.reserved.day};
  facts.bid_time = context.at;
  facts.lives_s = settings_.token_life_s;
  return signer_.prepare(facts);
}

/// The creative as a browser, player or app shows it, into markup_.
void Answers::append_markup(const orchestrator::Bid& bid, std::string_view bid_id, const rtb::TrackerUrls& urls,
                            const Context& context) {
  const domain::Catalogue& catalogue = context.catalogue;
  const domain::Creative& creative = catalogue.creatives[bid.creative];
  markup_.clear();
  switch (creative.type) {
    case MediaType::banner: rtb::append_banner(creative, creative.size, urls, markup_); break;
    case MediaType::native:
      rtb::append_native(creative, *context.auction.impressions[bid.impression].native, urls, markup_);
      break;
    case MediaType::video:
    case MediaType::audio:
      rtb::append_vast(creative, catalogue.advertiser_of(catalogue.line_items[bid.line_item]), bid_id, urls, markup_);
      break;
  }
}

std::string_view Answers::bids(const ExchangeSettings& exchange, const domain::Auction& auction,
                               const domain::Catalogue& catalogue, const orchestrator::FlowResult& result,
                               base::Arena& arena) {
  const Context context{auction, catalogue, result.record->at, arena};
  const auto encoding = exchange.macros_base64 ? rtb::MacroEncoding::base64 : rtb::MacroEncoding::plain;
  const Queries& queries = queries_[static_cast<int>(encoding)];
  const std::uint8_t flags = auction.test ? ledger::Token::kTestTraffic : 0;
  auto out = arena.array<rtb::BidOut>(result.bids.size());
  for (std::size_t i = 0; i < result.bids.size(); ++i) {
    const orchestrator::Bid& bid = result.bids[i];
    const domain::LineItem& item = catalogue.line_items[bid.line_item];
    const domain::Creative& creative = catalogue.creatives[bid.creative];
    const domain::Impression& impression = auction.impressions[bid.impression];
    const bool timed = is_timed(creative.type);
    const BillOn bill_on = timed ? BillOn::impression : exchange.bill_on;
    const ledger::BidTokens tokens = tokens_of(bid, context);
    const BidLinks links(tokens, flags, settings_.public_url, arena);

    rtb::BidOut& b = out[i];
    b.id = id_text(bid.id, arena);
    b.imp_id = impression.id;
    b.price = bid.price;
    b.win_url = links.notice(TokenKind::win, bill_on == BillOn::nurl, queries.win);
    if (bill_on == BillOn::burl) b.billing_url = links.notice(TokenKind::bill, true, queries.bill);
    b.loss_url = links.notice(TokenKind::loss, false, queries.loss);
    if (item.goal == domain::Goal::cpa) b.conversion_url = links.event(TokenKind::conversion);
    if (bid.deal != agents::targeting::kOpenAuction) b.deal_id = impression.deals[bid.deal].id;
    describe(bid, catalogue, b, arena);

    rtb::TrackerUrls urls;
    if (bill_on == BillOn::impression) {
      // The browser fires it, but the exchange fills in the price, as it does everywhere in adm.
      urls.impression = links.event(TokenKind::impression, true,
                                    encoding == rtb::MacroEncoding::base64 ? "?e=b64&p=${AUCTION_PRICE:B64}"
                                                                           : "?p=${AUCTION_PRICE}");
    } else {
      urls.impression = links.event(TokenKind::impression);
    }
    urls.click = links.event(TokenKind::click);
    if (timed) urls.progress = links.event(TokenKind::view, false, "?e=");
    urls.cachebuster = bid.id.lo;
    append_markup(bid, b.id, urls, context);
    b.markup = arena.copy(markup_);
  }
  rtb::ResponseOut response;
  response.id = auction.id;
  response.bid_id = id_text(result.record->id, arena);
  response.seat = exchange.seat;
  const auto currency = letters_of(catalogue.campaign_of(catalogue.line_items[result.bids[0].line_item]).currency);
  response.currency = {currency.data(), currency.size()};
  response.bids = out;
  response_.clear();
  rtb::append_response(response, response_);
  return response_;
}

std::string_view Answers::decisions(const domain::Auction& auction, const domain::Catalogue& catalogue,
                                    const orchestrator::FlowResult& result, base::Arena& arena) {
  const Context context{auction, catalogue, result.record->at, arena};
  const std::uint8_t flags = auction.test ? ledger::Token::kTestTraffic : 0;
  response_.clear();
  protocol::decide::DecideWriter writer(response_);
  writer.begin(auction.id, id_text(result.record->id, arena));
  for (const orchestrator::Bid& bid : result.bids) {
    const domain::Creative& creative = catalogue.creatives[bid.creative];
    const domain::LineItem& item = catalogue.line_items[bid.line_item];
    const ledger::BidTokens tokens = tokens_of(bid, context);
    const BidLinks links(tokens, flags, settings_.public_url, arena);
    protocol::decide::DecisionOut out;
    out.placement = auction.impressions[bid.impression].id;
    out.decision_id = id_text(bid.id, arena);
    out.campaign = catalogue.campaign_of(item).id.value;
    out.line_item = item.id.value;
    out.creative = creative.id.value;
    out.type = creative.type;
    out.size = creative.size;
    rtb::TrackerUrls urls;
    urls.impression = links.event(TokenKind::impression, true);
    urls.click = links.event(TokenKind::click);
    out.view_url = links.event(TokenKind::view);
    out.conversion_url = links.event(TokenKind::conversion);
    if (is_timed(creative.type)) urls.progress = links.event(TokenKind::view, false, "?e=");
    urls.cachebuster = bid.id.lo;
    append_markup(bid, out.decision_id, urls, context);
    out.markup = markup_;
    out.click_url = urls.click;
    out.impression_url = urls.impression;
    out.landing_page = creative.landing_page;
    writer.add(out);
  }
  for (std::size_t i = 0; i < auction.impressions.size(); ++i) {
    const bool filled =
        std::any_of(result.bids.begin(), result.bids.end(), [&](const auto& bid) { return bid.impression == i; });
    if (!filled)
      writer.add_unfilled(auction.impressions[i].id, domain::name_of(result.record->impressions[i].no_bid));
  }
  writer.end();
  return response_;
}

}  // namespace bandstand::serving
