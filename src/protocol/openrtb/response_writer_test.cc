// response_writer_test: what is written is JSON that says what was meant.
#include "protocol/openrtb/response_writer.h"

#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>

namespace bandstand::protocol::openrtb {
namespace {

using nlohmann::json;

TEST(ResponseWriter, WritesEveryFieldOfABid) {
  const std::array<std::string_view, 1> domains{"shoes.example"};
  const std::array<std::string_view, 2> categories{"IAB18", "IAB22-1"};
  const std::array<std::uint8_t, 2> attributes{3, 16};
  const std::array<std::uint8_t, 1> apis{7};
  BidOut bid;
  bid.id = "b1";
  bid.imp_id = "1";
  bid.price = base::Nanos{1'234'567};
  bid.ad_id = "a";
  bid.win_url = "https://n.example/w?p=${AUCTION_PRICE}";
  bid.billing_url = "https://n.example/b";
  bid.loss_url = "https://n.example/l";
  bid.markup = "<a href=\"x\">\n</a>";
  bid.advertiser_domains = domains;
  bid.bundle = "com.shoes";
  bid.campaign_id = "7";
  bid.creative_id = "9";
  bid.categories = categories;
  bid.attributes = attributes;
  bid.apis = apis;
  bid.type = domain::MediaType::video;
  bid.protocol = 7;
  bid.size = {640, 480};
  bid.deal_id = "d";
  bid.expires_s = 300;
  bid.duration_s = 15;
  bid.language = "en";
  ResponseOut response;
  response.id = "r\"1";
  response.bid_id = "dec";
  response.seat = "seat";
  response.currency = "EUR";
  response.bids = {&bid, 1};
  std::string text;
  append_response(response, text);
  EXPECT_EQ(json::parse(text),
            json::parse(R"({"id":"r\"1","bidid":"dec","cur":"EUR","seatbid":[{"seat":"seat","bid":[{
      "id":"b1","impid":"1","price":1.234567,"adid":"a","nurl":"https://n.example/w?p=${AUCTION_PRICE}",
      "burl":"https://n.example/b","lurl":"https://n.example/l","adm":"<a href=\"x\">\n</a>","adomain":["shoes.example"],
      "bundle":"com.shoes","cid":"7","crid":"9","cat":["IAB18","IAB22-1"],"cattax":1,"attr":[3,16],"apis":[7],"protocol":7,
      "language":"en","mtype":2,"w":640,"h":480,"dealid":"d","exp":300,"dur":15}]}]})"));
}

TEST(ResponseWriter, PrintsPricesWithoutExponent) {
  BidOut bid;
  bid.id = bid.imp_id = bid.creative_id = "1";
  ResponseOut response;
  response.id = "1";
  response.bids = {&bid, 1};
  for (const auto& [nanos, text] : {std::pair{std::int64_t{1}, "\"price\":0.000001,"},
                                    {10'000'000'000, "\"price\":10000,"},
                                    {500'000, "\"price\":0.5,"}}) {
    bid.price = base::Nanos{nanos};
    std::string out;
    append_response(response, out);
    EXPECT_NE(out.find(text), std::string::npos) << out;
  }
}

TEST(ResponseWriter, LeavesOutWhatIsAbsent) {
  BidOut bid;
  bid.id = bid.imp_id = bid.creative_id = "1";
  bid.price = base::Nanos{1'000'000};
  ResponseOut response;
  response.id = "1";
  response.bids = {&bid, 1};
  std::string out;
  append_response(response, out);
  EXPECT_EQ(
      out,
      R"({"id":"1","cur":"USD","seatbid":[{"bid":[{"id":"1","impid":"1","price":1,"crid":"1","mtype":1}]}]})");
}

TEST(ResponseWriter, SaysWhyThereIsNoBid) {
  std::string out;
  append_no_bid("r", domain::NoBid::insufficient_time, false, out);
  EXPECT_EQ(out, R"({"id":"r","nbr":15})");
  out.clear();
  append_no_bid("r", domain::NoBid::paced, true, out);
  EXPECT_EQ(out, R"({"id":"r","nbr":511})");
  out.clear();
  append_no_bid("r", domain::NoBid::paced, false, out);
  EXPECT_EQ(out, R"({"id":"r","nbr":0})");
}

TEST(ResponseWriter, ListsNonBidsOnRequest) {
  const std::array<NonBidOut, 2> non_bids{{{"1", 301}, {"2", 0}}};
  ResponseOut response;
  response.id = "r";
  response.seat = "s";
  response.non_bids = non_bids;
  std::string out;
  append_response(response, out);
  EXPECT_EQ(json::parse(out)["ext"], json::parse(R"({"seatnonbid":[{"seat":"s","nonbid":[
      {"impid":"1","statuscode":301},{"impid":"2","statuscode":0}]}]})"));
}

}  // namespace
}  // namespace bandstand::protocol::openrtb
