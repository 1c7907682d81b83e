// metrics_test: what is declared is well named, and what is counted on many threads adds up.
#include "telemetry/metrics.h"

#include <gmock/gmock.h>

#include <set>
#include <thread>

#include "telemetry/catalogue.h"

namespace bandstand::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string exposition(std::initializer_list<const MetricSet*> sets) {
  const std::vector<const MetricSet*> list(sets);
  std::string out;
  write_exposition(list, out);
  return out;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

TEST(Catalogue, EveryMetricFollowsTheNamingRules) {
  const Metrics metrics;
  std::set<std::string> names;
  ASSERT_GT(metrics.families().size(), 40u);
  for (const Family* family : metrics.families()) {
    const std::string name = family->description().name;
    SCOPED_TRACE(name);
    EXPECT_TRUE(names.insert(name).second) << "declared twice";
    EXPECT_EQ(name.rfind("bandstand_", 0), 0u);
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string::npos);
    EXPECT_EQ(ends_with(name, "_total"), family->kind() == Kind::counter);
    for (const char* unit :
         {"_ms", "_us", "_ns", "_millis", "_microseconds", "_nanoseconds", "_kb", "_mb", "_percent"}) {
      EXPECT_EQ((name + "_").find(std::string(unit) + "_"), std::string::npos) << "not a base unit: " << unit;
    }
    EXPECT_EQ(family->description().scale == 1e-9,
              ends_with(name, "_seconds") && !ends_with(name, "timestamp_seconds"));
    const std::string help = family->description().help;
    EXPECT_GT(help.size(), 10u);
    EXPECT_EQ(help.back(), '.');
    EXPECT_EQ(help.find('\n'), std::string::npos);
    for (const Label& label : family->labels()) {
      EXPECT_EQ(label.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string::npos);
      EXPECT_LE(label.values.size(), 130u) << "a label's values are few";
    }
    const auto edges = family->edges();
    EXPECT_TRUE(std::is_sorted(edges.begin(), edges.end()));
    EXPECT_EQ(edges.empty(), family->kind() != Kind::histogram);
  }
}

TEST(Metrics, SumsCountersOverThreadsAndTakesTheWorstOfGauges) {
  Metrics a;
  Metrics b;
  a.bid_requests.add({0}, BidOutcome::bid);
  b.bid_requests.add_n(2, {0}, BidOutcome::bid);
  a.brownout_level.set(1);
  b.brownout_level.set(3);
  a.lease_outstanding.set(5);
  b.lease_outstanding.set(6);
  const std::string text = exposition({&a, &b});
  EXPECT_THAT(text, HasSubstr("bandstand_bid_requests_total{exchange=\"other\",outcome=\"bid\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("\nbandstand_brownout_level 3\n"));
  EXPECT_THAT(text, HasSubstr("\nbandstand_lease_outstanding_nanos 11\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE bandstand_bid_requests_total counter\n"));
}

TEST(Metrics, AddressesNamesGivenAtStartByIndexAndStrangersAsOther) {
  Dimensions dims;
  dims.exchanges = {"acme \"ads\"", "b"};
  Metrics metrics(dims);
  metrics.bid_requests.add({0}, BidOutcome::nobid);
  metrics.bid_requests.add({1}, BidOutcome::invalid);
  metrics.bid_requests.add({77}, BidOutcome::shed);
  const std::string text = exposition({&metrics});
  EXPECT_THAT(text, HasSubstr("{exchange=\"acme \\\"ads\\\"\",outcome=\"nobid\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("{exchange=\"b\",outcome=\"invalid\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("{exchange=\"other\",outcome=\"shed\"} 1\n"));
}

TEST(Metrics, GivesOurNoBidCodesRowsOfTheirOwn) {
  Metrics metrics;
  metrics.no_bids.add(Nbr(2));
  metrics.no_bids.add(Nbr(503));
  metrics.no_bids.add(Nbr(-1));
  metrics.no_bids.add(Nbr(10'000));
  const std::string text = exposition({&metrics});
  EXPECT_THAT(text, HasSubstr("bandstand_no_bids_total{nbr=\"2\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("bandstand_no_bids_total{nbr=\"503\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("bandstand_no_bids_total{nbr=\"other\"} 2\n"));
  EXPECT_THAT(text, Not(HasSubstr("nbr=\"3\"")));
}

TEST(Metrics, PutsAnEdgeIntoItsOwnBucketAsLeDemands) {
  static constexpr std::array<std::int64_t, 5> kEdges{1, 3, 4, 100, 1000};
  for (std::int64_t value = -2; value < 1500; ++value) {
    MetricSet set;
    Histogram<> histogram(set, {"bandstand_x_seconds", "A test."}, kEdges);
    histogram.observe(value);
    std::size_t expected = 0;
    while (expected < kEdges.size() && std::max<std::int64_t>(value, 0) > kEdges[expected]) ++expected;
    for (std::size_t i = 0; i <= kEdges.size(); ++i)
      ASSERT_EQ(histogram.read(0, i), i == expected ? 1 : 0) << value;
  }
}

TEST(Metrics, WritesHistogramsCumulativelyInSeconds) {
  Metrics metrics;
  metrics.wal_fsync.observe(100'000);
  metrics.wal_fsync.observe(120'000);
  metrics.wal_fsync.observe(9'000'000'000);
  const std::string text = exposition({&metrics});
  EXPECT_THAT(text, HasSubstr("bandstand_wal_fsync_seconds_bucket{le=\"5e-05\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("bandstand_wal_fsync_seconds_bucket{le=\"0.0001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("bandstand_wal_fsync_seconds_bucket{le=\"0.00015\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("bandstand_wal_fsync_seconds_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("bandstand_wal_fsync_seconds_sum 9.00022\n"));
  EXPECT_THAT(text, HasSubstr("bandstand_wal_fsync_seconds_count 3\n"));
}

TEST(Metrics, BoundsTheTextsItLearns) {
  Metrics a;
  Metrics b;
  a.invalid_input.add("request.imp[3].id");
  b.invalid_input.add("request.user.id");
  b.invalid_input.add("request.imp[41].id");
  b.invalid_input.add("evil\"\n{");
  for (int i = 0; i < 1000; ++i) a.invalid_input.add("field" + std::to_string(i));
  EXPECT_EQ(a.invalid_input.texts(), TextCounter::kTexts);
  const std::string text = exposition({&a, &b});
  EXPECT_THAT(text, HasSubstr("bandstand_invalid_input_total{field=\"request.imp[].id\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("bandstand_invalid_input_total{field=\"request.user.id\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("bandstand_invalid_input_total{field=\"evil\\\"?{\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("bandstand_invalid_input_total{field=\"other\"} 873\n"));
}

TEST(MetricsThread, MayBeReadWhileTheirWritersWrite) {
  std::vector<std::unique_ptr<Metrics>> sets;
  for (int i = 0; i < 2; ++i) sets.push_back(std::make_unique<Metrics>());
  std::vector<std::thread> writers;
  for (auto& set : sets) {
    writers.emplace_back([&metrics = *set] {
      for (int i = 0; i < 20'000; ++i) {
        metrics.bid_requests.add({0}, BidOutcome::bid);
        metrics.bid_request_duration.observe(i * 1000);
        metrics.invalid_input.add("request.f" + std::to_string(i % 200));
      }
    });
  }
  const std::vector<const MetricSet*> readers{sets[0].get(), sets[1].get()};
  std::string text;
  for (int i = 0; i < 20; ++i) {
    text.clear();
    write_exposition(readers, text);
  }
  for (auto& writer : writers) writer.join();
  text.clear();
  write_exposition(readers, text);
  EXPECT_THAT(text, HasSubstr("outcome=\"bid\"} 40000\n"));
  EXPECT_THAT(text, HasSubstr("bandstand_bid_request_duration_seconds_count 40000\n"));
}

}  // namespace
}  // namespace bandstand::telemetry
