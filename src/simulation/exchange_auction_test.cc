// exchange_auction_test: auctions computed by hand.
#include "simulation/exchange_auction.h"

#include <gtest/gtest.h>

#include <array>

namespace bandstand::simulation {
namespace {

constexpr std::int64_t kCpm = 1'000'000;  // nanos per impression of a CPM of 1

Contender open_bid(std::int64_t nanos) { return {.price_nanos = nanos}; }
Contender deal_bid(std::int64_t nanos, std::uint8_t at, std::int64_t floor) {
  return {.price_nanos = nanos, .deal = true, .deal_at = at, .deal_floor_nanos = floor};
}

TEST(Auction, FirstPricePaysTheBid) {
  const std::array bids{open_bid(3 * kCpm)};
  std::array<Verdict, 1> verdicts;
  EXPECT_EQ(clear_auction({.at = 1, .floor_nanos = kCpm, .rival_nanos = 2 * kCpm}, bids, verdicts), 0);
  EXPECT_EQ(verdicts[0].loss, Loss::won);
  EXPECT_EQ(verdicts[0].price_nanos, 3 * kCpm);
  EXPECT_EQ(verdicts[0].min_to_win_nanos, 2 * kCpm);
}

TEST(Auction, SecondPricePaysTheRivalOrTheFloor) {
  const std::array bids{open_bid(3 * kCpm)};
  std::array<Verdict, 1> verdicts;
  EXPECT_EQ(clear_auction({.at = 2, .floor_nanos = kCpm, .rival_nanos = 2'500'001}, bids, verdicts), 0);
  EXPECT_EQ(verdicts[0].price_nanos, 2'500'001);
  EXPECT_EQ(clear_auction({.at = 2, .floor_nanos = kCpm, .rival_nanos = 900'000}, bids, verdicts), 0);
  EXPECT_EQ(verdicts[0].price_nanos, kCpm) << "a rival below the floor does not count";
  EXPECT_EQ(verdicts[0].min_to_win_nanos, kCpm);
}

TEST(Auction, ABidBelowTheFloorLosesToIt) {
  const std::array bids{open_bid(kCpm - 1)};
  std::array<Verdict, 1> verdicts;
  EXPECT_EQ(clear_auction({.at = 1, .floor_nanos = kCpm}, bids, verdicts), -1);
  EXPECT_EQ(verdicts[0].loss, Loss::below_floor);
  EXPECT_EQ(verdicts[0].min_to_win_nanos, kCpm);
}

TEST(Auction, ALoserLearnsThePriceToTie) {
  const std::array bids{open_bid(2 * kCpm)};
  std::array<Verdict, 1> verdicts;
  EXPECT_EQ(clear_auction({.at = 1, .floor_nanos = kCpm, .rival_nanos = 2 * kCpm + 1}, bids, verdicts), -1);
  EXPECT_EQ(verdicts[0].loss, Loss::outbid);
  EXPECT_EQ(verdicts[0].min_to_win_nanos, 2 * kCpm + 1);
  EXPECT_EQ(verdicts[0].price_nanos, 0);
}

TEST(Auction, ATieIsOurs) {
  const std::array bids{open_bid(2 * kCpm)};
  std::array<Verdict, 1> verdicts;
  EXPECT_EQ(clear_auction({.at = 2, .floor_nanos = kCpm, .rival_nanos = 2 * kCpm}, bids, verdicts), 0);
  EXPECT_EQ(verdicts[0].price_nanos, 2 * kCpm);
}

TEST(Auction, TwoBidsOfOurSeatDoNotRaiseEachOther) {
  const std::array bids{open_bid(2 * kCpm), open_bid(3 * kCpm)};
  std::array<Verdict, 2> verdicts;
  EXPECT_EQ(clear_auction({.at = 2, .floor_nanos = kCpm}, bids, verdicts), 1);
  EXPECT_EQ(verdicts[1].price_nanos, kCpm);
  EXPECT_EQ(verdicts[0].loss, Loss::outbid);
  EXPECT_EQ(verdicts[0].min_to_win_nanos, 3 * kCpm);
}

TEST(Auction, ADealBeatsEveryOpenBid) {
  const std::array bids{open_bid(9 * kCpm), deal_bid(5 * kCpm, 1, 4 * kCpm)};
  std::array<Verdict, 2> verdicts;
  EXPECT_EQ(clear_auction({.at = 2, .floor_nanos = kCpm, .rival_nanos = 8 * kCpm}, bids, verdicts), 1);
  EXPECT_EQ(verdicts[1].price_nanos, 5 * kCpm);
  EXPECT_EQ(verdicts[0].loss, Loss::lost_to_deal);
}

TEST(Auction, FixedAndSecondPriceDealsPayTheirFloor) {
  for (const std::uint8_t at : {std::uint8_t{2}, std::uint8_t{3}}) {
    const std::array bids{deal_bid(5 * kCpm, at, 4 * kCpm)};
    std::array<Verdict, 1> verdicts;
    EXPECT_EQ(clear_auction({.at = 1, .floor_nanos = kCpm, .rival_nanos = 8 * kCpm}, bids, verdicts), 0);
    EXPECT_EQ(verdicts[0].price_nanos, 4 * kCpm);
  }
}

TEST(Auction, ADealBelowItsFloorLeavesTheOpenBidIn) {
  const std::array bids{open_bid(3 * kCpm), deal_bid(3 * kCpm, 1, 4 * kCpm)};
  std::array<Verdict, 2> verdicts;
  EXPECT_EQ(clear_auction({.at = 1, .floor_nanos = kCpm}, bids, verdicts), 0);
  EXPECT_EQ(verdicts[1].loss, Loss::below_deal_floor);
  EXPECT_EQ(verdicts[1].min_to_win_nanos, 4 * kCpm);
}

TEST(Auction, APrivateAuctionLetsNoOpenBidIn) {
  const std::array bids{open_bid(9 * kCpm)};
  std::array<Verdict, 1> verdicts;
  EXPECT_EQ(clear_auction({.at = 1, .floor_nanos = kCpm, .private_auction = true}, bids, verdicts), -1);
  EXPECT_EQ(verdicts[0].loss, Loss::invalid_deal);
}

TEST(Auction, AFaultyBidIsOutWithItsReason) {
  std::array bids{open_bid(9 * kCpm), open_bid(2 * kCpm)};
  bids[0].fault = Loss::wrong_size;
  std::array<Verdict, 2> verdicts;
  EXPECT_EQ(clear_auction({.at = 1, .floor_nanos = kCpm}, bids, verdicts), 1);
  EXPECT_EQ(verdicts[0].loss, Loss::wrong_size);
}

}  // namespace
}  // namespace bandstand::simulation
