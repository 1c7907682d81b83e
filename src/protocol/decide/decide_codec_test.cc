// decide_codec_test: what the first-party API takes and, field by field, what it refuses.
#include "protocol/decide/decide_codec.h"

#include <gtest/gtest.h>

namespace bandstand::protocol::decide {
namespace {

class Decide : public testing::Test {
 protected:
  bool parse(const std::string& rest) {
    body_ = R"({"placements":[{"id":"top","sizes":["300x250"]}])" + (rest.empty() ? "" : "," + rest) + "}";
    const std::size_t size = body_.size();
    body_.append(64, '\0');
    return parser_.parse(std::string_view(body_).substr(0, size), arena_, out_);
  }
  /// "field: message" of the refusal.
  std::string refusal(const std::string& rest) {
    if (parse(rest)) return "taken";
    return std::string(out_.refusal.field) + ": " + std::string(out_.refusal.message);
  }

  std::string body_;
  base::Arena arena_;
  DecideParser parser_{0};
  ParsedDecide out_;
};

TEST_F(Decide, TakesAPlaceInEitherForm) {
  ASSERT_TRUE(parse(R"("device":{"geo":{"country":"deu","region":"by","city":"Munich","zip":"80331",)"
                    R"("metro":"x","lat":48.14,"lon":11.58}})"));
  const domain::Geo& geo = out_.auction.device.geo;
  EXPECT_EQ(geo.country, domain::pack8("DE"));
  EXPECT_EQ(geo.region, domain::pack8("BY"));
  EXPECT_EQ(geo.city, "Munich");
  EXPECT_EQ(geo.zip, "80331");
  EXPECT_TRUE(geo.has_position);
  EXPECT_FLOAT_EQ(geo.lat, 48.14f);
  ASSERT_TRUE(parse(R"("device":{"geo":{"region":"US-CA"}})"));
  EXPECT_EQ(out_.auction.device.geo.country, domain::pack8("US"));
  EXPECT_EQ(out_.auction.device.geo.region, domain::pack8("US-CA"));
  ASSERT_TRUE(parse(R"("device":{"country":"fr"})"));
  EXPECT_EQ(out_.auction.device.geo.country, domain::pack8("FR"));
  ASSERT_TRUE(parse(R"("device":{"geo":null}, "later": {"field": 1})"));
}

TEST_F(Decide, TakesAnItem) {
  ASSERT_TRUE(parse(R"("item":"sencha-100g")"));
  EXPECT_EQ(out_.auction.item, "sencha-100g");
  ASSERT_TRUE(parse(""));
  EXPECT_EQ(out_.auction.item, "");
  EXPECT_EQ(refusal(R"("item":17)"), "item: expected a text");
}

TEST_F(Decide, NamesTheFieldThatIsWrong) {
  const std::pair<const char*, const char*> kCases[] = {
      {R"("device":{"geo":{"country":"XX"}})",
       "device.geo.country: expected a country of ISO 3166-1, such as DE or DEU"},
      {R"("device":{"geo":{"country":49}})", "device.geo.country: expected a text"},
      {R"("device":{"country":"Germany"})",
       "device.country: expected a country of ISO 3166-1, such as DE or DEU"},
      {R"("device":{"geo":{"region":"BY"}})",
       "device.geo.region: needs a country: device.geo.country, or in the form DE-BY"},
      {R"("device":{"geo":{"country":"FR","region":"DE-BY"}})",
       "device.geo.region: is in another country than device.geo.country"},
      {R"("device":{"geo":{"country":"DE","region":"Bavaria"}})",
       "device.geo.region: expected a region of ISO 3166-2, such as BY or DE-BY"},
      {R"("device":{"geo":{"lat":91,"lon":0}})", "device.geo.lat: expected degrees from -90 to 90"},
      {R"("device":{"geo":{"lat":9}})", "device.geo.lon: a position needs lat and lon"},
      {R"("device":{"geo":[]})", "device.geo: expected an object"},
      {R"("device":"phone")", "device: expected an object"},
      {R"("user":{"key":7})", "user.key: expected a text"},
      {R"("user":{"segments":"a"})", "user.segments: expected a list of texts"},
      {R"("consent":[])", "consent: expected an object"},
      {R"("key_values":{"a":1})", "key_values: expected texts as values"},
  };
  for (const auto& [rest, expected] : kCases) EXPECT_EQ(refusal(rest), expected) << rest;
}

TEST_F(Decide, WithoutConsentThePlaceIsCoarse) {
  ASSERT_TRUE(
      parse(R"("consent":{"gdpr":true},"user":{"key":"u","segments":["s"]},)"
            R"("device":{"geo":{"country":"DE","city":"Munich","zip":"80331","lat":48.137,"lon":11.575}})"));
  const domain::Consent consent = domain::consent_gate(out_.privacy);
  ASSERT_FALSE(consent.may_locate());
  admit(consent, out_);
  EXPECT_TRUE(out_.auction.segments.empty());
  EXPECT_EQ(out_.auction.device.geo.zip, "");
  EXPECT_EQ(out_.auction.device.geo.city, "Munich");
  EXPECT_FLOAT_EQ(out_.auction.device.geo.lat, 48.1f);
}

}  // namespace
}  // namespace bandstand::protocol::decide
