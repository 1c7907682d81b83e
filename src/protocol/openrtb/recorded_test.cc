// recorded_test: a recorded line becomes a request that our own parser reads.
#include "protocol/openrtb/recorded.h"

#include <gtest/gtest.h>

#include "protocol/openrtb/request_parser.h"

namespace bandstand::protocol::openrtb {
namespace {

constexpr std::string_view kLine =
    R"({"exchange":"dblclk_adx","id":"a-1","ipAddress":"192.0.2.1","language":"en","location":{"cityName":"Somerset",)"
    R"("countryCode":"US","dma":613,"postalCode":"715","regionCode":"WI","timezoneOffsetMinutes":-360},"restrictions":)"
    R"({"creativeAttribute":[7],"clickUrl":["bad.example"]},"segments":{"adgear":null,"adxVerticals":[[12,0.25],[444,0.5]]},)"
    R"("spots":[{"formats":["728x90","300x250"],"id":"1","position":"NONE","reservePrice":0}],"timestamp":1326240000.066617,)"
    R"~("url":"http://www.site.example/home?x=1","userAgent":"Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 5.1)",)~"
    R"("userIds":{"adx":"u","xchg":"u"}})";

TEST(Recorded, BecomesAnOpenRtbRequest) {
  const auto auction = convert_recorded(kLine);
  ASSERT_TRUE(auction.has_value());
  EXPECT_EQ(auction->at.ns, 1'326'240'000'066'617'000);
  EXPECT_EQ(auction->exchange, "dblclk_adx");
  base::Arena arena;
  ParsedRequest request;
  RequestParser parser;
  ASSERT_EQ(parser.parse(auction->request, arena, request), Outcome::ok) << auction->request;
  EXPECT_EQ(request.oddities, 0u) << name_of(request.first_oddity.fault);
  const domain::Auction& a = request.auction;
  EXPECT_EQ(a.id, "a-1");
  ASSERT_EQ(a.impressions.size(), 1u);
  ASSERT_EQ(a.impressions[0].banner->sizes.size(), 2u);
  EXPECT_EQ(a.impressions[0].banner->sizes[0], (domain::Size{728, 90}));
  EXPECT_EQ(a.domain, "www.site.example");
  EXPECT_EQ(a.device.geo.country, domain::pack8("US"));
  EXPECT_EQ(a.device.geo.region, domain::pack8("WI"));
  EXPECT_EQ(a.device.geo.metro, "613");
  EXPECT_EQ(a.device.os, domain::Os::windows);
  ASSERT_EQ(a.blocked_domains.size(), 1u);
  ASSERT_EQ(a.keywords.size(), 2u);
  EXPECT_EQ(a.keywords[1], "adx444");
  EXPECT_TRUE(request.identity.present());
}

TEST(Recorded, RefusesWhatIsNoAuction) {
  for (const char* line : {"", "[]", "{}", R"({"timestamp":"x"})", R"({"timestamp":1,"spots":"x"})"}) {
    EXPECT_FALSE(convert_recorded(line).has_value()) << line;
  }
}

}  // namespace
}  // namespace bandstand::protocol::openrtb
