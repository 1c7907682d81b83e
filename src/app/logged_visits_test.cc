// logged_visits_test: a server's log as visits: who consented, in order, until a pause.
#include "app/logged_visits.h"

#include <gtest/gtest.h>

#include "domain/decision_record.h"
#include "domain/item.h"
#include "log/memory_log.h"
#include "protocol/event/event_codec.h"

namespace bandstand::app {
namespace {

class LoggedVisitsTest : public testing::Test {
 protected:
  LoggedVisitsTest() {
    log::TopicOptions options;
    EXPECT_TRUE(log_->create_topic("decisions", options));
    decisions_ = std::move(*log_->open_partition("decisions", 0));
  }
  /// A request of one's own page, seconds after the start.
  void look(std::uint64_t user, const std::string& item, std::int64_t at_s, const std::string& consent = "{}",
            bool test = false) {
    const std::string request =
        R"({"placements":[{"id":"top","sizes":["300x250"]}],"item":")" + item + R"(","consent":)" + consent + "}";
    domain::DecisionRecord record;
    record.id = {1, ++count_ << 8};
    record.at = {1'764'028'800'000'000'000 + at_s * 1'000'000'000};
    record.first_party = true;
    record.test = test;
    record.user = user;
    record.request = request;
    arena_.reset();
    EXPECT_TRUE(decisions_->append("", protocol::event::encode(record, arena_)));
  }
  std::vector<learning::RawVisit> visits() {
    EXPECT_TRUE(decisions_->flush());
    auto reader = open_logged_visits(*log_, serving::ServingSettings{});
    EXPECT_TRUE(reader) << reader.error();
    std::vector<learning::RawVisit> out;
    learning::RawVisit visit;
    while ((*reader)->next(visit).value()) out.push_back(visit);
    looks_ = (*reader)->intake().rows;
    return out;
  }
  using Items = std::vector<std::uint64_t>;

  base::ManualClock clock_{{1'764'028'800'000'000'000}};
  std::unique_ptr<log::Log> log_ = log::open_memory_log(log::make_memory_store(), clock_);
  std::unique_ptr<log::Partition> decisions_;
  base::Arena arena_;
  std::uint64_t count_ = 0, looks_ = 0;
};

TEST_F(LoggedVisitsTest, AreTheItemsOfAUserUntilAPause) {
  look(7, "101", 0);
  look(8, "tea", 5);
  look(7, "102", 10);
  look(7, "102", 20);  // the same page
  look(7, "103", 1'820);
  look(7, "104", 1'820 + 1'801);
  const auto got = visits();
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0].items, Items{domain::item_of("tea")}) << "in the order of their last items";
  EXPECT_EQ(got[1].items, (Items{101, 102, 103}));
  EXPECT_EQ(got[2].items, Items{104});
  EXPECT_EQ(looks_, 6u);
}

TEST_F(LoggedVisitsTest, LeaveOutWhoMayNotBeLearnedFrom) {
  look(0, "101", 0);
  look(7, "101", 0, R"({"gdpr":true})");
  look(7, "101", 0, R"({"us_privacy":"1YYN"})");
  look(7, "101", 0, "{}", true);
  look(7, "", 0);
  EXPECT_TRUE(visits().empty());
}

}  // namespace
}  // namespace bandstand::app
