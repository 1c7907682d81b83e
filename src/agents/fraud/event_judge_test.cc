// event_judge_test: claims about events: attacks are marked, people are not.
#include "agents/fraud/event_judge.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"

namespace bandstand::agents::fraud {
namespace {

using domain::EventKind;

domain::Event event(EventKind kind, std::uint64_t bid, std::int64_t at_ms, std::uint64_t user = 0) {
  domain::Event made;
  made.kind = kind;
  made.bid = {1, bid};
  made.at = {(1'700'000'000'000 + at_ms) * 1'000'000};
  made.user = {user};
  return made;
}

TEST(EventJudge, AClickSoonerThanAHandIsMarked) {
  EventJudge judge;
  EXPECT_FALSE(judge.judge(event(EventKind::impression, 1, 0), 5).suspicious);
  EXPECT_EQ(judge.judge(event(EventKind::click, 1, 299), 5).reason, Reason::click_too_soon);
  EXPECT_FALSE(judge.judge(event(EventKind::impression, 2, 0), 5).suspicious);
  EXPECT_FALSE(judge.judge(event(EventKind::click, 2, 300), 5).suspicious);
}

TEST(EventJudge, AClickWithoutImpressionIsMarked) {
  EventJudge judge;
  judge.judge(event(EventKind::win, 1, 0), 0);
  EXPECT_EQ(judge.judge(event(EventKind::click, 1, 5'000), 0).reason, Reason::click_without_impression);
}

TEST(EventJudge, RepeatedEventsAreMarked) {
  EventJudge judge;
  EXPECT_FALSE(judge.judge(event(EventKind::impression, 1, 0), 0).suspicious);
  EXPECT_EQ(judge.judge(event(EventKind::impression, 1, 1), 0).reason, Reason::repeated_event);
  for (int i = 0; i < 3; ++i)
    EXPECT_FALSE(judge.judge(event(EventKind::click, 1, 1'000 + i), 0).suspicious) << i;
  EXPECT_EQ(judge.judge(event(EventKind::click, 1, 2'000), 0).reason, Reason::repeated_event);
}

TEST(EventJudge, MarkKeepsWhatWasSaidBefore) {
  EventJudge judge;
  domain::Event click = event(EventKind::click, 1, 0);
  click.suspicious = true;
  click.suspicion = static_cast<std::uint8_t>(Reason::known_crawler);
  judge.mark(click, 0);
  EXPECT_TRUE(click.suspicious);
  EXPECT_EQ(click.suspicion, static_cast<std::uint8_t>(Reason::known_crawler));
}

TEST(EventJudge, TheBoundIsAboveTheExactTail) {
  for (const double p : {0.001, 0.01, 0.05}) {
    for (const std::uint64_t n : {20u, 100u, 400u}) {
      for (std::uint64_t k = 1; k <= 30 && k <= n; ++k) {
        double tail = 0;
        for (std::uint64_t i = k; i <= n; ++i) {
          const double x = static_cast<double>(i);
          const double m = static_cast<double>(n);
          tail += std::exp(std::lgamma(m + 1) - std::lgamma(x + 1) - std::lgamma(m - x + 1) +
                           x * std::log(p) + (m - x) * std::log1p(-p));
        }
        EXPECT_GE(std::pow(10.0, -improbability(k, n, p)), tail * 0.999999) << p << " " << n << " " << k;
      }
    }
  }
}

// Ten thousand people click at 0.2 %, some places at 1 %; one placement is a click farm at 20 %.
TEST(EventJudge, MarksAFarmAndLeavesPeopleAlone) {
  base::Rng rng(17);
  EventJudge judge;
  std::uint64_t bid = 0;
  int farm_clicks = 0, farm_marked = 0, clicks = 0, marked = 0;
  for (int i = 0; i < 300'000; ++i) {
    const bool farm = rng.chance(0.01);
    const std::uint64_t placement = farm ? 999 : 1 + rng.below(200);
    const std::uint64_t user = 1 + rng.below(10'000) + (farm ? 100'000 : 0);
    const double rate = farm ? 0.2 : placement % 10 == 0 ? 0.01 : 0.002;
    ++bid;
    EXPECT_FALSE(judge.judge(event(EventKind::impression, bid, i * 100, user), placement).suspicious);
    if (!rng.chance(rate)) continue;
    const Mark mark = judge.judge(event(EventKind::click, bid, i * 100 + 900, user), placement);
    if (farm) {
      ++farm_clicks;
      if (mark.suspicious) ++farm_marked;
    } else {
      ++clicks;
      if (mark.suspicious) ++marked;
    }
  }
  std::printf("farm: %d of %d clicks marked; people: %d of %d\n", farm_marked, farm_clicks, marked, clicks);
  EXPECT_GE(farm_marked, farm_clicks * 95 / 100);
  EXPECT_LE(marked, clicks / 1'000);
}

TEST(EventJudge, ItsMemoryIsBounded) {
  EventJudge judge;
  const std::size_t before = judge.bytes();
  for (std::uint64_t i = 0; i < 300'000; ++i)
    judge.judge(event(EventKind::impression, i, static_cast<std::int64_t>(i), i), i);
  EXPECT_EQ(judge.bytes(), before);
  EXPECT_LE(before, 64u << 20);
}

}  // namespace
}  // namespace bandstand::agents::fraud
