// creative_template_test: variants, their ids, what is filled where, and what hostile or wrong text comes to.
#include "protocol/catalogue/creative_template.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "protocol/catalogue/catalogue_reader.h"
#include "protocol/openrtb/markup.h"

namespace bandstand::protocol::catalogue {
namespace {

using testing::HasSubstr;

constexpr openrtb::TrackerUrls kUrls{"https://t.example/i", "https://t.example/c", "", 42};

std::string file_with(const std::string& creative) {
  return R"(
advertisers: [{id: 1, name: Acme, domain: acme.example}]
campaigns: [{id: 100, name: spring, advertiser: 1, budget: "1500.00"}]
line_items: [{id: 1000, name: all, campaign: 100, value: "2.50", creatives: [10]}]
creatives:
)" + creative;
}

const std::string kBanner = R"(
  - id: 10
    name: spring
    advertiser: 1
    size: 300x250
    landing_page: "https://acme.example/?h={SLOT:headline}"
    features: [season=spring]
    markup: >-
      <a href="{CLICK_URL}" style="color:{SLOT_CSS:colour}"><img src="{SLOT_URL:item.image}">{SLOT:headline}:
      {SLOT:item.price}</a>
    slots:
      headline: {free: "Free <b>shipping</b> & {IMP_URL}", sale: "Up to 50 %"}
      colour: {red: "#c00", blue: "rgb-no"}
      item:
        boot: {image: "https://acme.example/boot.png?a=1&b=2", price: "59"}
        shoe: {image: "https://acme.example/shoe.png", price: "39"}
)";

std::string with(std::string text, const std::string& what, const std::string& instead) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), instead);
}

domain::CatalogueSnapshot read(const std::string& creative, std::vector<Problem>* notes = nullptr) {
  std::vector<Problem> problems;
  const auto catalogue = read_catalogue(file_with(creative), {}, problems, notes);
  for (const Problem& problem : problems) ADD_FAILURE() << print(problem, "f");
  return catalogue;
}

std::string problems_of(const std::string& creative) {
  std::vector<Problem> problems;
  EXPECT_EQ(read_catalogue(file_with(creative), {}, problems), nullptr);
  std::string all;
  for (const Problem& problem : problems) all += print(problem, "f") + "\n";
  return all;
}

const domain::Creative& variant(const domain::Catalogue& catalogue, const std::string& name) {
  for (const auto& creative : catalogue.creatives) {
    if (creative.name.find(name) != std::string::npos) return creative;
  }
  ADD_FAILURE() << "no variant " << name;
  return catalogue.creatives.at(0);
}

TEST(CreativeTemplate, IsExpandedIntoEveryCombinationUnderTheLineItem) {
  const auto catalogue = read(kBanner);
  ASSERT_TRUE(catalogue);
  ASSERT_EQ(catalogue->creatives.size(), 8u);
  EXPECT_EQ(catalogue->line_items[0].creatives.size(), 8u);
  EXPECT_FALSE(catalogue->creative_index.contains(10)) << "the template itself is never shown";
  std::set<std::uint32_t> ids;
  for (const auto& creative : catalogue->creatives) {
    ids.insert(creative.id.value);
    EXPECT_GE(creative.id.value, 1u << 31);
    EXPECT_EQ(catalogue->creatives[catalogue->creative_index.at(creative.id.value)].id, creative.id);
  }
  EXPECT_EQ(ids.size(), 8u);
  const auto& free = variant(*catalogue, "spring [headline=free colour=red item=shoe]");
  EXPECT_THAT(free.features, testing::ElementsAre("season=spring", "headline=free", "colour=red", "item=shoe"));
}

TEST(CreativeTemplate, IdsStayWhenAlternativesAreAddedOrPutInAnotherOrder) {
  const auto before = read(kBanner);
  const std::string more_headlines = with(kBanner, "headline: {", "headline: {new: \"New\", ");
  const auto after = read(with(more_headlines, "{red: \"#c00\", ", "{green: \"#0c0\", red: \"#c00\", "));
  ASSERT_TRUE(before && after);
  EXPECT_EQ(after->creatives.size(), 18u);
  for (const auto& creative : before->creatives) EXPECT_TRUE(after->creative_index.contains(creative.id.value));
}

TEST(CreativeTemplate, EscapesEachTextForItsPlaceAndReadsNoMacroInIt) {
  const auto catalogue = read(kBanner);
  ASSERT_TRUE(catalogue);
  const auto& creative = variant(*catalogue, "headline=free colour=red item=boot");
  EXPECT_EQ(creative.landing_page, "https://acme.example/?h=Free%20%3Cb%3Eshipping%3C%2Fb%3E%20%26%20%7BIMP_URL%7D");
  std::string out;
  openrtb::append_banner(creative, {300, 250}, kUrls, out);
  EXPECT_THAT(out, testing::StartsWith(
                       R"(<a href="https://t.example/c" style="color:#c00"><img src="https://acme.example/boot.png?a=1&amp;b=2">)"
                       R"(Free &lt;b&gt;shipping&lt;/b&gt; &amp; &#123;IMP_URL}: 59</a><img src="https://t.example/i")"));
}

TEST(CreativeTemplate, ScriptsGetNothingThatEndsAString) {
  const auto catalogue = read(R"(
  - {id: 10, name: s, advertiser: 1, size: 300x250, landing_page: "https://acme.example/",
     markup: "<script>f('{SLOT_JS:t}', '{SLOT_URL_ENC:t}')</script>", slots: {t: {a: "');</script>{CLICK_URL}\\"}}}
)");
  ASSERT_TRUE(catalogue);
  const std::string& markup = catalogue->creatives.at(0).markup;
  EXPECT_EQ(markup, "<script>f('\\u0027);\\u003c\\u002fscript\\u003e\\u007bCLICK_URL\\u007d\\u005c', "
                    "'%27%29%3B%3C%2Fscript%3E%7BCLICK_URL%7D%5C')</script>");
}

TEST(CreativeTemplate, MakesNativeAds) {
  const auto catalogue = read(R"(
  - id: 10
    name: n
    advertiser: 1
    type: native
    landing_page: "https://acme.example/"
    native: {title: "{SLOT:headline}", call_to_action: "{SLOT:cta}", image_url: "{SLOT:image}", image_size: 1200x627}
    slots:
      headline: {quote: 'Run "faster"', plain: Run}
      cta: {buy: Buy}
      image: {a: "https://acme.example/a.png?x=1&y=2"}
)");
  ASSERT_TRUE(catalogue);
  ASSERT_EQ(catalogue->creatives.size(), 2u);
  domain::NativeAsset title, image;
  title.id = 1;
  title.kind = domain::NativeAsset::Kind::title;
  image.id = 2;
  image.kind = domain::NativeAsset::Kind::image;
  image.type = 3;
  const std::array<domain::NativeAsset, 2> assets{title, image};
  domain::Native request;
  request.assets = assets;
  std::string out;
  openrtb::append_native(variant(*catalogue, "headline=quote"), request, kUrls, out);
  const auto json = nlohmann::json::parse(out);
  EXPECT_EQ(json["assets"][0]["title"]["text"], "Run \"faster\"");
  EXPECT_EQ(json["assets"][1]["img"]["url"], "https://acme.example/a.png?x=1&y=2");
}

TEST(CreativeTemplate, MakesVideoAds) {
  const auto catalogue = read(R"(
  - {id: 10, name: v, advertiser: 1, type: video, mime: video/mp4, duration_s: 15, landing_page: "https://acme.example/",
     media_url: "https://acme.example/{SLOT:cut}.mp4", slots: {cut: {calm: "calm one", fast: "fast]]>"}}}
)");
  ASSERT_TRUE(catalogue);
  std::string out;
  openrtb::append_vast(variant(*catalogue, "cut=calm"), {}, "b", kUrls, out);
  EXPECT_THAT(out, HasSubstr("<![CDATA[https://acme.example/calm%20one.mp4]]></MediaFile>"));
  EXPECT_THAT(variant(*catalogue, "cut=fast").media_url, HasSubstr("/fast%5D%5D%3E.mp4"));
}

TEST(CreativeTemplate, OfTooManyVariantsKeepsAnEvenSampleWithEveryAlternativeAndSaysSo) {
  std::string slots;
  for (const char* slot : {"a", "b", "c"}) {
    slots += std::string("      ") + slot + ": {";
    for (int i = 0; i < 9; ++i) slots += (i == 0 ? "" : ", ") + ("x" + std::to_string(i)) + ": t" + std::to_string(i);
    slots += "}\n";
  }
  const std::string creative = R"(
  - id: 10
    name: many
    advertiser: 1
    size: 300x250
    landing_page: "https://acme.example/"
    markup: "{SLOT:a} {SLOT:b} {SLOT:c}"
    slots:
)" + slots;
  std::vector<Problem> notes;
  const auto catalogue = read(creative, &notes);
  ASSERT_TRUE(catalogue);
  EXPECT_EQ(catalogue->creatives.size(), CreativeTemplate::kVariantsMax);
  std::set<std::string> shown;
  for (const auto& each : catalogue->creatives) shown.insert(each.features.begin(), each.features.end());
  EXPECT_EQ(shown.size(), 27u);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_THAT(print(notes[0], "f"), HasSubstr("creatives[0].slots: 64 of 729 variants"));
  const auto again = read(creative);
  for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(again->creatives[i].id, catalogue->creatives[i].id);
  EXPECT_EQ(read(with(creative, "    slots:", "    variants_max: 20\n    slots:"))->creatives.size(), 20u);
}

TEST(CreativeTemplate, NamesTheFieldAndThePlaceOfEachFault) {
  const std::string colours = "colour: {red: \"#c00\", blue: \"rgb-no\"}";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {with(kBanner, "{SLOT:headline}:", "{SLOT:headlin}:"),
       "creatives[0].markup: there is no slot 'headlin'; did you mean 'headline'?"},
      {with(kBanner, "SLOT_URL:item.image", "SLOT_URL:item.picture"), "creatives[0].markup: {item.picture}: item="},
      {with(kBanner, "{SLOT:item.price}", "{SLOT:item}"), "has parts, of which one must be named"},
      {with(kBanner, "{SLOT:item.price}", "{SLOT item.price}"), "creatives[0].markup: a placeholder looks like"},
      {with(kBanner, "{SLOT_CSS:", "{SLOT_XML:"), "creatives[0].markup: 'SLOT_XML' is none of"},
      {with(kBanner, "\"#c00\"", "\"red;background:url(x)\""), "'red;background:url(x)' is no colour or length"},
      {with(kBanner, "https://acme.example/shoe.png", "javascript:alert(1)"), "'javascript:alert(1)' is no https address"},
      {with(with(kBanner, "{SLOT:headline}:", "x"), "{SLOT:headline}", "x"),
       "creatives[0].slots.headline: no placeholder names this slot"},
      {with(kBanner, "headline: {", "headline: {\"a b\": x, "), "creatives[0].slots.headline.a b: is no name"},
      {with(kBanner, colours, "colour: {}"), "creatives[0].slots.colour: a slot has from 1 to 32"},
      {with(kBanner, colours, "colour: {red: [1]}"), "creatives[0].slots.colour.red: expected a text"},
      {with(kBanner, "    slots:", "    variants_max: 65\n    slots:"), "creatives[0].variants_max: must be from 1 to 64"},
      {with(kBanner, "id: 10\n", "id: 10\n    type: video\n"), "the variant with the faults above: headline="},
      {kBanner.substr(0, kBanner.find("    slots:")), "creatives[0].slots: is required where there are placeholders"},
  };
  for (const auto& [creative, expected] : cases) EXPECT_THAT(problems_of(creative), HasSubstr(expected));
  EXPECT_THAT(problems_of(cases[0].first), testing::Not(HasSubstr("line_items"))) << "which is not at fault";
  EXPECT_THAT(problems_of(kBanner + kBanner.substr(1)), HasSubstr("creatives[1].id: 10 is used twice"));
}

}  // namespace
}  // namespace bandstand::protocol::catalogue
