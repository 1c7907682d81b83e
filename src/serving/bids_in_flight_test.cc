// bids_in_flight_test: a bid counts until it is lost or its time is over, and a win counts once.
#include "serving/bids_in_flight.h"

#include <gtest/gtest.h>

namespace bandstand::serving {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

class InFlight : public testing::Test {
 protected:
  InFlight() : users_(64), bids_(users_, std::chrono::seconds(10)) {
    catalogue_.advertisers.emplace_back();
    catalogue_.campaigns.emplace_back();
    item_.caps.push_back({.level = domain::FrequencyCap::Level::line_item, .impressions = 2, .window_s = 86'400});
    item_.id = {5};
  }
  domain::BidFacts bid(std::uint64_t n) {
    domain::BidFacts facts;
    facts.bid = {1, n << 8 | 1};
    facts.user = {77};
    facts.at_time = now_;
    return facts;
  }
  void win(const domain::BidFacts& facts) {
    users_.update(facts.user, domain::profile_seconds(now_), [&](domain::UserState& state) {
      bids_.won(facts, catalogue_, item_, domain::profile_seconds(now_), state);
    });
  }
  std::uint32_t seen() {
    domain::UserState state;
    if (!users_.find({77}, state)) return 0;
    return domain::frequency_count(state, domain::frequency_key(item_.caps[0], catalogue_, item_), 86'400,
                                   domain::profile_seconds(now_));
  }

  agents::profile::UserTable users_;
  BidsInFlight bids_;
  domain::Catalogue catalogue_;
  domain::LineItem item_;
  base::WallTime now_{1'764'028'800 * kSecond};
};

TEST_F(InFlight, SeveralBidsBeforeTheFirstWinStopAtTheCap) {
  for (std::uint64_t n = 1; n <= 2; ++n) bids_.left(bid(n), catalogue_, item_);
  EXPECT_EQ(seen(), 2u) << "a third bid would find the cap reached";
  win(bid(1));
  win(bid(2));
  EXPECT_EQ(seen(), 2u) << "a win counts once";
  EXPECT_EQ(bids_.size(), 0u);
}

TEST_F(InFlight, ALostBidGivesItsPlaceBack) {
  bids_.left(bid(1), catalogue_, item_);
  bids_.left(bid(2), catalogue_, item_);
  bids_.lost(bid(1).bid, now_);
  bids_.lost(bid(1).bid, now_);
  EXPECT_EQ(seen(), 1u);
}

TEST_F(InFlight, SilenceGivesItBackTooAndALateWinCountsAgain) {
  const auto facts = bid(1);
  bids_.left(facts, catalogue_, item_);
  now_.ns += 9 * kSecond;
  bids_.tick(now_);
  EXPECT_EQ(seen(), 1u);
  now_.ns += 2 * kSecond;
  bids_.tick(now_);
  EXPECT_EQ(seen(), 0u);
  win(facts);
  EXPECT_EQ(seen(), 1u);
}

TEST_F(InFlight, UnknownUsersAndItemsWithoutCapsAreLeftAlone) {
  auto nobody = bid(1);
  nobody.user = {};
  bids_.left(nobody, catalogue_, item_);
  item_.caps.clear();
  bids_.left(bid(2), catalogue_, item_);
  EXPECT_EQ(bids_.size(), 0u);
  EXPECT_EQ(users_.size(), 0u);
}

}  // namespace
}  // namespace bandstand::serving
