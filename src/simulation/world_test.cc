// world_test: the world against a bidder of constants: deterministic, exact books, faults as configured, true
// clicks.
#include "simulation/world.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "simulation/world_test_bidder.h"

namespace bandstand::simulation {
namespace {

using std::chrono::seconds;

WorldOptions calm(std::uint64_t seed = 1) {
  WorldOptions options;
  options.seed = seed;
  options.population.users = 2'000;
  options.traffic.requests_per_second = 200;
  options.traffic.day_night_ratio = 1;
  NoticeOptions& n = options.notices;
  n.lost_share = n.acknowledgement_lost_share = n.duplicate_share = n.late_share = n.early_bill_share =
      n.audit_share = 0;
  return options;
}

/// Runs for `length`, then lets everything settle.
void play(World& world, Transport& transport, base::Duration length, const WorldOptions& options) {
  world.run_until(options.start + length, transport);
  world.stop_traffic();
  for (int i = 0; i < 600 && !world.settled(); ++i) {
    length += seconds(1);
    world.run_until(options.start + length, transport);
  }
  EXPECT_TRUE(world.settled());
}

TEST(World, SameSeedSameBytes) {
  const auto hash_of = [](std::uint64_t seed) {
    WorldOptions options;
    options.seed = seed;
    World world(options);
    ConstantBidder bidder;
    play(world, bidder, seconds(5), options);
    return world.sent_hash();
  };
  EXPECT_EQ(hash_of(1), hash_of(1));
  EXPECT_NE(hash_of(1), hash_of(2));
}

TEST(World, WhatComesDoesNotDependOnWhatIsBid) {
  const auto bodies_at = [](const std::string& price) {
    const WorldOptions options = calm();
    World world(options);
    ConstantBidder bidder;
    bidder.price = price;
    bidder.keep_bodies = true;
    play(world, bidder, seconds(3), options);
    return bidder.bodies;
  };
  EXPECT_EQ(bodies_at("0.01"), bodies_at("9.99"));
}

TEST(World, StepsOfAnySizeGiveTheSameWorld) {
  const WorldOptions options;
  World whole(options);
  World steps(options);
  ConstantBidder a;
  ConstantBidder b;
  whole.run_until(options.start + seconds(3), a);
  for (int ms = 1; ms <= 3'000; ++ms) steps.run_until(options.start + std::chrono::milliseconds(ms), b);
  EXPECT_EQ(whole.sent_hash(), steps.sent_hash());
}

/// Keeps its own books from the notices that it acknowledges, as a ledger would.
struct Books {
  std::map<std::string, std::int64_t> billed;  ///< by token: charged once
  std::int64_t sum() const {
    std::int64_t total = 0;
    for (const auto& [token, nanos] : billed) total += nanos;
    return total;
  }
  void take(std::string_view target) {
    const std::size_t query = target.find("?p=");
    const auto price = base::parse_cpm(target.substr(query + 3, target.find('&') - query - 3));
    if (price) billed.emplace(std::string(target.substr(0, query)), price->value);
  }
};

TEST(World, BooksMatchABidderThatChargesEachTokenOnce) {
  for (const bool burl : {true, false}) {
    WorldOptions options;  // with faults
    options.seed = 7;
    options.population.users = 2'000;
    options.notices.lost_share = options.notices.acknowledgement_lost_share =
        options.notices.duplicate_share = .1;
    options.notices.late_share = .05;
    options.notices.audit_share = .01;
    World world(options);
    ConstantBidder bidder;
    bidder.with_burl = burl;
    Books books;
    std::uint64_t calls = 0;
    bidder.on_get = [&](std::string_view target) {
      const bool bills = target.starts_with(burl ? "/n/v1/b-" : "/e/v1/i-");
      if (bills && ++calls % 5 == 0) return 503;  // not durable yet: come again
      if (bills) books.take(target);
      return target.starts_with("/e/v1/c-") ? 302 : 204;
    };
    play(world, bidder, seconds(20), options);
    const AccountLine total = world.account().total();
    EXPECT_GT(total.billed, 500u);
    EXPECT_EQ(total.billed, books.billed.size());
    EXPECT_EQ(total.amount.value, books.sum());
    EXPECT_EQ(total.pending, 0u);
    EXPECT_EQ(total.pending_amount.value, 0);
    EXPECT_GT(total.audits, 0u);
    EXPECT_EQ(total.wins, world.report().total().wins);
  }
}

TEST(World, AnOutageDelaysMoneyAndLosesNone) {
  WorldOptions options = calm(3);
  options.shocks.push_back({Shock::Kind::notice_outage, 1, seconds(2), seconds(12)});
  World world(options);
  ConstantBidder bidder;
  world.run_until(options.start + seconds(11), bidder);
  EXPECT_GT(world.account().total().pending, 100u);
  play(world, bidder, seconds(12), options);
  const AccountLine total = world.account().total();
  EXPECT_EQ(total.billed, world.report().total().rendered);
  EXPECT_EQ(total.refused, 0u);
}

TEST(World, ARefusedBillIsListedApart) {
  const WorldOptions options = calm();
  World world(options);
  ConstantBidder bidder;
  bidder.on_get = [](std::string_view target) { return target.starts_with("/n/v1/b-") ? 403 : 204; };
  play(world, bidder, seconds(5), options);
  const AccountLine total = world.account().total();
  EXPECT_EQ(total.billed, 0u);
  EXPECT_EQ(total.refused, world.report().total().rendered);
  EXPECT_GT(total.refused_amount.value, 0);
}

TEST(World, FirstPriceAccountsAreBidsTimesImpressions) {
  const WorldOptions options = calm();
  World world(options);
  ConstantBidder bidder;
  bidder.price = "3.123457";
  play(world, bidder, seconds(10), options);
  const AccountLine alpha = world.account().lines().at("7a");
  EXPECT_GT(alpha.billed, 100u);
  EXPECT_EQ(alpha.amount.value, static_cast<std::int64_t>(alpha.billed) * 3'123'457);
  const AccountLine beta = world.account().lines().at("7b");
  EXPECT_LT(beta.amount.value, static_cast<std::int64_t>(beta.billed) * 3'123'457) << "second price";
}

TEST(World, FaultsComeAsConfigured) {
  WorldOptions options = calm(5);
  options.notices.lost_share = .1;
  options.notices.duplicate_share = .2;
  options.notices.acknowledgement_lost_share = .05;
  options.notices.late_share = .03;
  World world(options);
  ConstantBidder bidder;
  play(world, bidder, seconds(30), options);
  const WorldReport& report = world.report();
  std::uint64_t sent = 0;
  for (const std::uint64_t n : report.notices) sent += n;
  const double dispatched = static_cast<double>(report.total().bids + 2 * report.total().rendered);
  EXPECT_NEAR(static_cast<double>(report.notices_lost) / dispatched, .1, .015);
  EXPECT_NEAR(static_cast<double>(report.notices_duplicated) / dispatched, .2, .02);
  EXPECT_NEAR(static_cast<double>(report.notices_late) / dispatched, .03, .01);
  EXPECT_EQ(sent, bidder.gets);
}

TEST(World, ClicksFollowTheModel) {
  WorldOptions options = calm(11);
  options.response.click_base = -2;
  World world(options);
  ConstantBidder bidder;
  bidder.price = "20";
  play(world, bidder, seconds(60), options);
  world.run_until(options.start + seconds(180), bidder);  // the last of them take their time
  const WorldReport& report = world.report();
  EXPECT_GT(report.human_impressions, 5'000u);
  const double expected = report.click_probability;
  EXPECT_NEAR(static_cast<double>(report.human_clicks), expected, 3.5 * std::sqrt(expected));
  const AccountLine total = world.account().total();
  EXPECT_EQ(total.clicks, report.human_clicks);
}

TEST(World, ConversionsAreDelayedByTheLaw) {
  WorldOptions options = calm(12);
  options.response.click_base = 0;
  options.response.conversion_base = 2;
  options.traffic.speed_up = 3'600;  // an hour a second
  World world(options);
  ConstantBidder bidder;
  bidder.price = "20";
  world.run_until(options.start + seconds(20), bidder);
  world.stop_traffic();
  const auto count = [&](int at) {
    world.run_until(options.start + seconds(20 + at), bidder);
    return static_cast<double>(world.account().total().conversions);
  };
  // Clicks are up to 20 s old when we start to count: compare with the end after 30 days = 720 s.
  const double early = count(30);
  const double all = count(800);
  EXPECT_GT(all, 500);
  EXPECT_NEAR(early / all, .53, .06) << "half within a day, a little more within two";
}

TEST(World, PriceShocksReachTheAuction) {
  const auto wins = [](double factor) {
    WorldOptions options = calm(4);
    if (factor != 1) options.shocks.push_back({Shock::Kind::price, factor, seconds(0)});
    World world(options);
    ConstantBidder bidder;
    bidder.price = "1";
    play(world, bidder, seconds(10), options);
    return world.report().total().wins;
  };
  EXPECT_LT(static_cast<double>(wins(1.6)), .9 * static_cast<double>(wins(1)));
}

TEST(World, ReportsPrintAndAreJson) {
  const WorldOptions options;
  World world(options);
  ConstantBidder bidder;
  bidder.bid_every = 3;
  play(world, bidder, seconds(3), options);
  EXPECT_NE(world.report().print().find("win rate"), std::string::npos);
  EXPECT_NE(world.report().json().find("\"amount_nanos\""), std::string::npos);
  EXPECT_NEAR(static_cast<double>(world.report().total().responses_with_bids) /
                  static_cast<double>(world.report().total().answers),
              1. / 3, .01);
}

}  // namespace
}  // namespace bandstand::simulation
