// traffic_watch_test: what gives intruders away, what does not give people away, and that memory is bounded.
#include "agents/fraud/traffic_watch.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace bandstand::agents::fraud {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class TrafficWatchTest : public ::testing::Test {
 protected:
  TrafficWatchTest() : watch_(options()) {}

  static WatchOptions options() {
    WatchOptions options;
    options.enabled = true;
    options.parties = 1u << 14;
    options.bids = 1u << 12;
    return options;
  }
  static std::uint64_t key(std::uint64_t what, std::uint64_t who) {
    return base::mix64(what << 40 ^ who) | 1;
  }

  base::BidId request(std::uint64_t address, std::uint64_t device, std::uint64_t site, base::WallTime at) {
    const base::DecisionId id{1, ++count_ << 8};
    watch_.on_request(
        {id, {key(1, address), key(2, address), key(3, device), key(4, device % 5), key(5, site)}, at});
    return id.bid(1);
  }
  void event(domain::EventKind kind, base::BidId bid, base::WallTime at, std::uint32_t campaign = 0) {
    domain::Event event;
    event.kind = kind;
    event.campaign = base::CampaignId{campaign};
    event.bid = bid;
    event.at = at;
    watch_.on_event(event);
  }
  /// One person in a thousand comes at random, clicks once in a hundred times.
  void crowd(double for_s) {
    const base::WallTime end = now_ + base::Duration{static_cast<std::int64_t>(for_s * 1e9)};
    while (now_ < end) {
      now_ = now_ + base::Duration{static_cast<std::int64_t>(rng_.exponential() * 1e8)};
      const std::uint64_t who = rng_.below(1000);
      const auto bid = request(who, who, rng_.below(20), now_);
      const auto campaign = static_cast<std::uint32_t>(1 + who % 7 + count_ % 3);
      event(domain::EventKind::impression, bid, now_ + milliseconds(400), campaign);
      if (rng_.chance(.01)) event(domain::EventKind::click, bid, now_ + milliseconds(3'000), campaign);
      if (auto list = watch_.tick(now_)) {
        list_ = std::move(list);
        log_.push_back(WatchChanges::decode(watch_.changes().encode()).value());
      }
    }
  }
  [[nodiscard]] float fact(PartyKind kind, std::uint64_t who, Fact which) const {
    const std::uint64_t what = static_cast<std::uint64_t>(kind) + 1;
    return watch_.evidence(kind, key(what, who), now_)[static_cast<std::size_t>(which)];
  }
  [[nodiscard]] bool blocked(PartyKind kind, std::uint64_t who) const {
    const WatchEntry* entry = list_->find(key(static_cast<std::uint64_t>(kind) + 1, who));
    return entry != nullptr && entry->blocked_until_ns > now_.ns;
  }

  TrafficWatch watch_;
  WatchlistPtr list_;
  std::vector<WatchChanges> log_;
  base::Rng rng_{7};
  base::WallTime now_{1'764'028'800'000'000'000};
  std::uint64_t count_ = 0;
};

TEST_F(TrafficWatchTest, BlocksNobodyInACrowd) {
  crowd(1200);
  EXPECT_EQ(watch_.counts().blocks, 0u);
  ASSERT_NE(list_, nullptr);
  EXPECT_GT(list_->size(), 500u);
}

TEST_F(TrafficWatchTest, BlocksWhoClicksTooMuchAndLetsGoInTime) {
  crowd(300);
  base::BidId last;
  for (int i = 0; i < 30; ++i) {
    last = request(5'000, 5'000, 3, now_);
    event(domain::EventKind::impression, last, now_ + milliseconds(500));
    if (i % 2 == 0) event(domain::EventKind::click, last, now_ + milliseconds(2'500));
    crowd(5);
  }
  EXPECT_TRUE(blocked(PartyKind::device, 5'000));
  EXPECT_TRUE(watch_.suspects(last, now_)) << "what it did before is not learned from either";
  EXPECT_FALSE(blocked(PartyKind::site, 3)) << "a site is not to blame for one visitor";
  crowd(3 * 3600);
  EXPECT_FALSE(blocked(PartyKind::device, 5'000));
}

TEST_F(TrafficWatchTest, ATimerIsMoreRegularThanPeople) {
  for (int i = 0; i < 30; ++i) {
    request(6'000, 6'000, 4, now_);
    request(6'001, 6'001, 4, now_ + base::Duration{static_cast<std::int64_t>(rng_.exponential() * 1e10)});
    crowd(20);
  }
  EXPECT_GT(fact(PartyKind::device, 6'000, Fact::regular), .5f);
  EXPECT_LT(fact(PartyKind::device, 6'001, Fact::regular), .5f);
}

TEST_F(TrafficWatchTest, AnAddressOfStrangersWithoutEndIsBlockedACarriersIsNot) {
  crowd(600);
  for (std::uint64_t i = 0; i < 200; ++i) {
    request(7'000, 100'000 + i, 5, now_);
    request(7'001, i, 5, now_);  // people who were here before, on their way
    crowd(2 * rng_.exponential());
  }
  EXPECT_TRUE(blocked(PartyKind::address, 7'000));
  EXPECT_FALSE(blocked(PartyKind::address, 7'001));
}

TEST_F(TrafficWatchTest, BurstsShowInTheirWindow) {
  crowd(300);
  for (int i = 0; i < 100; ++i)
    request(8'000, 8'000 + static_cast<std::uint64_t>(i % 7), 6, now_ + milliseconds(i));
  EXPECT_GT(fact(PartyKind::address, 8'000, Fact::rate_10s), 3.0f);
  EXPECT_LT(fact(PartyKind::address, 1, Fact::rate_10s), 1.5f);
}

TEST_F(TrafficWatchTest, RemembersTheLoudAmongAMillionAddressesIn64MiB) {
  WatchOptions large;
  large.enabled = true;
  TrafficWatch watch(large);
  EXPECT_LE(watch.bytes(), std::size_t{64} << 20);
  for (std::uint64_t i = 0; i < 1'000'000; ++i) {
    now_ = now_ + base::Duration{100'000};
    watch.on_request(
        {{1, (2 * i) << 8}, {key(1, i), key(2, i / 200), key(3, i), key(4, 1), key(5, 1)}, now_});
    if (i % 50 == 0)
      watch.on_request({{1, (2 * i + 1) << 8}, {key(1, 1u << 30), 0, key(3, 1u << 30), 0, 0}, now_});
  }
  EXPECT_EQ(watch.counts().requests, 1'020'000u);
  EXPECT_GT(
      watch.evidence(PartyKind::address, key(1, 1u << 30), now_)[static_cast<std::size_t>(Fact::volume)],
      9.0f);
  EXPECT_EQ(watch.tick(now_), nullptr) << "a round begins";
  const auto list = watch.tick(now_ + large.publish_every);
  ASSERT_NE(list, nullptr);
  EXPECT_LE(watch.bytes() + list->bytes(), std::size_t{64} << 20);
}

TEST_F(TrafficWatchTest, TheLogSaysWhatTheLastListSaid) {
  watch_.start_at(1'000);
  const auto& log = log_;
  crowd(500);  // more lists than have to be read
  ASSERT_GT(log.size(), WatchChanges::kTurns + 10);
  EXPECT_EQ(log.front().version, 1'001u);
  EXPECT_EQ(log.back().age, log.size());
  Watchlist again;
  for (std::size_t i = log.size() - WatchChanges::kTurns; i < log.size(); ++i) {
    for (const WatchEntry& entry : log[i].entries) again.add(entry);
  }
  std::size_t said = 0;
  for (const WatchEntry& entry : again.slots()) {
    const WatchEntry gone{entry.key, 0, {}};
    if (entry.key == 0 || entry == gone) continue;
    ++said;
    const WatchEntry* listed = list_->find(entry.key);
    ASSERT_NE(listed, nullptr);
    EXPECT_EQ(*listed, entry);
  }
  EXPECT_GT(said, 500u);
  for (const WatchEntry& entry : list_->slots()) {
    if (entry.key == 0) continue;
    ASSERT_NE(again.find(entry.key), nullptr) << "each has had its turn";
  }
  std::size_t named = 0;
  for (const auto& changes : log) named += changes.entries.size();
  EXPECT_LT(named, log.size() * list_->size() / 2) << "and most of it is not repeated";
  EXPECT_FALSE(WatchChanges::decode(log.back().encode() + "x").has_value());
}

TEST_F(TrafficWatchTest, HandsThatDrainACampaignGiveEachOtherAway) {
  crowd(900);
  // Fifty households, each shown ten ads and clicking once or twice, on campaign 4 alone.
  for (std::uint64_t turn = 0; turn < 5; ++turn) {
    for (std::uint64_t hand = 0; hand < 50; ++hand) {
      const bool drained = turn == 0 || (turn == 1 && hand % 2 == 0);
      const auto bid = request(9'000 + hand, 9'000 + hand, hand % 20, now_);
      event(domain::EventKind::impression, bid, now_ + milliseconds(400), drained ? 4 : 11);
      if (drained) event(domain::EventKind::click, bid, now_ + milliseconds(2'900), 4);
      crowd(1);
    }
  }
  EXPECT_GT(fact(PartyKind::device, 9'000, Fact::drains), 4.0f) << "two clicks";
  EXPECT_GT(fact(PartyKind::device, 9'001, Fact::drains), 2.0f) << "one click";
  float sum = 0;
  for (std::uint64_t who = 0; who < 1'000; ++who) sum += fact(PartyKind::device, who, Fact::drains);
  EXPECT_LT(sum / 1'000, .4f) << "people click there too, few of them";
}

TEST_F(TrafficWatchTest, AFarmThatClicksOnEverythingMakesNoVictimOfAnybody) {
  crowd(900);
  for (int i = 0; i < 300; ++i) {
    const auto bid = request(9'500, 9'500 + static_cast<std::uint64_t>(i % 20), 3, now_);
    event(domain::EventKind::impression, bid, now_ + milliseconds(400), 1 + static_cast<std::uint32_t>(i % 9));
    event(domain::EventKind::click, bid, now_ + milliseconds(2'000), 1 + static_cast<std::uint32_t>(i % 9));
    crowd(1);
  }
  float sum = 0;
  for (std::uint64_t who = 0; who < 1'000; ++who) sum += fact(PartyKind::device, who, Fact::drains);
  EXPECT_LT(sum / 1'000, .1f);
}

TEST_F(TrafficWatchTest, AnAddressOfStrangersShowsAfterAFewRequests) {
  crowd(600);
  for (std::uint64_t i = 0; i < 8; ++i) {
    request(7'500, 200'000 + i, 5, now_);
    request(7'501, i, 5, now_);
    crowd(2);
  }
  EXPECT_GT(fact(PartyKind::address, 7'500, Fact::unmet), 4.0f);
  EXPECT_LT(fact(PartyKind::address, 7'501, Fact::unmet), 1.0f);
  EXPECT_EQ(fact(PartyKind::device, 200'000, Fact::unmet), 0);
}

TEST_F(TrafficWatchTest, ATimerIsSteadyAfterSixGapsPeopleAreNot) {
  for (int i = 0; i < 7; ++i) {
    request(6'500, 6'500, 4, now_);
    crowd(40);
  }
  EXPECT_GT(fact(PartyKind::device, 6'500, Fact::steady), 2.5f);
  float most = 0;
  for (std::uint64_t who = 0; who < 1'000; ++who) most = std::max(most, fact(PartyKind::device, who, Fact::steady));
  EXPECT_LT(most, 4.0f);
}

TEST_F(TrafficWatchTest, TheSameInputGivesTheSameBlocks) {
  crowd(60);
  const auto counts = watch_.counts();
  watch_ = TrafficWatch(options());
  rng_ = base::Rng(7);
  now_ = base::WallTime{1'764'028'800'000'000'000};
  count_ = 0;
  crowd(60);
  EXPECT_EQ(watch_.counts().requests, counts.requests);
  EXPECT_EQ(watch_.counts().evicted, counts.evicted);
}

}  // namespace
}  // namespace bandstand::agents::fraud
