// markup_test: markup in every context, and what hostile text may not do to it.
#include "protocol/openrtb/markup.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "protocol/openrtb/escape.h"

namespace bandstand::protocol::openrtb {
namespace {

using nlohmann::json;

constexpr TrackerUrls kUrls{"https://t.example/i?t=abc&x=1", "https://t.example/c?t=abc",
                            "https://t.example/v?t=abc&e=", 42};

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(Banner, ExpandsTheMacrosOfItsMarkup) {
  domain::Creative creative;
  creative.markup =
      R"(<a href="{CLICK_URL}"><img src="https://x.example/a.png?cb={CACHEBUSTER}&r={CLICK_URL_ENC}"></a>{IMP} {)";
  std::string out;
  append_banner(creative, {300, 250}, kUrls, out);
  EXPECT_EQ(out.substr(0, out.find("{IMP}")),
            R"(<a href="https://t.example/c?t=abc"><img src="https://x.example/a.png?cb=42&r=)"
            R"(https%3A%2F%2Ft.example%2Fc%3Ft%3Dabc"></a>)");
  EXPECT_EQ(count(out, "https://t.example/i?t=abc&amp;x=1"), 1u) << "the pixel is appended";
}

TEST(Banner, DoesNotCountAnImpressionTwice) {
  domain::Creative creative;
  creative.markup = R"(<img src="{IMP_URL}">)";
  std::string out;
  append_banner(creative, {300, 250}, kUrls, out);
  EXPECT_EQ(out, R"(<img src="https://t.example/i?t=abc&amp;x=1">)");
}

TEST(Banner, LinksAnImageWhereThereIsNoMarkup) {
  domain::Creative creative;
  creative.media_url = "https://x.example/a.png\"><script>alert(1)</script>";
  std::string out;
  append_banner(creative, {300, 250}, kUrls, out);
  EXPECT_EQ(count(out, "<script"), 0u);
  EXPECT_EQ(count(out, "<"), 4u) << out;  // a, img, /a, pixel
  EXPECT_NE(out.find(R"(width="300" height="250")"), std::string::npos);
}

TEST(Vast, HasWhatAPlayerNeeds) {
  domain::Creative creative;
  creative.id = base::CreativeId{9};
  creative.name = "Shoes & <more>";
  creative.media_url = "https://x.example/v.mp4?a=1&b=2";
  creative.mime = "video/mp4";
  creative.size = {640, 360};
  creative.duration_s = 75;
  creative.bitrate_kbps = 800;
  creative.skippable = true;
  domain::Advertiser advertiser;
  advertiser.domain = "shoes.example";
  std::string out;
  append_vast(creative, advertiser, "bid-1", kUrls, out);
  for (const char* part :
       {"<VAST version=\"4.0\"", "<Ad id=\"bid-1\">",
        "<Impression><![CDATA[https://t.example/i?t=abc&x=1]]></Impression>",
        "<AdTitle>Shoes &amp; &lt;more&gt;</AdTitle>", "<Advertiser>shoes.example</Advertiser>",
        "<Linear skipoffset=\"00:00:05\">", "<Duration>00:01:15</Duration>",
        "type=\"video/mp4\" width=\"640\" height=\"360\"", "bitrate=\"800\"",
        "<![CDATA[https://x.example/v.mp4?a=1&b=2]]></MediaFile>",
        "<Tracking event=\"thirdQuartile\"><![CDATA[https://t.example/v?t=abc&e=thirdQuartile]]>",
        "<ClickThrough><![CDATA[https://t.example/c?t=abc]]></ClickThrough>"}) {
    EXPECT_NE(out.find(part), std::string::npos) << part << "\n" << out;
  }
  EXPECT_EQ(count(out, "<Tracking "), 5u);
}

TEST(Vast, ClosesEveryTagThatItOpens) {
  domain::Creative creative;
  creative.name = "]]><Impression>";
  creative.media_url = "https://x.example/]]></MediaFile><Impression>";
  std::string out;
  append_vast(creative, {}, "b\"><Impression>", kUrls, out);
  // Cut the CDATA sections out, then match tags with a stack.
  for (std::size_t at = out.find("<![CDATA["); at != std::string::npos; at = out.find("<![CDATA[")) {
    out.erase(at, out.find("]]>", at) + 3 - at);
  }
  EXPECT_EQ(count(out, "<Impression>"), 1u) << out;
  std::vector<std::string> open;
  for (std::size_t at = out.find('<'); at != std::string::npos; at = out.find('<', at + 1)) {
    if (out[at + 1] == '?') continue;
    const std::size_t end = out.find_first_of(" >", at);
    if (out[at + 1] != '/') {
      open.push_back(out.substr(at + 1, end - at - 1));
      continue;
    }
    ASSERT_FALSE(open.empty());
    EXPECT_EQ(open.back(), out.substr(at + 2, end - at - 2));
    open.pop_back();
  }
  EXPECT_TRUE(open.empty());
}

domain::Creative native_creative() {
  domain::Creative creative;
  creative.native.title = "Run \"faster\"";
  creative.native.description = "Light shoes";
  creative.native.sponsored = "Shoes Inc";
  creative.native.call_to_action = "Buy";
  creative.native.image_url = "https://x.example/main.png";
  creative.native.image_size = {1200, 627};
  creative.native.icon_url = "https://x.example/icon.png";
  creative.native.icon_size = {80, 80};
  return creative;
}

constexpr auto kTitle = domain::NativeAsset::Kind::title;
constexpr auto kImage = domain::NativeAsset::Kind::image;
constexpr auto kData = domain::NativeAsset::Kind::data;

domain::NativeAsset asset(std::int32_t id, bool required, domain::NativeAsset::Kind kind,
                          std::uint8_t type = 0, std::uint16_t len = 0, domain::Size size_min = {}) {
  domain::NativeAsset made;
  made.id = id;
  made.required = required;
  made.kind = kind;
  made.type = type;
  made.len = len;
  made.size_min = size_min;
  return made;
}

TEST(Native, AnswersTheAssetsThatWereAskedFor) {
  const std::array<domain::NativeAsset, 4> assets{asset(5, true, kTitle, 0, 90),
                                                  asset(7, false, kImage, 3, 0, {200, 100}),
                                                  asset(8, false, kData, 1), asset(9, false, kData, 6)};
  domain::Native request;
  request.version = "1.2";
  request.assets = assets;
  request.event_pixel = true;
  const domain::Creative creative = native_creative();
  EXPECT_TRUE(fills_native(creative, request));
  std::string out;
  append_native(creative, request, kUrls, out);
  EXPECT_EQ(json::parse(out),
            json::parse(R"({"ver":"1.2","link":{"url":"https://t.example/c?t=abc"},"assets":[
      {"id":5,"required":1,"title":{"text":"Run \"faster\""}},
      {"id":7,"img":{"url":"https://x.example/main.png","w":1200,"h":627}},
      {"id":8,"data":{"value":"Shoes Inc"}}],
      "eventtrackers":[{"event":1,"method":1,"url":"https://t.example/i?t=abc&x=1"}]})"));
  request.event_pixel = false;
  out.clear();
  append_native(creative, request, kUrls, out);
  EXPECT_EQ(json::parse(out)["imptrackers"], json::parse(R"(["https://t.example/i?t=abc&x=1"])"));
  EXPECT_FALSE(json::parse(out).contains("eventtrackers"));
}

TEST(Native, DoesNotFillARequestWhoseRequiredAssetsItLacks) {
  const domain::Creative creative = native_creative();
  domain::Native request;
  domain::NativeAsset wanted = asset(1, true, kTitle, 0, 5);
  request.assets = {&wanted, 1};
  EXPECT_FALSE(fills_native(creative, request)) << "the title is too long";
  wanted.len = 90;
  EXPECT_TRUE(fills_native(creative, request));
  wanted.kind = kImage;
  wanted.type = 3;
  wanted.size_min = {2000, 100};
  EXPECT_FALSE(fills_native(creative, request)) << "the image is too small";
  wanted.kind = domain::NativeAsset::Kind::video;
  EXPECT_FALSE(fills_native(creative, request));
}

TEST(Escape, KeepsToTheRulesOfEachContext) {
  std::string out;
  append_json("a\"\\\n\x01</script>", out);
  EXPECT_EQ(out, "a\\\"\\\\\\n\\u0001<\\/script>");
  out.clear();
  append_html("<a href='x'>&\"`\x02", out);
  EXPECT_EQ(out, "&lt;a href=&#39;x&#39;&gt;&amp;&quot;&#96; ");
  out.clear();
  append_url("a b/ü~", out);
  EXPECT_EQ(out, "a%20b%2F%C3%BC~");
  out.clear();
  append_cdata("a]]>b", out);
  EXPECT_EQ(out, "<![CDATA[a]]]]><![CDATA[>b]]>");
}

}  // namespace
}  // namespace bandstand::protocol::openrtb
