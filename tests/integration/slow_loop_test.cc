// slow_loop_test: what control makes of what browsers and exchanges report: marks, caps, interests, flags.
#include <gtest/gtest.h>

#include "agents/profile/interests.h"
#include "domain/frequency.h"
#include "domain/topic.h"
#include "one_life.h"
#include "protocol/catalogue/catalogue_reader.h"
#include "protocol/event/event_codec.h"

namespace bandstand::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kCatalogue = R"(
advertisers: [{id: 1, name: Acme, domain: acme.example, categories: [IAB2]}]
creatives:
  - {id: 10, name: box, advertiser: 1, size: 300x250, markup: "<a href=\"{CLICK_URL}\">x</a>",
     landing_page: "https://acme.example/l"}
campaigns: [{id: 100, name: spring, advertiser: 1, budget: "500.00", pacing: asap}]
line_items:
  - {id: 1000, name: everyone, campaign: 100, value: "2.50", creatives: [10],
     frequency_caps: [{impressions: 2, window_s: 3600}]}
)";

/// A bid request of one user; no user agent makes it suspicious.
std::string request(const std::string& user, bool with_agent = true) {
  return R"({"id":"r1","at":1,"imp":[{"id":"1","tagid":"top","banner":{"w":300,"h":250},"bidfloor":0.5}],)"
         R"("site":{"domain":"news.example"},"user":{"buyeruid":")" +
         user + R"("},"device":{)" +
         (with_agent ? R"("ua":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 )"
                       R"((KHTML, like Gecko) Chrome/120.0 Safari/537.36",)"
                     : "") +
         R"("ip":"24.5.6.7"},"tmax":200})";
}

class SlowLoop : public testing::Test {
 protected:
  void SetUp() override { start(demo_settings(3'600)); }
  void start(serving::ServingSettings settings) {
    std::vector<protocol::catalogue::Problem> problems;
    catalogue_.text = kCatalogue;
    catalogue_.snapshot = protocol::catalogue::read_catalogue(kCatalogue, {"alpha", "beta"}, problems);
    ASSERT_TRUE(catalogue_.snapshot);
    settings.matcher.click_window = seconds(30);
    life_ = std::make_unique<Life>(machine_, catalogue_, settings);
    life_->begin();
    pass(seconds(1));
  }
  void pass(base::Duration time) { life_->advance_to(machine_.clock.wall() + time); }

  /// The answer's body, "" if there is no bid.
  std::string bid(const std::string& user, bool with_agent = true) {
    CaughtAnswer catcher;
    life_->bid({"alpha", request(user, with_agent), 1, {}}, catcher);
    return catcher.status == 200 ? catcher.body : "";
  }
  std::string decide(const std::string& user) {
    return life_->decide(R"({"placements":[{"id":"top","sizes":["300x250"]}],"user":{"key":")" + user + "\"}}");
  }
  int get(const std::string& url, const std::string& query = "") { return life_->follow(url, query); }
  /// The user whose states are the only ones in the table.
  domain::UserState user() {
    domain::UserState state;
    const std::string bytes = life_->users().encode();
    EXPECT_EQ(life_->users().size(), 1u);
    std::memcpy(static_cast<void*>(&state), bytes.data() + 16, sizeof state);
    return state;
  }
  std::uint32_t seen() {
    const auto& item = catalogue_.snapshot->line_items[0];
    return domain::frequency_count(user(), domain::frequency_key(item.caps[0], *catalogue_.snapshot, item), 3600,
                                   domain::profile_seconds(machine_.clock.wall()));
  }
  base::Nanos charged() {
    return life_->control().journal().ledger().find_campaign(catalogue_.snapshot->campaigns[0].id)->charged();
  }
  std::vector<domain::Event> logged() {
    std::vector<domain::Event> out;
    auto reader = life_->log().open_reader("events", 0, "");
    std::vector<log::Record> records;
    while ((*reader)->poll(100, records).value() > 0) {
      for (const auto& record : records) out.push_back(*protocol::event::decode_event(record.value));
    }
    return out;
  }

  Catalogue catalogue_;
  Machine machine_;
  std::unique_ptr<Life> life_;
};

TEST_F(SlowLoop, AClickTooSoonIsLoggedWithItsMarkAndTeachesNothing) {
  const std::string answer = decide("u");
  ASSERT_NE(field(answer, "impression_url"), "") << answer;
  EXPECT_EQ(get(field(answer, "impression_url")), 204);
  pass(milliseconds(50));
  EXPECT_EQ(get(field(answer, "click_url")), 302) << "whoever clicked gets the page all the same";
  pass(seconds(1));
  const auto events = logged();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_FALSE(events[0].suspicious);
  EXPECT_TRUE(events[1].suspicious);
  EXPECT_EQ(static_cast<agents::fraud::Reason>(events[1].suspicion), agents::fraud::Reason::click_too_soon);
  EXPECT_EQ(life_->control().totals().suspicious, 1u);
  EXPECT_EQ(user().clicks, 0u);
  pass(seconds(60));
  EXPECT_EQ(life_->control().response_model().line_items().size(), 0u) << "no outcome was learned from";
  EXPECT_EQ(life_->control().totals().reward.value, 0);
}

TEST_F(SlowLoop, AClickOfAPersonCountsAndRaisesTheInterestInWhatWasShown) {
  const std::string answer = decide("u");
  get(field(answer, "impression_url"));
  pass(seconds(3));
  EXPECT_EQ(get(field(answer, "click_url")), 302);
  pass(seconds(1));
  const auto state = user();
  EXPECT_EQ(state.clicks, 1u);
  EXPECT_EQ(state.impressions, 1u);
  const std::uint32_t topic = domain::topic_of("IAB2");
  const auto interest = std::find_if(state.interests.begin(), state.interests.end(),
                                     [&](const domain::Interest& one) { return one.topic == topic; });
  ASSERT_NE(interest, state.interests.end());
  EXPECT_EQ(agents::profile::strength(*interest, domain::profile_seconds(machine_.clock.wall())) > 3.9f, true);
  get(field(answer, "click_url"));
  pass(seconds(1));
  EXPECT_EQ(user().clicks, 1u) << "a second click of one bid is no second click";
  get(field(answer, "conversion_url"));
  pass(seconds(1));
  EXPECT_EQ(user().conversions, 1u);
  EXPECT_EQ(life_->control().totals().suspicious, 0u);
  pass(seconds(60));
  EXPECT_EQ(life_->control().response_model().line_items().size(), 1u);
  EXPECT_EQ(user().clicks, 1u) << "the click window counts nothing twice";
}

TEST_F(SlowLoop, ARepeatedPixelMovesNoMoney) {
  const std::string answer = decide("u");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get(field(answer, "impression_url")), 204);
  pass(seconds(1));
  EXPECT_EQ(life_->control().totals().bills, 1u);
  EXPECT_EQ(life_->control().totals().suspicious, 2u);
  EXPECT_EQ(life_->control().totals().duplicates, 0u) << "they did not reach the ledger";
  EXPECT_EQ(user().impressions, 1u);
  std::string metrics;
  const telemetry::MetricSet* sets[] = {&life_->metrics()};
  telemetry::write_exposition(sets, metrics);
  EXPECT_NE(metrics.find(R"(bandstand_notices_total{kind="impression",result="suspicious"} 2)"), std::string::npos);
}

TEST_F(SlowLoop, WhatASuspiciousBidWonIsPaidAndTeachesNothing) {
  auto settings = demo_settings(3'600);
  settings.flow.bid_on_suspicious = true;
  start(settings);
  const std::string answer = bid("u", false);
  ASSERT_NE(answer, "");
  EXPECT_EQ(get(field(answer, "burl")), 204);
  EXPECT_EQ(get(field(answer, "nurl")), 204);
  pass(seconds(1));
  EXPECT_EQ(charged().value, 1'250'000) << "the exchange bills it, so we owe it";
  EXPECT_EQ(user().impressions, 0u);
  EXPECT_EQ(seen(), 0u);
  EXPECT_EQ(life_->control().market().counts().wins, 0u);
  EXPECT_EQ(life_->control().market().counts().ignored, 1u);
  pass(seconds(60));
  EXPECT_EQ(life_->control().totals().reward.value, 0);
}

TEST_F(SlowLoop, BidsInFlightDoNotPassTheCap) {
  ASSERT_NE(bid("u"), "");
  pass(milliseconds(20));
  const std::string second = bid("u");
  ASSERT_NE(second, "") << "the cap is two";
  pass(milliseconds(20));
  EXPECT_EQ(bid("u"), "") << "two are out, and may both be won";
  EXPECT_NE(bid("another"), "");
  EXPECT_EQ(get(field(second, "lurl")), 204);
  pass(milliseconds(20));
  const std::string third = bid("u");
  EXPECT_NE(third, "") << "one was lost";
  pass(milliseconds(20));
  EXPECT_EQ(bid("u"), "");
  pass(seconds(11));
  EXPECT_NE(bid("u"), "") << "nothing was heard of them";
  EXPECT_EQ(get(field(third, "burl")), 204);
  pass(seconds(12));
  EXPECT_NE(bid("u"), "") << "one impression, that of the late bill";
}

TEST_F(SlowLoop, AWinRateThatBreaksDownIsFlagged) {
  const auto live = [&](int looks, bool win) {
    for (int i = 0; i < looks * 30; ++i) {
      for (int user = 0; user < 8; ++user) {
        const std::string answer = bid("u" + std::to_string(1000 * i + user));
        ASSERT_NE(answer, "");
        if (user % 2 == 0 && win) {
          get(field(answer, "burl"));
        } else {
          get(field(answer, "lurl"));
        }
      }
      pass(seconds(1));
    }
  };
  live(20, true);
  EXPECT_TRUE(life_->control().anomalies().flags().empty());
  live(6, false);
  bool campaign = false;
  bool exchange = false;
  for (const auto& flag : life_->control().anomalies().flags()) {
    const bool low = flag.watch == outcomes::Watch::win_rate && flag.reading.state == outcomes::Reading::State::low;
    campaign = campaign || (low && flag.subject == outcomes::Subject::campaign && flag.id == 100);
    exchange = exchange || (low && flag.subject == outcomes::Subject::exchange && flag.id == 0);
  }
  EXPECT_TRUE(campaign);
  EXPECT_TRUE(exchange);
  std::string metrics;
  const telemetry::MetricSet* sets[] = {&life_->metrics()};
  telemetry::write_exposition(sets, metrics);
  EXPECT_EQ(metrics.find(R"(bandstand_anomalies_total{kind="win_rate"} 0)"), std::string::npos);
}

}  // namespace
}  // namespace bandstand::app
