// visit_reader_test: each format, good and bad rows, numbers for ids.
#include "learning/sequence/visit_reader.h"

#include <gtest/gtest.h>

#include "learning/dataset/data_for_tests.h"

namespace bandstand::learning {
namespace {

struct ReadAll {
  std::vector<std::vector<std::uint64_t>> visits;
  std::vector<std::size_t> first_targets;
  std::string refused;
  std::uint64_t rows = 0;
};

ReadAll read_all(const std::string& text, const std::string& format) {
  auto reader = open_visits(DatasetLines("memory", base::LineReader(base::open_input_bytes(text).value())), format).value();
  ReadAll out;
  RawVisit visit;
  while (reader->next(visit).value()) {
    out.visits.push_back(visit.items);
    out.first_targets.push_back(visit.first_target);
  }
  out.refused = describe(reader->intake(), "f");
  out.rows = reader->intake().rows;
  return out;
}

using All = std::vector<std::vector<std::uint64_t>>;

TEST(VisitReader, LinesOfItemsAndExamples) {
  const auto read = read_all("1 2 3\n4 x\n\n5 6\t7\n\t8\n", "sessions");
  EXPECT_EQ(read.visits, (All{{1, 2, 3}, {5, 6, 7}}));
  EXPECT_EQ(read.first_targets, (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(read.rows, 2u);
  EXPECT_EQ(read.refused,
            "f: 1 row refused, first at line 2: an item that is no number\n"
            "f: 1 row refused, first at line 3: no item\n"
            "f: 1 row refused, first at line 5: no prefix, or no target\n");
}

TEST(VisitReader, Rsc15GathersVisitsInOrderOfTime) {
  const auto read = read_all("SessionId\tItemId\tTime\n1\t10\t5.5\n1\t11\t4.5\n2\t12\t1\n2\t13\n2\t14\tsoon\n", "rsc15");
  EXPECT_EQ(read.visits, (All{{11, 10}, {12}}));
  EXPECT_EQ(read.rows, 3u);
  EXPECT_EQ(read.refused,
            "f: 1 row refused, first at line 5: too few columns\n"
            "f: 1 row refused, first at line 6, column 'Time': no time\n");
}

TEST(VisitReader, DigineticaAndYooChoose) {
  const std::string header = "session_id;user_id;item_id;timeframe;eventdate\n";
  EXPECT_EQ(read_all(header + "1;NA;81766;526309;2016-05-09\n1;NA;31331;12;2016-05-09", "diginetica").visits,
            (All{{31331, 81766}}));
  EXPECT_EQ(read_all("1,2014-04-07T10:54:09.868Z,214536500,0\n1,2014-04-07T10:51:09.277Z,214536502,0\n"
                     "2,2014-04-07T13:56:37.614Z,214662742,0\n3,2014-04-31T13:56:37.614Z,214662742,0\n",
                     "yoochoose")
                .visits,
            (All{{214536502, 214536500}, {214662742}}));
}

TEST(VisitReader, SaysWhatIsMissing) {
  const auto open = [](const std::string& text, const std::string& format) {
    return open_visits(DatasetLines("memory", base::LineReader(base::open_input_bytes(text).value())), format);
  };
  EXPECT_EQ(open("a\tb\n", "rsc15").error(), "memory:1: the header has no column 'SessionId'");
  EXPECT_EQ(open("", "diginetica").error(), "memory:1: no header");
  EXPECT_EQ(open("", "session").error(), "no format of visits 'session'; did you mean 'sessions'?");
  EXPECT_FALSE(open_visits("/no/such/file", "sessions").has_value());
}

TEST(VisitReader, RealRowsOfDiginetica) {
  BANDSTAND_NEEDS_SHARED_DATA("sessions");
  auto reader = open_visits(shared_data("sessions/srgnn_sample_train-item-views.csv.xz"), "diginetica").value();
  RawVisit visit;
  std::size_t visits = 0, clicks = 0;
  while (reader->next(visit).value()) {
    ++visits;
    clicks += visit.items.size();
  }
  EXPECT_EQ(reader->intake().rows, 12391u);
  EXPECT_EQ(clicks, 12391u);
  EXPECT_EQ(reader->intake().rejected, 0u);
  EXPECT_GT(visits, 1000u);
}

TEST(LoadVisits, NumbersAscendAndTestsAddTheirOwn) {
  BANDSTAND_NEEDS_SHARED_DATA("sessions");
  Vocabulary vocabulary;
  const auto train = load_visits(shared_data("sessions/diginetica_train.txt.xz"), "sessions", vocabulary).value();
  EXPECT_EQ(train.visits.size(), 186670u);
  EXPECT_EQ(train.visits.clicks(), 906140u);
  EXPECT_EQ(train.visits.targets(), 719470u);
  EXPECT_EQ(vocabulary.trained, 43097u);
  EXPECT_TRUE(std::is_sorted(vocabulary.ids.begin(), vocabulary.ids.end()));
  const auto test = load_visits(shared_data("sessions/diginetica_test_part1.txt.xz"), "sessions", vocabulary).value();
  EXPECT_EQ(test.visits.targets(), 30429u);
}

}  // namespace
}  // namespace bandstand::learning
