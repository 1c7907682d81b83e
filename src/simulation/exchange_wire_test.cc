// exchange_wire_test: macros, links in markup, responses: what an exchange and a browser make of what they
// get.
#include <gtest/gtest.h>

#include "domain/catalogue.h"
#include "protocol/openrtb/markup.h"
#include "protocol/openrtb/response_writer.h"
#include "simulation/exchange_macros.h"
#include "simulation/exchange_markup.h"
#include "simulation/exchange_response.h"

namespace bandstand::simulation {
namespace {

std::string substituted(std::string_view text, const MacroValues& values) {
  std::string out;
  substitute_macros(text, values, out);
  return out;
}

TEST(Macros, AreReplacedByWhatWasDecided) {
  MacroValues v;
  v.auction_id = "a1";
  v.price = "1.25";
  v.loss = "102";
  v.min_to_win = "1.5";
  EXPECT_EQ(substituted("/n?a=${AUCTION_ID}&p=${AUCTION_PRICE}&l=${AUCTION_LOSS}&w=${AUCTION_MIN_TO_WIN}", v),
            "/n?a=a1&p=1.25&l=102&w=1.5");
}

TEST(Macros, WithoutAValueBecomeEmpty) {
  EXPECT_EQ(substituted("m=${AUCTION_MBR}&s=${AUCTION_SEAT_ID}&x=${AUCTION_MULTIPLIER}", {}), "m=&s=&x=1");
}

TEST(Macros, ThatNobodyKnowsStay) {
  EXPECT_EQ(substituted("${AUCTION_NONSENSE} ${OTHER} $ % ${AUCTION_PRICE", {}),
            "${AUCTION_NONSENSE} ${OTHER} $ % ${AUCTION_PRICE");
}

TEST(Macros, MayBePercentEncodedOrAskForBase64) {
  MacroValues v;
  v.price = "1.25";
  EXPECT_EQ(substituted("p=%24%7BAUCTION_PRICE%7D&q=${AUCTION_PRICE:B64}", v), "p=1.25&q=MS4yNQ");
  EXPECT_EQ(substituted("${AUCTION_PRICE:ROT13}", v), "${AUCTION_PRICE:ROT13}");
}

TEST(Macros, OfThePriceStayWhenTheExchangeIsFaulty) {
  MacroValues v;
  v.price = "1.25";
  v.leave_price = true;
  EXPECT_EQ(substituted("p=${AUCTION_PRICE}", v), "p=${AUCTION_PRICE}");
}

std::vector<Beacon> beacons(std::string_view markup) {
  std::vector<Beacon> out;
  out.resize(find_beacons(markup, out));
  return out;
}

constexpr protocol::openrtb::TrackerUrls kUrls{"https://t.example:8080/e/v1/imp?p=${AUCTION_PRICE}&x=1",
                                               "https://t.example:8080/e/v1/click",
                                               "https://t.example:8080/e/v1/view?e=", 5};

TEST(Markup, OfOurBannersTellsPixelFromClick) {
  domain::Creative creative;
  creative.markup = R"(<a href="{CLICK_URL}"><img src="https://cdn.example/a.png"></a>)";
  std::string html;
  protocol::openrtb::append_banner(creative, {300, 250}, kUrls, html);
  const auto found = beacons(html);
  ASSERT_EQ(found.size(), 2u) << html;
  EXPECT_EQ(found[0].kind, BeaconKind::click);
  EXPECT_EQ(found[0].target, "/e/v1/click");
  EXPECT_EQ(found[1].kind, BeaconKind::impression);
  EXPECT_EQ(found[1].target, "/e/v1/imp?p=${AUCTION_PRICE}&x=1") << "&amp; is resolved";
}

TEST(Markup, OfOurVideosTellsAllThree) {
  domain::Creative creative;
  creative.media_url = "https://cdn.example/a.mp4";
  creative.duration_s = 15;
  std::string vast;
  protocol::openrtb::append_vast(creative, {}, "b", kUrls, vast);
  int impressions = 0, clicks = 0, progress = 0;
  for (const Beacon& beacon : beacons(vast)) {
    impressions += beacon.kind == BeaconKind::impression;
    clicks += beacon.kind == BeaconKind::click;
    progress += beacon.kind == BeaconKind::progress;
  }
  EXPECT_EQ(impressions, 1);
  EXPECT_EQ(clicks, 1);
  EXPECT_EQ(progress, 5);
}

TEST(Markup, OfOurNativesTellsPixelFromClick) {
  domain::Creative creative;
  creative.native.title = "T";
  domain::NativeAsset title;
  title.id = 1;
  domain::Native request;
  request.version = "1.2";
  request.assets = {&title, 1};
  std::string text;
  protocol::openrtb::append_native(creative, request, kUrls, text);
  int impressions = 0, clicks = 0;
  for (const Beacon& beacon : beacons(text)) {
    impressions += beacon.kind == BeaconKind::impression;
    clicks += beacon.kind == BeaconKind::click;
  }
  EXPECT_EQ(impressions, 1) << text;
  EXPECT_EQ(clicks, 1);
}

TEST(Markup, OfStrangersIsTolerated) {
  EXPECT_TRUE(beacons("").empty());
  EXPECT_TRUE(beacons("<img src='https://x.example/pixel'>").empty());
  EXPECT_EQ(beacons("/e/v1/a").size(), 1u);
  EXPECT_EQ(beacons("<img src=https://h/e/v1/a><img src='https://h/e/v1/a'>").size(), 1u) << "each link once";
}

TEST(Response, IsReadAsItIsWritten) {
  protocol::openrtb::BidOut bid;
  bid.id = "b1";
  bid.imp_id = "1";
  bid.price = {2'345'678};
  bid.win_url = "https://t.example/n/v1/w?p=${AUCTION_PRICE}";
  bid.markup = "<b class=\"x\">\\ \u00e9</b>";
  bid.campaign_id = "7";
  bid.creative_id = "9";
  bid.size = {300, 250};
  protocol::openrtb::ResponseOut response;
  response.id = "r";
  response.bid_id = "d";
  response.seat = "s";
  response.bids = {&bid, 1};
  std::string text;
  protocol::openrtb::append_response(response, text);
  ResponseReader reader;
  ReadResponse read;
  ASSERT_TRUE(reader.read(text, read)) << text;
  ASSERT_EQ(read.bids, 1u);
  EXPECT_EQ(read.id, "r");
  EXPECT_EQ(read.bid_id, "d");
  EXPECT_EQ(read.bid[0].price.value, 2'345'678);
  EXPECT_EQ(read.bid[0].markup, bid.markup);
  EXPECT_EQ(read.bid[0].seat, "s");
  EXPECT_EQ(read.bid[0].campaign_id, "7");
  EXPECT_EQ(read.bid[0].w, 300);
}

TEST(Response, ThatIsBrokenIsRefused) {
  ResponseReader reader;
  ReadResponse read;
  EXPECT_FALSE(reader.read("", read));
  EXPECT_FALSE(reader.read("[]", read));
  EXPECT_TRUE(reader.read(R"({"id":"x","nbr":2})", read));
  EXPECT_EQ(read.no_bid_reason, 2);
  EXPECT_TRUE(reader.read(
      R"({"seatbid":[{"bid":[{"price":-1},{"price":"2"},{"price":1e-2}],"seat":"late"}],"id":"x"})", read));
  ASSERT_EQ(read.bids, 3u);
  EXPECT_EQ(read.bid[0].price.value, -1);
  EXPECT_EQ(read.bid[1].price.value, -1) << "a quoted price is none";
  EXPECT_EQ(read.bid[2].price.value, 10'000);
  EXPECT_EQ(read.bid[2].seat, "late");
}

}  // namespace
}  // namespace bandstand::simulation
