// request_parser_test: what a request becomes, and what is refused where.
#include "protocol/openrtb/request_parser.h"

#include <gtest/gtest.h>

#include <string>

namespace bandstand::protocol::openrtb {
namespace {

struct Parsed {
  base::Arena arena;
  ParsedRequest request;
};

std::unique_ptr<Parsed> parse(std::string_view body, ParserOptions options = {}) {
  auto parsed = std::make_unique<Parsed>();
  RequestParser parser(options);
  parser.parse(body, parsed->arena, parsed->request);
  return parsed;
}

constexpr std::string_view kSimple =
    R"({"id":"r1","imp":[{"id":"1","banner":{"w":300,"h":250},"bidfloor":0.5}],"site":{"page":"https://a.example/x"}})";

TEST(RequestParser, ReadsASimpleBannerRequest) {
  const auto p = parse(kSimple);
  ASSERT_EQ(p->request.outcome, Outcome::ok) << name_of(p->request.refusal.fault);
  const domain::Auction& a = p->request.auction;
  EXPECT_EQ(a.id, "r1");
  ASSERT_EQ(a.impressions.size(), 1u);
  EXPECT_EQ(a.impressions[0].id, "1");
  EXPECT_EQ(a.impressions[0].floor.value, 500'000);
  ASSERT_NE(a.impressions[0].banner, nullptr);
  ASSERT_EQ(a.impressions[0].banner->sizes.size(), 1u);
  EXPECT_EQ(a.impressions[0].banner->sizes[0], (domain::Size{300, 250}));
  EXPECT_EQ(a.channel, domain::Channel::site);
  EXPECT_EQ(a.domain, "a.example");
  EXPECT_EQ(a.at, 2);
}

TEST(RequestParser, KeepsNothingOfTheCallersBuffer) {
  RequestParser parser;
  base::Arena arena;
  ParsedRequest request;
  std::string body(kSimple);
  ASSERT_EQ(parser.parse(body, arena, request), Outcome::ok);
  body.assign(body.size(), 'x');
  EXPECT_EQ(request.auction.id, "r1");
  EXPECT_EQ(request.auction.impressions[0].id, "1");
}

TEST(RequestParser, RefusesTooLargeABodyUnread) {
  ParserOptions options;
  options.body_bytes_max = 100;
  EXPECT_EQ(parse(std::string(101, ' '), options)->request.refusal.fault, Fault::too_large);
  EXPECT_EQ(parse(std::string(100, ' '), options)->request.refusal.fault, Fault::not_json);
}

TEST(RequestParser, RefusesAMillionBracketsWithAFlatStack) {
  ParserOptions options;
  options.body_bytes_max = 2'000'000;
  EXPECT_EQ(parse(std::string(1'000'000, '['), options)->request.refusal.fault, Fault::too_deep);
  EXPECT_EQ(
      parse(R"({"id":"1","x":")" + std::string(1'000'000, '[') + R"("})", options)->request.refusal.fault,
      Fault::no_impression);
}

TEST(RequestParser, RefusesMoreImpressionsThanItsLimit) {
  std::string body = R"({"id":"1","imp":[)";
  for (int i = 0; i < 65; ++i) {
    body += (i == 0 ? R"({"id":")" : R"(,{"id":")") + std::to_string(i) + R"(","banner":{"w":1,"h":1}})";
  }
  EXPECT_EQ(parse(body + "]}")->request.refusal.fault, Fault::too_many_impressions);
}

TEST(RequestParser, ReadsABodyCutIntoOneArenaWithManyOthers) {
  RequestParser parser;
  base::Arena arena(256);
  ParsedRequest first, second;
  ASSERT_EQ(parser.parse(kSimple, arena, first), Outcome::ok);
  ASSERT_EQ(parser.parse(R"({"id":"r2","imp":[{"id":"9","banner":{"w":1,"h":1}}]})", arena, second),
            Outcome::ok);
  EXPECT_EQ(first.auction.id, "r1");
  EXPECT_EQ(second.auction.id, "r2");
}

constexpr std::string_view kPersonal =
    R"({"id":"1","imp":[{"id":"1","banner":{"w":1,"h":1}}],"site":{"domain":"a.example","keywords":"news"},)"
    R"("device":{"ip":"203.0.113.77","ipv6":"2001:db8:1:2::3","geo":{"lat":40.7128,"lon":-74.006,"zip":"10001"}},)"
    R"("user":{"id":"u","keywords":"sailing","data":[{"name":"dmp","segment":[{"id":"s"}]}]},"regs":{"gdpr":%}})";

std::string personal(const char* gdpr) {
  std::string body(kPersonal);
  return body.replace(body.find('%'), 1, gdpr);
}

TEST(Admit, HandsOverWhatConsentAllows) {
  const auto p = parse(personal("0"));
  ASSERT_EQ(p->request.outcome, Outcome::ok);
  EXPECT_TRUE(p->request.auction.segments.empty()) << "sealed until the gate has spoken";
  EXPECT_EQ(p->request.auction.keywords.size(), 1u);
  admit(domain::consent_gate(p->request.privacy), p->arena, p->request);
  ASSERT_EQ(p->request.auction.segments.size(), 1u);
  EXPECT_EQ(p->request.auction.segments[0].provider, "dmp");
  EXPECT_EQ(p->request.auction.keywords.size(), 2u);
  EXPECT_EQ(p->request.auction.device.ip, "203.0.113.77");
}

TEST(Admit, LeavesNoPersonalDataWithoutConsent) {
  const auto p = parse(personal("1"));
  ASSERT_EQ(p->request.outcome, Outcome::ok);
  admit(domain::consent_gate(p->request.privacy), p->arena, p->request);
  const domain::Auction& a = p->request.auction;
  EXPECT_TRUE(a.segments.empty());
  ASSERT_EQ(a.keywords.size(), 1u);
  EXPECT_EQ(a.keywords[0], "news");
  EXPECT_EQ(a.device.ip, "203.0.113.0");
  EXPECT_EQ(a.device.ipv6, "2001:db8:1::");
  EXPECT_FLOAT_EQ(a.device.geo.lat, 40.7f);
  EXPECT_FLOAT_EQ(a.device.geo.lon, -74.0f);
  EXPECT_EQ(a.device.geo.zip, "");
}

TEST(Admit, DropsAnAddressThatIsNone) {
  auto p =
      parse(R"({"id":"1","imp":[{"id":"1","banner":{"w":1,"h":1}}],"device":{"ip":"hidden","ipv6":"::1"},)"
            R"("regs":{"coppa":1}})");
  ASSERT_EQ(p->request.outcome, Outcome::ok);
  admit(domain::consent_gate(p->request.privacy), p->arena, p->request);
  EXPECT_EQ(p->request.auction.device.ip, "");
  EXPECT_EQ(p->request.auction.device.ipv6, "::");
}

struct RefusalCase {
  const char* body;
  Outcome outcome;
  Fault fault;
  const char* path;
};

class Refusals : public testing::TestWithParam<RefusalCase> {};

TEST_P(Refusals, NameTheFaultAndItsPlace) {
  const auto p = parse(GetParam().body);
  EXPECT_EQ(p->request.outcome, GetParam().outcome);
  EXPECT_STREQ(name_of(p->request.refusal.fault), name_of(GetParam().fault));
  EXPECT_EQ(p->request.refusal.path.view(), GetParam().path);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Refusals,
    testing::Values(
        RefusalCase{"", Outcome::malformed, Fault::not_json, ""},
        RefusalCase{"malformed", Outcome::malformed, Fault::not_json, ""},
        RefusalCase{"null", Outcome::malformed, Fault::not_an_object, ""},
        RefusalCase{"[]", Outcome::malformed, Fault::not_an_object, ""},
        RefusalCase{"{}", Outcome::malformed, Fault::id_missing, "id"},
        RefusalCase{R"({"id":""})", Outcome::malformed, Fault::id_missing, "id"},
        RefusalCase{R"({"id":"1"} x)", Outcome::malformed, Fault::not_json, ""},
        RefusalCase{R"({"id":"1"}{})", Outcome::malformed, Fault::not_json, ""},
        RefusalCase{R"({"id":"\ud800","imp":[]})", Outcome::malformed, Fault::not_json, ""},
        RefusalCase{"{\"id\":\"\xff\"}", Outcome::malformed, Fault::invalid_utf8, ""},
        RefusalCase{R"({"id":"1"})", Outcome::unusable, Fault::no_impression, "imp"},
        RefusalCase{R"({"id":"1","imp":[]})", Outcome::unusable, Fault::no_impression, "imp"},
        RefusalCase{R"({"id":"1","tmax":-2})", Outcome::unusable, Fault::negative, "tmax"},
        RefusalCase{R"({"id":"1","imp":[{}]})", Outcome::unusable, Fault::impression_id_missing, "imp[0].id"},
        RefusalCase{R"({"id":"1","imp":[{"id":"a"}]})", Outcome::unusable, Fault::no_medium, "imp[0]"},
        RefusalCase{
            R"({"id":"1","imp":[{"id":"a","banner":{"w":1,"h":2}},{"id":"a","banner":{"w":1,"h":2}}]})",
            Outcome::unusable, Fault::impression_id_duplicate, "imp[1].id"},
        RefusalCase{R"({"id":"1","imp":[{"id":"a","video":{"mimes":[]}}]})", Outcome::unusable,
                    Fault::mimes_missing, "imp[0].video.mimes"},
        RefusalCase{R"({"id":"1","imp":[{"id":"a","banner":{"format":[{"w":-1,"h":5}]}}]})",
                    Outcome::unusable, Fault::negative, "imp[0].banner.format[0].w"},
        RefusalCase{R"({"id":"1","imp":[{"id":"a","bidfloor":-1,"banner":{"w":1,"h":2}}]})",
                    Outcome::unusable, Fault::price, "imp[0].bidfloor"},
        RefusalCase{R"({"id":"1","site":{},"app":{},"imp":[{"id":"a","banner":{"w":1,"h":2}}]})",
                    Outcome::unusable, Fault::several_channels, "site"},
        RefusalCase{R"({"id":"1","regs":{"gdpr":2},"imp":[{"id":"a","banner":{"w":1,"h":2}}]})",
                    Outcome::unusable, Fault::gdpr_range, "regs.gdpr"},
        RefusalCase{R"({"id":"1","imp":[{"id":"a","native":{"request":"{\"assets\":[{\"data\":{}}]}"}}]})",
                    Outcome::unusable, Fault::native_asset_content,
                    "imp[0].native.request.assets[0].data.type"}));

}  // namespace
}  // namespace bandstand::protocol::openrtb
