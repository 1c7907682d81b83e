// anomaly_board_test: what is flagged of whom, when it is over, and that nothing is said of those who may not spend.
#include "outcomes/anomaly_board.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace bandstand::outcomes {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

/// A minute's half: bids, wins, impressions, clicks and payments of one campaign at these rates.
struct Life {
  double win_rate = 0.3, click_rate = 0.01, price = 2e6;
  int bids = 600;
};

class Board : public testing::Test {
 protected:
  /// Lives `looks` times 30 s; returns how many flags were raised.
  int live(std::uint32_t id, const Life& life, int looks) {
    int raised = 0;
    for (int second = 0; second < looks * 30; ++second) {
      for (int i = 0; i < life.bids / 30; ++i) {
        const bool won = rng_.chance(life.win_rate);
        board_.bid_resolved(Subject::campaign, id, won);
        if (!won) continue;
        board_.shown(Subject::campaign, id);
        board_.paid(Subject::campaign, id, base::Nanos{static_cast<std::int64_t>(life.price * (0.5 + rng_.uniform()))});
        if (rng_.chance(life.click_rate)) board_.clicked(Subject::campaign, id);
      }
      now_.ns += kSecond;
      raised += static_cast<int>(board_.tick(now_, [this](Subject, std::uint32_t) { return live_; }).size());
    }
    return raised;
  }
  [[nodiscard]] const AnomalyBoard::Flag* flag(Watch watch) const {
    for (const auto& one : board_.flags()) {
      if (one.watch == watch) return &one;
    }
    return nullptr;
  }

  AnomalyBoard board_;
  base::Rng rng_{5};
  base::WallTime now_{1'700'000'000 * kSecond};
  bool live_ = true;
};

TEST_F(Board, IsQuietWhileNothingIsWrong) {
  EXPECT_EQ(live(1, {}, 100), 0);
  EXPECT_TRUE(board_.flags().empty());
}

TEST_F(Board, NamesTheRateThatLeftItsCourseAndForgetsItWhenItIsBack) {
  live(1, {}, 40);
  Life broken;
  broken.win_rate = 0.05;
  EXPECT_GE(live(1, broken, 8), 1);
  ASSERT_NE(flag(Watch::win_rate), nullptr);
  EXPECT_EQ(flag(Watch::win_rate)->reading.state, Reading::State::low);
  EXPECT_EQ(flag(Watch::win_rate)->id, 1u);
  live(1, {}, 20);
  EXPECT_EQ(flag(Watch::win_rate), nullptr);
}

TEST_F(Board, SeesAClickFarmAndADearMarket) {
  live(1, {}, 40);
  Life odd;
  odd.click_rate = 0.2;
  odd.price = 1e7;
  live(1, odd, 8);
  ASSERT_NE(flag(Watch::click_rate), nullptr);
  EXPECT_EQ(flag(Watch::click_rate)->reading.state, Reading::State::high);
  ASSERT_NE(flag(Watch::spend), nullptr);
  EXPECT_EQ(flag(Watch::spend)->reading.state, Reading::State::high);
}

TEST_F(Board, ACampaignThatMayNotSpendIsNotSilent) {
  live(1, {}, 40);
  Life none;
  none.bids = 0;
  live_ = false;
  EXPECT_EQ(live(1, none, 20), 0);
  live_ = true;
  EXPECT_GE(live(1, none, 5), 1) << "it may, and does not";
  ASSERT_NE(flag(Watch::spend), nullptr);
  EXPECT_EQ(flag(Watch::spend)->reading.state, Reading::State::silent);
}

TEST_F(Board, ATrickleIsNotJudgedByItsSpend) {
  Life trickle;
  trickle.bids = 30;
  trickle.win_rate = 0.02;
  EXPECT_EQ(live(1, trickle, 300), 0);
}

TEST_F(Board, WatchesABoundedNumber) {
  AnomalyBoardOptions options;
  options.subjects_max = 10;
  AnomalyBoard board(options);
  for (std::uint32_t id = 0; id < 100; ++id) board.bid_resolved(Subject::campaign, id, true);
  EXPECT_EQ(board.subjects(), 10u);
  EXPECT_EQ(board.not_watched(), 90u);
}

}  // namespace
}  // namespace bandstand::outcomes
