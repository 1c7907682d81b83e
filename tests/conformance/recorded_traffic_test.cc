// recorded_traffic_test: the 15,000 recorded auctions become OpenRTB requests that the parser reads, all of
// them.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/arena.h"
#include "base/input.h"
#include "protocol/openrtb/recorded.h"
#include "protocol/openrtb/request_parser.h"
#include "shared_data.h"

namespace bandstand::conformance {
namespace {

constexpr const char* kTraffic = "openrtb_traffic/datacratic-auctions-00001-15000.jsonl.xz";

TEST(RecordedTraffic, BecomesRequestsThatAreReadWithoutAnOddity) {
  NEEDS_DATA(kTraffic);
  auto lines = base::LineReader::open((data_root() / kTraffic).string());
  ASSERT_TRUE(lines.has_value());
  protocol::openrtb::RequestParser parser;
  base::Arena arena;
  std::map<std::string, int> exchanges, oddities;
  std::int64_t first_ns = INT64_MAX, last_ns = 0;
  int read = 0, canadian = 0, american = 0, with_user = 0, with_page = 0;
  std::string_view line;
  for (;;) {
    const auto more = lines->next(line);
    ASSERT_TRUE(more.has_value());
    if (!*more) break;
    const auto auction = protocol::openrtb::convert_recorded(line);
    ASSERT_TRUE(auction.has_value()) << line;
    arena.reset();
    protocol::openrtb::ParsedRequest request;
    ASSERT_EQ(parser.parse(auction->request, arena, request), protocol::openrtb::Outcome::ok)
        << auction->request;
    if (request.oddities != 0) ++oddities[name_of(request.first_oddity.fault)];
    ++read;
    ++exchanges[auction->exchange];
    first_ns = std::min(first_ns, auction->at.ns);
    last_ns = std::max(last_ns, auction->at.ns);
    american += request.auction.device.geo.country == domain::pack8("US");
    canadian += request.auction.device.geo.country == domain::pack8("CA");
    with_user += request.identity.present();
    with_page += !request.auction.page.empty();
  }
  for (const auto& [what, n] : oddities) std::printf("  %5d %s\n", n, what.c_str());
  EXPECT_EQ(read, 15'000);
  EXPECT_EQ(exchanges["dblclk_adx"], 8'289);
  EXPECT_EQ(exchanges["context_web"], 6'711);
  EXPECT_EQ(american, 12'976);
  EXPECT_EQ(canadian, 1'903);
  EXPECT_EQ(with_user, 15'000 - 568);
  EXPECT_EQ(with_page, 15'000 - 496);
  EXPECT_NEAR(static_cast<double>(last_ns - first_ns) / 1e9, 24.31, 0.01);
  EXPECT_TRUE(oddities.empty());
}

}  // namespace
}  // namespace bandstand::conformance
