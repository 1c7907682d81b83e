// dataset_test: each format, its traps, and what is refused where.
#include "learning/dataset/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "base/rng.h"
#include "learning/dataset/data_for_tests.h"

namespace bandstand::learning {
namespace {

using testing::HasSubstr;

const char* const kCriteoRow =
    "1||-1|12|3|2500||40|7|95||2||6|0a0a0001|0a0a0002|0a0a0003|0a0a0004|0a0a0005|0a0a0006|0a0a0007|0a0a0008|0a0a0009|0a0a000a|"
    "0a0a000b|0a0a000c|0a0a000d|0a0a000e|0a0a000f|0a0a0010|0a0a0011|0a0a0012|||0a0a0015||0a0a0017|0a0a0018||";

class TempFile {
 public:
  TempFile(const std::string& name, const std::string& text) : path_(testing::TempDir() + name) { std::ofstream(path_) << text; }
  ~TempFile() { std::filesystem::remove(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(Dataset, ReadsCriteoWithNegativeCountsAndMissingCells) {
  const std::string text = tabs(kCriteoRow) + "\n" + tabs(kCriteoRow) + "\n";
  auto reader = table_of(text, criteo_mapping(false)).value();
  const auto rows = rows_of(*reader);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_TRUE(rows[0].label);
  EXPECT_EQ(rows[0].features.size(), 39u);
  EXPECT_EQ(reader->fields().size(), 39u);
  EXPECT_EQ(reader->fields()[13], "C1");
  std::set<std::uint64_t> hashes;
  for (const Feature& feature : rows[0].features) hashes.insert(feature.hash);
  EXPECT_EQ(hashes.size(), 39u);  // a missing I1 is not a missing I6
  EXPECT_FALSE(rows[0].time_s);
}

TEST(Dataset, ReadsBothFormsOfCriteoToTheSameFeatures) {
  std::string header = "Id,Label";
  for (int i = 1; i <= 13; ++i) header += ",I" + std::to_string(i);
  for (int i = 1; i <= 26; ++i) header += ",C" + std::to_string(i);
  std::string commas = kCriteoRow;
  for (char& c : commas) c = c == '|' ? ',' : c;
  const TempFile second("criteo.csv", header + "\r\n7," + commas + "\r\n");
  const TempFile first("criteo.txt", tabs(kCriteoRow));
  auto a = open_dataset({first.path(), "criteo", ""}).value();
  auto b = open_dataset({second.path(), "criteo", ""}).value();
  const auto one = rows_of(*a);
  const auto two = rows_of(*b);
  ASSERT_EQ(one.size(), 1u);
  ASSERT_EQ(two.size(), 1u);
  for (std::size_t i = 0; i < 39; ++i) EXPECT_EQ(one[0].features[i].hash, two[0].features[i].hash) << i;
}

TEST(Dataset, CountsWhatItRefusesByReasonAndPlace) {
  const std::string good = tabs(kCriteoRow);
  std::string no_label = good;
  no_label[0] = '2';
  const std::string no_number = good.substr(0, 2) + "1e" + good.substr(2);
  const std::string text = good + "\n" + no_label + "\nx\n" + good + "\t\n" + no_label + "\n" + no_number;
  auto reader = table_of(text, criteo_mapping(false)).value();
  EXPECT_EQ(rows_of(*reader).size(), 1u);
  const Intake& intake = reader->intake();
  EXPECT_EQ(intake.rows, 1u);
  EXPECT_EQ(intake.rejected, 5u);
  EXPECT_EQ(describe(intake, "f"),
            "f: 2 rows refused, first at line 2, column 'Label': a label that is not 0 or 1\n"
            "f: 1 row refused, first at line 3: too few columns\n"
            "f: 1 row refused, first at line 4: too many columns\n"
            "f: 1 row refused, first at line 6, column 'I1': no number\n");
}

TEST(Dataset, ReadsTimesAndDelaysOfTalkingData) {
  const std::string text =
      "\xEF\xBB\xBFip,app,device,os,channel,click_time,attributed_time,is_attributed\n"
      "1,2,3,4,5,2017-11-07 09:30:38,,0\n"
      "1,2,3,4,5,2017-11-07 09:30:38,2017-11-07 10:30:40,1\n"
      "1,2,3,4,5,2017-11-07 09:30:38,2017-11-07 09:30:37,1\n"
      "1,2,3,4,5,2017-13-07 09:30:38,,0\n";
  auto reader = table_of(text, talkingdata_mapping()).value();
  const auto rows = rows_of(*reader);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].time_s, 1510047038);
  EXPECT_FALSE(rows[0].delay_s);
  EXPECT_EQ(rows[1].delay_s, 3602);
  EXPECT_THAT(describe(reader->intake(), "f"), HasSubstr("line 4: converted before it was shown"));
  EXPECT_THAT(describe(reader->intake(), "f"), HasSubstr("line 5, column 'click_time': no time"));
}

TEST(Dataset, ReadsAHeaderBehindASpoiltByteOrderMark) {
  for (const char* mark : {"", "\xEF\xBB\xBF", "..", "?"}) {
    const std::string text = std::string(mark) + "ip,app,device,os,channel,click_time,attributed_time,is_attributed\n";
    EXPECT_TRUE(table_of(text, talkingdata_mapping())) << mark;
  }
  EXPECT_FALSE(table_of("zip,app,device,os,channel,click_time,attributed_time,is_attributed\n", talkingdata_mapping()));
}

TEST(Dataset, ReadsTimeInThreeForms) {
  EXPECT_EQ(parse_time("2014-10-21"), 1413849600);
  EXPECT_EQ(parse_time("2014-10-21T01:00:00"), 1413853200);
  EXPECT_EQ(parse_time("14102101"), 1413853200);
  EXPECT_EQ(parse_time("1413853200"), 1413853200);
  for (const char* bad : {"", "x", "14102125", "14132101", "2014-10-21 1:00:00", "2014-02-30", "20141021T010000",
                          "99999999999999999999"}) {
    EXPECT_FALSE(parse_time(bad)) << bad;
  }
}

TEST(Dataset, PutsNumbersIntoBucketsThatDoNotMeet) {
  EXPECT_EQ(bucket_of(-3), -3);
  EXPECT_EQ(bucket_of(0), 0);
  EXPECT_EQ(bucket_of(2), 2);
  EXPECT_EQ(bucket_of(3), 3);
  EXPECT_EQ(bucket_of(100), 2 + 21);  // ln(100)^2 = 21.2
  EXPECT_EQ(bucket_of(101), bucket_of(100));
}

TEST(Dataset, ReadsPredictionsOfTheta) {
  const std::string text = "0 70 0.5\n1 3 0.25 more\n1 -3 0.25\n1 3 1.25\n";
  auto reader = table_of(text, theta_mapping()).value();
  const auto rows = rows_of(*reader);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].prediction, 0.25);
  EXPECT_EQ(rows[1].price, 3);
  EXPECT_EQ(reader->intake().rejected, 2u);
}

TEST(Dataset, ReadsLibsvmAndLibffm) {
  const TempFile svm("a.libsvm", "0 1:1 6:0.5\n-1\n+1 3:2\n1 3\n1 x:1\n");
  auto reader = open_dataset({svm.path(), "libsvm", ""}).value();
  auto rows = rows_of(*reader);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].features[1].x, 0.5f);
  EXPECT_EQ(rows[0].features[1].field, 1u);
  EXPECT_TRUE(rows[2].label);
  EXPECT_EQ(reader->intake().rejected, 2u);
  const TempFile ffm("a.libffm", "1 7:1:1 63:6:1\n0 64:1:1\n0 1:1\n");
  auto fielded = open_dataset({ffm.path(), "libffm", ""}).value();
  rows = rows_of(*fielded);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].features[0].field, 7u);
  EXPECT_THAT(describe(fielded->intake(), "f"), HasSubstr("line 2, column 'features': a field above 63"));
}

TEST(Dataset, ReadsQuotedCells) {
  const std::string text = "clicked,\"a,b\"\n1,\"x,\"\"y\"\"\"\n0,\"x\n0,x\n";
  const auto mapping = parse_mapping(R"({"columns": {"clicked": "label", "a,b": "categorical"}})", "m").value();
  auto reader = table_of(text, mapping).value();
  const auto rows = rows_of(*reader);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_NE(rows[0].features[0].hash, rows[1].features[0].hash);
  EXPECT_THAT(describe(reader->intake(), "f"), HasSubstr("line 3: a quote does not end"));
}

TEST(Dataset, NamesFileLineAndColumnOfWhatCannotBeRead) {
  EXPECT_THAT(open_dataset({"/nowhere", "avazu", ""}).error(), HasSubstr("/nowhere: "));
  EXPECT_EQ(open_dataset({"f", "avasu", ""}).error(), "no data format 'avasu'; did you mean 'avazu'?");
  EXPECT_THAT(open_dataset({"f", "csv", ""}).error(), HasSubstr("needs a mapping file"));
  EXPECT_EQ(table_of("click,hour\n", avazu_mapping()).error(), "memory:1: the header has no column 'C1'");
  EXPECT_EQ(table_of("", avazu_mapping()).error(), "memory:1: no header");
}

TEST(Dataset, HashTellsTwoVersionsOfAFileApart) {
  const auto hash = [](const std::string& text) {
    auto reader = table_of(text, theta_mapping()).value();
    (void)rows_of(*reader);
    return reader->intake().hash;
  };
  EXPECT_EQ(hash("0 70 0.5\n1 3 0.25\n"), hash("0 70 0.5\r\n1 3 0.25"));
  EXPECT_NE(hash("0 70 0.5\n1 3 0.25\n"), hash("1 3 0.25\n0 70 0.5\n"));
  EXPECT_NE(hash("0 70 0.5\n1 3 0.25\n"), hash("0 70 0.5\n1 3 0.25\nbad\n"));
}

TEST(Dataset, SurvivesRandomBytes) {
  base::Rng rng(1);
  const std::string alphabet = "01,\t \"\n\r:-.eabz|";
  for (int round = 0; round < 300; ++round) {
    std::string text = round % 2 == 0 ? "ip,app,device,os,channel,click_time,attributed_time,is_attributed\n" : "";
    for (int i = 0; i < 400; ++i) text += alphabet[rng.below(alphabet.size())];
    for (const auto& mapping : {talkingdata_mapping(), criteo_mapping(false), theta_mapping()}) {
      if (auto reader = table_of(text, mapping)) (void)rows_of(**reader);
    }
  }
}

TEST(Dataset, ReadsTheAvazuSampleWhole) {
  const std::string name = "ctr_formats/avazu.train.csv.xz";
  BANDSTAND_NEEDS_SHARED_DATA(name);
  auto reader = open_dataset({shared_data(name), "avazu", ""}).value();
  std::size_t clicks = 0;
  const auto rows = rows_of(*reader);
  for (const Row& row : rows) clicks += row.label;
  EXPECT_EQ(rows.size(), 8087u);
  EXPECT_EQ(clicks, 1397u);
  EXPECT_EQ(rows[0].features.size(), 21u);
  EXPECT_EQ(rows[0].time_s, 1413849600);
  EXPECT_EQ(reader->intake().rejected, 0u);
}

TEST(Dataset, ReadsTheIpinyouSamplesWhole) {
  BANDSTAND_NEEDS_SHARED_DATA("ipinyou_ctr_sample/train.fm.txt.xz");
  auto reader = open_dataset({shared_data("ipinyou_ctr_sample/train.fm.txt.xz"), "libsvm", ""}).value();
  std::size_t clicks = 0;
  for (const Row& row : rows_of(*reader)) {
    clicks += row.label;
    ASSERT_EQ(row.features.size(), 16u);
  }
  EXPECT_EQ(reader->intake().rows, 26773u);
  EXPECT_EQ(clicks, 255u);
  auto theta = open_dataset({shared_data("ipinyou_rlb/2997.test.theta.txt.xz"), "theta", ""}).value();
  double prices = 0;
  for (const Row& row : rows_of(*theta)) prices += *row.price;
  EXPECT_EQ(theta->intake().rows, 156063u);
  EXPECT_EQ(prices, 8617148);
}

TEST(Dataset, ReadsTheTalkingDataSampleWhole) {
  const std::string name = "talkingdata/train_sample_nov06-08.csv.xz";
  BANDSTAND_NEEDS_SHARED_DATA(name);
  auto reader = open_dataset({shared_data(name), "talkingdata", ""}).value();
  std::size_t installs = 0, delays = 0;
  for (const Row& row : rows_of(*reader)) {
    installs += row.label;
    delays += row.delay_s.has_value();
  }
  EXPECT_EQ(reader->intake().rows, 71439u);
  EXPECT_EQ(installs, 168u);
  EXPECT_EQ(delays, 168u);
}

}  // namespace
}  // namespace bandstand::learning
