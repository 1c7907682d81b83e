// auction_logs_test: iPinYou's logs and recorded bid requests, made up in their form; what is refused, and where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "learning/dataset/data_for_tests.h"
#include "learning/dataset/ipinyou_reader.h"
#include "learning/dataset/openrtb_reader.h"

namespace bandstand::learning {
namespace {

using testing::HasSubstr;

DatasetLines lines_of(const std::string& text) {
  return {"memory", base::LineReader(base::open_input_bytes(text).value())};
}

std::map<std::string, std::uint64_t> by_field(const DatasetReader& reader, const Row& row) {
  std::map<std::string, std::uint64_t> out;
  for (const Feature& feature : row.features) out[reader.fields()[feature.field]] = feature.hash;
  return out;
}

std::string line(std::string text) { return tabs(std::move(text)) + "\n"; }

/// A made-up line of an impression, click or conversion log.
std::string logged(const std::string& bid, const char* type, const char* creative = "700") {
  return line(bid + "|20130612093015250|" + type +
              "|u1|Mozilla/5.0 (Windows NT 6.1) Chrome/28.0 Safari/537.36|192.0.2.*|80|85|2|dom|url|null|slot7|300|250|FirstView|"
              "Na|5|" + creative + "|277|41|null|2997|10006,10024");
}

class ResponseLog {
 public:
  explicit ResponseLog(const std::string& text) { std::ofstream(path_) << text; }
  ~ResponseLog() { std::filesystem::remove(path_); }
  [[nodiscard]] std::vector<std::string> files() const { return {path_}; }

 private:
  std::string path_ = testing::TempDir() + "auction_logs_test.clk";
};

TEST(Ipinyou, JoinsResponsesByBidAndCreative) {
  const ResponseLog clicks(logged("b2", "2") + logged("b3", "2", "999") + logged("b9", "2") + logged("b2", "2"));
  const std::string text = logged("b1", "1") + logged("b2", "1") + logged("b3", "1");
  auto reader = open_ipinyou(lines_of(text), {clicks.files(), false}).value();
  const auto rows = rows_of(*reader);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_FALSE(rows[0].label);
  EXPECT_TRUE(rows[1].label);
  EXPECT_FALSE(rows[2].label);  // another creative
  EXPECT_EQ(rows[0].price, 41);
  EXPECT_EQ(rows[0].time_s, 1'371'029'415);  // 2013-06-12 09:30:15
  EXPECT_EQ(rows[0].features.size(), reader->fields().size());
  EXPECT_EQ(describe(reader->intake(), "clk"),
            "clk: 2 rows refused, first at line 2, column 'bidid': response log: no impression of this bid and creative\n");
  Row row;
  EXPECT_FALSE(*reader->next(row));
  EXPECT_EQ(reader->intake().rejected, 2u);  // counted once
}

TEST(Ipinyou, WorksOutFieldsAndTags) {
  const std::string text = logged("b1", "1");
  auto plain = open_ipinyou(lines_of(text), {}).value();
  auto tagged = open_ipinyou(lines_of(text), {{}, true}).value();
  EXPECT_EQ(rows_of(*tagged)[0].features.size(), plain->fields().size() + 2);
  EXPECT_EQ(tagged->fields().back(), "tag");
  std::string phone = text;
  phone.replace(phone.find("Windows NT 6.1"), 14, "iPhone; CPU iPhone OS 7_0");
  auto other = open_ipinyou(lines_of(phone), {}).value();
  const Row here = rows_of(*plain)[0], there = rows_of(*other)[0];
  const auto a = by_field(*plain, here), b = by_field(*other, there);
  EXPECT_NE(a.at("os"), b.at("os"));
  EXPECT_NE(a.at("device"), b.at("device"));
  EXPECT_EQ(a.at("domain"), b.at("domain"));
}

TEST(Ipinyou, ReadsBidLogsWithTheirFewerColumns) {
  const std::string bid = line("b1|20130612093015250|u1|Mozilla/5.0 (Windows NT 6.1) Chrome/28.0 Safari/537.36|192.0.2.*|80|85|2|"
                               "dom|url|null|slot7|300|250|FirstView|Na|5|700|277|2997|10006,10024");
  const ResponseLog clicks(logged("b1", "2"));
  auto bids = open_ipinyou(lines_of(bid), {clicks.files(), false}).value();
  const Row row = rows_of(*bids).at(0);
  EXPECT_TRUE(row.label);
  EXPECT_FALSE(row.price);
  const std::string impression = logged("b1", "1");
  auto shown = open_ipinyou(lines_of(impression), {}).value();
  auto a = by_field(*bids, row), b = by_field(*shown, rows_of(*shown).at(0));
  a.erase("key_page");
  b.erase("key_page");
  EXPECT_EQ(a, b);
}

TEST(Ipinyou, RefusesByReasonAndColumn) {
  std::string no_time = logged("b1", "1"), no_price = logged("b2", "1"), no_floor = logged("b3", "1");
  no_time.replace(no_time.find("20130612093015250"), 17, "20131312093015250");
  no_price.replace(no_price.find("\t41\t"), 4, "\tx\t");
  no_floor.replace(no_floor.find("\t5\t700"), 2, "\t?");
  const std::string text = no_time + no_price + no_floor + logged("b4", "2") + logged("", "1") + line("a|b") + logged("b5", "1");
  const ResponseLog clicks(line("a|b") + logged("b1", "1"));
  auto reader = open_ipinyou(lines_of(text), {clicks.files(), false}).value();
  EXPECT_EQ(rows_of(*reader).size(), 1u);
  const std::string told = describe(reader->intake(), "imp");
  for (const char* expected :
       {"first at line 1, column 'timestamp': no time", "first at line 2, column 'payprice': no price",
        "first at line 3, column 'slotprice': no number", "first at line 4, column 'logtype': not an impression (log type 1)",
        "first at line 5, column 'bidid': no bid id", "first at line 6: too few columns",
        "line 1: response log: not 24 columns",
        "line 2, column 'logtype': response log: neither a click (2) nor a conversion (3)"}) {
    EXPECT_THAT(told, HasSubstr(expected));
  }
  EXPECT_EQ(reader->intake().rejected, 8u);
  EXPECT_FALSE(open_ipinyou(lines_of(text), {{"/nowhere"}, false}));
}

TEST(Ipinyou, ReadsTheRecordedHours) {
  const std::string name = "ipinyou_raw2821/imp.20131021.adv2821.hours18-22.txt.xz";
  BANDSTAND_NEEDS_SHARED_DATA(name);
  auto reader = open_dataset({shared_data(name), "ipinyou", "",
                              {shared_data("ipinyou_raw2821/clk.20131021.adv2821.hours18-22.txt.xz")}})
                    .value();
  const auto rows = rows_of(*reader);
  EXPECT_EQ(rows.size(), 8700u);
  EXPECT_EQ(std::count_if(rows.begin(), rows.end(), [](const Row& row) { return row.label; }), 3);  // as its README says
  EXPECT_EQ(reader->intake().rejected, 369u);  // 377 clicks on 372 bids
  double paid = 0;
  for (const Row& row : rows) paid += *row.price;
  EXPECT_NEAR(paid / 8700, 87.80, 0.005);
}

const char* const kRequest =
    R"({"id":"r1","imp":[{"id":"1","banner":{"w":300,"h":250},"bidfloor":0.5,"tagid":"top"},)"
    R"({"id":"2","banner":{"w":728,"h":90}}],"site":{"domain":"example.com","cat":["IAB1","IAB2"]},)"
    R"("device":{"ua":"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) Safari","geo":{"country":"USA"}},)"
    R"("user":{"id":"someone","data":[{"id":"p","segment":[{"id":"cars"}]}]})";

TEST(OpenRtb, GivesARowAnImpressionAsTheServerSeesIt) {
  const std::string text = std::string(kRequest) + "}\n" + kRequest + R"(,"regs":{"coppa":1}})" + "\n";
  auto reader = open_openrtb(lines_of(text)).value();
  const auto rows = rows_of(*reader);
  ASSERT_EQ(rows.size(), 4u);
  const auto first = by_field(*reader, rows[0]), second = by_field(*reader, rows[1]), child = by_field(*reader, rows[2]);
  EXPECT_NE(first.at("size"), second.at("size"));
  EXPECT_NE(first.at("placement"), second.at("placement"));
  EXPECT_EQ(first.at("os"), second.at("os"));
  EXPECT_EQ(first.at("source"), child.at("source"));
  EXPECT_EQ(child.count("segment"), 0u);  // no interests without consent
  EXPECT_FALSE(rows[0].label);
  EXPECT_FALSE(rows[0].time_s);
  const auto categories = std::count_if(rows[0].features.begin(), rows[0].features.end(), [&](const Feature& feature) {
    return reader->fields()[feature.field] == "category";
  });
  EXPECT_EQ(categories, 2);
}

TEST(OpenRtb, RefusesByFaultAndPlace) {
  const std::string text = "{\"id\":\"r\"\n" + std::string(R"({"id":"r","imp":[]})") + "\n" +
                           R"({"id":"r","imp":[{"id":"1"}],"site":{}})" + "\n" + R"({"spots":7})" + "\n" + kRequest + "}\n";
  auto reader = open_openrtb(lines_of(text)).value();
  EXPECT_EQ(rows_of(*reader).size(), 2u);
  EXPECT_EQ(reader->intake().rejected, 4u);
  const std::string told = describe(reader->intake(), "requests");
  EXPECT_THAT(told, HasSubstr("first at line 1: not_json"));
  EXPECT_THAT(told, HasSubstr("no_impression"));
  EXPECT_THAT(told, HasSubstr("first at line 4: a recorded auction that does not convert"));
}

TEST(OpenRtb, ReadsTheRecordedStream) {
  const std::string name = "openrtb_traffic/datacratic-auctions-00001-15000.jsonl.xz";
  BANDSTAND_NEEDS_SHARED_DATA(name);
  auto reader = open_dataset({shared_data(name), "openrtb", "", {}}).value();
  Row row;
  std::map<std::uint64_t, int> sizes;
  std::int64_t first = INT64_MAX, last = 0;
  while (reader->next(row).value()) {
    ++sizes[by_field(*reader, row).at("size")];
    first = std::min(first, *row.time_s);
    last = std::max(last, *row.time_s);
  }
  EXPECT_EQ(reader->intake().rows, 15'000u);
  EXPECT_EQ(reader->intake().rejected, 0u);
  std::vector<int> counts;  // by the first size of a spot
  for (const auto& [size, count] : sizes) counts.push_back(count);
  EXPECT_THAT(counts, testing::IsSupersetOf({5424, 2976}));  // 728x90 and 160x600, as its README counts them
  EXPECT_EQ(last - first, 24);
}

}  // namespace
}  // namespace bandstand::learning
