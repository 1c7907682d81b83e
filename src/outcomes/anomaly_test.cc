// anomaly_test: what is flagged, and how rarely when nothing is wrong.
#include "outcomes/anomaly.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace bandstand::outcomes {
namespace {

using State = Reading::State;

double binomial(base::Rng& rng, int trials, double p) {
  int hits = 0;
  for (int i = 0; i < trials; ++i) hits += rng.chance(p);
  return hits;
}

TEST(Anomaly, SaysNothingBeforeItKnowsWhatIsUsual) {
  AnomalyWatch watch;
  for (int i = 0; i < 11; ++i) EXPECT_EQ(watch.look(i % 2 == 0 ? 1 : 1000).state, State::learning);
}

TEST(Anomaly, IsQuietWhileNothingIsWrong) {
  base::Rng rng(3);
  int flags = 0;
  for (int run = 0; run < 20; ++run) {
    AnomalyWatch win_rate;
    AnomalyWatch spend;
    for (int i = 0; i < 500; ++i) {
      const State a = win_rate.look(binomial(rng, 200, 0.3), 200).state;
      const State b = spend.look(1e6 * (1 + 0.2 * rng.normal())).state;
      flags += a > State::usual;
      flags += b > State::usual;
    }
  }
  EXPECT_LE(flags, 4);  // of 20,000 looks
}

TEST(Anomaly, SeesAHalvedWinRateAndADoubledSpendWithinAFewLooks) {
  base::Rng rng(4);
  AnomalyWatch win_rate;
  AnomalyWatch spend;
  for (int i = 0; i < 60; ++i) {
    win_rate.look(binomial(rng, 500, 0.3), 500);
    spend.look(1e6 * (1 + 0.1 * rng.normal()));
  }
  bool low = false;
  bool high = false;
  for (int i = 0; i < 8; ++i) {
    low = low || win_rate.look(binomial(rng, 500, 0.15), 500).state == State::low;
    high = high || spend.look(2e6 * (1 + 0.1 * rng.normal())).state == State::high;
  }
  EXPECT_TRUE(low);
  EXPECT_TRUE(high);
}

TEST(Anomaly, AFewClicksMoreOrLessAreNoNews) {
  base::Rng rng(5);
  AnomalyWatch click_rate;
  for (int i = 0; i < 60; ++i) click_rate.look(binomial(rng, 300, 0.003), 300);
  EXPECT_EQ(click_rate.look(3, 300).state, State::usual);
  EXPECT_EQ(click_rate.look(0, 300).state, State::usual);
  State state = State::usual;
  for (int i = 0; i < 4; ++i) state = click_rate.look(30, 300).state;  // a click farm
  EXPECT_EQ(state, State::high);
}

TEST(Anomaly, AnAgentThatFallsSilentIsNamedSo) {
  AnomalyWatch answers;
  for (int i = 0; i < 30; ++i) answers.look(100 + i % 7);
  EXPECT_NE(answers.look(0).state, State::silent);
  answers.look(0);
  EXPECT_EQ(answers.look(0).state, State::silent);
  AnomalyWatch idle;
  for (int i = 0; i < 30; ++i) EXPECT_NE(idle.look(0).state, State::silent);  // it never said anything
}

TEST(Anomaly, ALookWithoutTrialsLeavesAShareAsItWas) {
  AnomalyWatch win_rate;
  for (int i = 0; i < 30; ++i) win_rate.look(30, 100);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(win_rate.look(0, 0).state, State::usual);
}

TEST(Anomaly, ANewLevelBecomesUsualInTime) {
  AnomalyWatch spend;
  for (int i = 0; i < 64; ++i) spend.look(100 + i % 3);
  State state = State::usual;
  for (int i = 0; i < 10; ++i) state = spend.look(200 + i % 3).state;
  EXPECT_EQ(state, State::high);
  for (int i = 0; i < 64; ++i) state = spend.look(200 + i % 3).state;
  EXPECT_EQ(state, State::usual);
}

}  // namespace
}  // namespace bandstand::outcomes
