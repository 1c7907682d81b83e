// matcher_test: any order, any repetition, the same outcomes.
#include "outcomes/matcher.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "outcomes/rewards.h"

namespace bandstand::outcomes {
namespace {

using domain::Event;
using domain::EventKind;
using domain::Outcome;

constexpr std::int64_t kStart = 1'700'000'000'000'000'000;

domain::BidFacts bid(std::uint64_t n) {
  domain::BidFacts facts;
  facts.bid = {1, n << 8 | 1};
  facts.at_time = {kStart};
  facts.life = std::chrono::seconds(60);
  facts.price = base::Nanos{5'000'000};
  return facts;
}

Event event(std::uint64_t n, EventKind kind, std::int64_t after_ms, std::int64_t price = 0) {
  Event e;
  e.kind = kind;
  e.bid = {1, n << 8 | 1};
  e.bid_at = {kStart};
  e.at = {kStart + after_ms * 1'000'000};
  e.price = base::Nanos{price};
  e.price_form = price > 0 ? domain::PriceForm::price : domain::PriceForm::absent;
  return e;
}

struct Played {
  std::vector<Outcome> outcomes;
  MatcherCounts counts;
};

Played play(const std::vector<Event>& events, std::size_t bids_before) {
  Matcher matcher({});
  Played run;
  for (std::uint64_t n = 0; n < bids_before; ++n) matcher.on_bid(bid(n), run.outcomes);
  for (const Event& e : events) matcher.on_event(e, e.kind == EventKind::bill, run.outcomes);
  for (std::uint64_t n = bids_before; n < 4; ++n) matcher.on_bid(bid(n), run.outcomes);
  matcher.tick({kStart + std::int64_t{48} * 3600 * 1'000'000'000}, run.outcomes);
  run.counts = matcher.counts();
  std::sort(run.outcomes.begin(), run.outcomes.end(), [](const Outcome& a, const Outcome& b) {
    return std::pair(a.facts.bid, a.kind) < std::pair(b.facts.bid, b.kind);
  });
  return run;
}

TEST(Matcher, GivesTheSameOutcomesForAnyOrderAndRepetition) {
  std::vector<Event> events = {event(0, EventKind::win, 100, 3'000'000),  event(0, EventKind::bill, 200, 3'000'000),
                               event(0, EventKind::impression, 210),      event(0, EventKind::click, 1'000),
                               event(1, EventKind::loss, 50),             event(2, EventKind::bill, 90, 4'000'000),
                               event(2, EventKind::conversion, 4'000),    event(2, EventKind::click, 3'000)};
  const Played expected = play(events, 4);
  ASSERT_EQ(expected.outcomes.size(), 8u) << "bids 0 and 2: price, response, conversion; bids 1 and 3: price";
  EXPECT_TRUE(expected.outcomes[1].clicked);
  EXPECT_TRUE(expected.outcomes[3].lost);
  EXPECT_TRUE(expected.outcomes[6].converted);
  EXPECT_FALSE(expected.outcomes[7].won || expected.outcomes[7].lost) << "bid 3 ended in silence";
  EXPECT_EQ(expected.counts.unresolved, 1u);
  base::Rng rng(7);
  for (int round = 0; round < 500; ++round) {
    std::vector<Event> shuffled = events;
    for (int i = 0; i < 4; ++i) shuffled.push_back(events[rng.below(events.size())]);
    for (std::size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[rng.below(i)]);
    const Played run = play(shuffled, rng.below(5));
    ASSERT_EQ(run.outcomes.size(), expected.outcomes.size());
    for (std::size_t i = 0; i < run.outcomes.size(); ++i) {
      const Outcome& a = run.outcomes[i];
      const Outcome& b = expected.outcomes[i];
      EXPECT_EQ(a.facts.bid, b.facts.bid);
      EXPECT_EQ(a.kind, b.kind);
      EXPECT_EQ(a.won, b.won);
      if (a.kind != Outcome::Kind::price) {  // what is known at the price depends on what came first
        EXPECT_EQ(a.clearing_price, b.clearing_price);
        EXPECT_EQ(a.clicked, b.clicked);
        EXPECT_EQ(a.billed, b.billed);
        EXPECT_TRUE(a.kind != Outcome::Kind::conversion || a.converted == b.converted);
      }
    }
    EXPECT_EQ(run.counts.matched + run.counts.repeated, shuffled.size());
    EXPECT_EQ(run.counts.unmatched, 0u);
  }
}

TEST(Matcher, CountsWhatItCannotJoin) {
  Matcher matcher({});
  std::vector<Outcome> out;
  matcher.on_event(event(9, EventKind::click, 1'000), false, out);
  matcher.on_event(event(9, EventKind::click, 7'200'000), false, out);
  EXPECT_EQ(matcher.counts().late, 1u);
  matcher.tick({kStart + std::int64_t{60} * 1'000'000'000}, out);
  EXPECT_EQ(matcher.counts().unmatched, 1u) << "waited for its bid in vain";
  EXPECT_TRUE(out.empty());
}

TEST(Matcher, AnErasedUsersBidsAreNobodys) {
  Matcher matcher({});
  std::vector<Outcome> outcomes;
  for (std::uint64_t n = 0; n < 3; ++n) {
    auto facts = bid(n);
    facts.user = {n == 2 ? 8u : 7u};
    facts.personal = true;
    facts.taste[0] = 1;
    matcher.on_bid(facts, outcomes);
  }
  EXPECT_EQ(matcher.forget({0}), 0u);
  EXPECT_EQ(matcher.forget({7}), 2u);
  EXPECT_EQ(matcher.forget({7}), 0u);
  EXPECT_EQ(matcher.open(), 3u) << "what follows is settled all the same";
  EXPECT_EQ(matcher.find(bid(1).bid)->user.value, 0u);
  EXPECT_FALSE(matcher.find(bid(1).bid)->personal);
  EXPECT_EQ(matcher.find(bid(1).bid)->taste, domain::Taste{});
  EXPECT_EQ(matcher.find(bid(2).bid)->user.value, 8u);
}

TEST(Matcher, StaysWithinItsMemory) {
  MatcherOptions options;
  options.bids_max = 100;
  Matcher matcher(options);
  std::vector<Outcome> out;
  for (std::uint64_t n = 0; n < 1'000; ++n) matcher.on_bid(bid(n), out);
  EXPECT_EQ(matcher.open(), 100u);
  EXPECT_EQ(matcher.counts().evicted, 900u);
}

std::vector<Outcome> finish(Matcher& matcher, std::vector<Outcome> out) {
  matcher.on_event(event(0, EventKind::click, 2'000), false, out);
  matcher.on_event(event(1, EventKind::loss, 2'000), false, out);
  matcher.on_event(event(2, EventKind::conversion, 9'000), false, out);
  matcher.tick({kStart + std::int64_t{48} * 3600 * 1'000'000'000}, out);
  std::sort(out.begin(), out.end(), [](const Outcome& a, const Outcome& b) {
    return std::pair(a.facts.bid, a.kind) < std::pair(b.facts.bid, b.kind);
  });
  return out;
}

TEST(Matcher, GoesOnInAnotherProcessAsIfNothingHadHappened) {
  Matcher matcher({});
  std::vector<Outcome> out;
  for (std::uint64_t n = 0; n < 4; ++n) {
    domain::BidFacts facts = bid(n);
    facts.value = 1.5 * static_cast<double>(n);
    facts.user.value = n;
    facts.personal = n % 2 == 0;
    facts.size = {300, 250};
    matcher.on_bid(facts, out);
  }
  matcher.on_event(event(0, EventKind::win, 100, 3'000'000), false, out);
  matcher.on_event(event(2, EventKind::bill, 90, 4'000'000), true, out);
  matcher.on_event(event(2, EventKind::click, 500), false, out);
  const std::string bytes = matcher.encode();
  Matcher other({});
  ASSERT_EQ(other.restore(bytes, {kStart + 1'000'000'000}).value(), 4u);
  EXPECT_TRUE(other.has_seen(bid(2).bid, EventKind::click));
  const auto here = finish(matcher, out);
  const auto there = finish(other, out);
  ASSERT_EQ(here.size(), there.size());
  ASSERT_GT(here.size(), 6u);
  for (std::size_t i = 0; i < here.size(); ++i) {
    EXPECT_EQ(here[i].facts.bid, there[i].facts.bid);
    EXPECT_EQ(here[i].kind, there[i].kind);
    EXPECT_EQ(here[i].facts.value, there[i].facts.value);
    EXPECT_EQ(here[i].facts.user, there[i].facts.user);
    EXPECT_EQ(here[i].facts.personal, there[i].facts.personal);
    EXPECT_EQ(here[i].facts.size.h, there[i].facts.size.h);
    EXPECT_EQ(here[i].clearing_price, there[i].clearing_price);
    EXPECT_EQ(here[i].won, there[i].won);
    EXPECT_EQ(here[i].clicked, there[i].clicked);
    EXPECT_EQ(here[i].converted, there[i].converted);
  }
}

TEST(Matcher, ABidThatEndedWhileNobodyListenedSaysNothing) {
  Matcher matcher({});
  std::vector<Outcome> out;
  matcher.on_bid(bid(0), out);
  matcher.on_bid(bid(1), out);
  matcher.on_event(event(1, EventKind::win, 100, 3'000'000), false, out);
  Matcher other({});
  const base::WallTime later{kStart + std::int64_t{600} * 1'000'000'000};
  EXPECT_EQ(other.restore(matcher.encode(), later).value(), 1u) << "won, and it waits for a click";
  EXPECT_EQ(other.counts().unresolved, 1u);
}

TEST(Matcher, RefusesDamagedBytes) {
  Matcher matcher({});
  std::vector<Outcome> out;
  matcher.on_bid(bid(0), out);
  std::string bytes = matcher.encode();
  bytes[20] ^= 1;
  Matcher other({});
  EXPECT_EQ(other.restore(bytes, {kStart}).error().code, base::Code::corrupt);
  EXPECT_EQ(other.restore("", {kStart}).error().code, base::Code::corrupt);
  EXPECT_EQ(other.open(), 0u);
}

TEST(Rewards, AreValueMinusCostAndNothingForWhatIsSuspicious) {
  domain::LineItem item;
  item.goal = domain::Goal::cpc;
  item.value = base::Nanos{500'000'000};
  Outcome outcome;
  outcome.won = outcome.billed = true;
  outcome.clearing_price = base::Nanos{2'000'000};
  EXPECT_EQ(reward_of(outcome, item).value, -2'000'000);
  outcome.clicked = true;
  EXPECT_EQ(reward_of(outcome, item).value, 498'000'000);
  outcome.suspicious = true;
  EXPECT_EQ(reward_of(outcome, item).value, 0);
}

}  // namespace
}  // namespace bandstand::outcomes
