// catalogue_reader_test: a good file becomes a snapshot; a bad one names every fault with its line.
#include "protocol/catalogue/catalogue_reader.h"

#include <gmock/gmock.h>

namespace bandstand::protocol::catalogue {
namespace {

constexpr const char* kGood = R"(
advertisers:
  - {id: 1, name: Acme, domain: Acme.example, categories: [IAB2]}
creatives:
  - {id: 10, name: box, advertiser: 1, type: banner, size: 300x250, markup: "<b>x</b>", landing_page: "https://acme.example/"}
campaigns:
  - {id: 100, name: spring, advertiser: 1, budget: "1500.00", daily_budget: "0.000000001", time_zone: America/New_York}
line_items:
  - id: 1000
    name: everyone
    campaign: 100
    value: "2.50"
    creatives: [10]
    targeting: {countries: [us, DE], hours: ["mon-fri 08-18", "sun 00-24"], exchanges: [one], oses: [ios]}
    frequency_caps: [{impressions: 3, window_s: 3600}]
)";

domain::CatalogueSnapshot read(const std::string& text, std::vector<Problem>& problems) {
  return read_catalogue(text, {"zero", "one"}, problems);
}

std::string with(const std::string& what, const std::string& instead) {
  std::string text = kGood;
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), instead);
}

TEST(CatalogueReader, BuildsASnapshotFromYaml) {
  std::vector<Problem> problems;
  const auto catalogue = read(kGood, problems);
  ASSERT_TRUE(catalogue) << print(problems.at(0), "f");
  const auto& item = catalogue->line_items.at(0);
  EXPECT_EQ(item.value.value, 2'500'000);
  EXPECT_EQ(item.bid_max.value, 2'500'000) << "a CPM goal is its own ceiling";
  EXPECT_EQ(catalogue->campaigns[0].daily_budget.value, 1);
  EXPECT_EQ(item.targeting.countries.at(0), domain::pack8("US"));
  EXPECT_EQ(item.targeting.exchanges.at(0), 1);
  EXPECT_TRUE(item.targeting.hours[4 * 24 + 17]);
  EXPECT_FALSE(item.targeting.hours[4 * 24 + 18]);
  EXPECT_TRUE(item.targeting.hours[6 * 24]);
  EXPECT_EQ(item.caps.at(0).impressions, 3);
}

TEST(CatalogueReader, ReadsJsonAndPointsAtTheLine) {
  std::vector<Problem> problems;
  const char* text = "{\n\"advertisers\": [],\n\"creatives\": [],\n\"campaigns\": [\n{\"id\": 7}],\n\"line_items\": []}";
  EXPECT_FALSE(read(text, problems));
  ASSERT_FALSE(problems.empty());
  EXPECT_EQ(problems[0].line, 5u);
  EXPECT_EQ(problems[0].field, "campaigns[0].name");
  problems.clear();
  EXPECT_FALSE(read("{\n\n\"advertisers\": [,]}", problems));
  EXPECT_EQ(problems.at(0).line, 3u);
}

TEST(CatalogueReader, ReportsEveryFaultAtOnce) {
  std::vector<Problem> problems;
  std::string text = with("value: \"2.50\"", "valeu: \"2.50\"");
  text.replace(text.find("campaign: 100"), 13, "campaign: 101");
  text.replace(text.find("America/New_York"), 16, "Mars/Olympus");
  EXPECT_FALSE(read(text, problems));
  std::string all;
  for (const auto& problem : problems) all += print(problem, "c.yaml") + "\n";
  EXPECT_THAT(all, testing::HasSubstr("line_items[0].valeu: unknown field; did you mean 'value'?"));
  EXPECT_THAT(all, testing::HasSubstr("line_items[0].value: is required"));
  EXPECT_THAT(all, testing::HasSubstr("there is no campaign 101"));
  EXPECT_THAT(all, testing::HasSubstr("'Mars/Olympus' is no IANA time zone"));
}

TEST(CatalogueReader, RefusesEachBadValueByName) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {with("1500.00", "-1"), "campaigns[0].budget"},
      {with("1500.00", "1,5"), "campaigns[0].budget"},
      {with("300x250", "300by250"), "creatives[0].size"},
      {with("https://acme.example/", "javascript:alert(1)"), "creatives[0].landing_page"},
      {with("creatives: [10]", "creatives: [11]"), "line_items[0].creatives"},
      {with("creatives: [10]", "creatives: []"), "line_items[0].creatives"},
      {with("[us, DE]", "[usa]"), "line_items[0].targeting.countries"},
      {with("mon-fri 08-18", "someday 1-2"), "line_items[0].targeting.hours"},
      {with("[one]", "[two]"), "line_items[0].targeting.exchanges"},
      {with("[ios]", "[symbian]"), "line_items[0].targeting.oses"},
      {with("window_s: 3600", "window_s: 1"), "line_items[0].frequency_caps[0].window_s"},
      {with("id: 1000", "id: 0"), "line_items[0].id"},
  };
  for (const auto& [text, field] : cases) {
    std::vector<Problem> problems;
    EXPECT_FALSE(read(text, problems)) << field;
    const auto names_it = [&, &name = field](const Problem& p) { return p.field == name; };
    EXPECT_TRUE(std::any_of(problems.begin(), problems.end(), names_it)) << field;
  }
}

}  // namespace
}  // namespace bandstand::protocol::catalogue
