// wallet_test: no lease no spend, leases end by the node's own clock, money comes back once.
#include "ledger/wallet.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace bandstand::ledger {
namespace {

using base::Code;
using base::MonoTime;
using base::Nanos;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""ns;
using std::chrono_literals::operator""s;

constexpr base::CampaignId kCampaign{7};
constexpr BudgetDay kToday{20'000};
constexpr MonoTime kStart{5'000'000'000};

class WalletTest : public testing::Test {
 protected:
  WalletTest() { options_.node = {3}; }

  Wallet& wallet() {
    if (!wallet_) wallet_ = std::make_unique<Wallet>(options_);
    return *wallet_;
  }
  /// Asks, and grants `amount` for `duration`.
  base::LeaseId lend(std::int64_t amount, base::Duration duration = 10s) {
    const Command asked = ask().at(0);
    Answer answer;
    answer.kind = CommandKind::grant_lease;
    answer.outcome = Outcome::granted;
    answer.campaign = asked.campaign;
    answer.day = asked.day;
    answer.lease = {next_lease_++};
    answer.amount = {amount};
    answer.duration = duration;
    answer.request = asked.request;
    last_ = answer;
    EXPECT_TRUE(wallet().accept(answer, now_));
    return answer.lease;
  }
  /// Asks, and is told that there is no money.
  Answer refuse() {
    Answer answer;
    answer.kind = CommandKind::grant_lease;
    answer.outcome = Outcome::no_funds;
    answer.campaign = kCampaign;
    answer.request = ask().at(0).request;
    EXPECT_FALSE(wallet().accept(answer, now_));
    return answer;
  }
  std::vector<Command> ask() {
    std::vector<Command> out;
    wallet().wants(now_, out);
    return out;
  }
  std::vector<Command> returned() {
    std::vector<Command> out;
    wallet().returns(out);
    return out;
  }
  auto reserve(std::uint64_t bid, std::int64_t price, base::Duration lives = 60s) {
    return wallet().reserve(kCampaign, {1, bid}, {price}, now_, now_ + lives);
  }
  void pass(base::Duration time) {
    now_ = now_ + time;
    wallet().tick(now_);
  }

  WalletOptions options_;
  std::unique_ptr<Wallet> wallet_;
  MonoTime now_ = kStart;
  std::uint64_t next_lease_ = 1;
  Answer last_;
};

TEST_F(WalletTest, SpendsNothingWithoutALease) {
  EXPECT_EQ(reserve(1, 5).error().code, Code::not_found);
  wallet().enroll(kCampaign, {100}, kToday);
  EXPECT_EQ(reserve(1, 5).error().code, Code::exhausted);
  EXPECT_EQ(wallet().available(kCampaign), Nanos{});
  EXPECT_EQ(wallet().available({99}), Nanos{});
  EXPECT_EQ(wallet().view({99}).leases, 0u);
}

TEST_F(WalletTest, ReservesUpToTheLeaseAndNotANanoMore) {
  wallet().enroll(kCampaign, {100}, kToday);
  const base::LeaseId lease = lend(1000);
  EXPECT_EQ(wallet().available(kCampaign), Nanos{1000});
  const auto first = reserve(1, 600);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->lease, lease);
  EXPECT_EQ(first->day, kToday);
  EXPECT_EQ(reserve(2, 401).error().code, Code::exhausted);
  EXPECT_TRUE(reserve(2, 400).has_value());
  EXPECT_EQ(reserve(3, 1).error().code, Code::exhausted);
  EXPECT_TRUE(reserve(3, 0).has_value());
  const WalletView view = wallet().view(kCampaign);
  EXPECT_EQ(view.free, Nanos{});
  EXPECT_EQ(view.reserved, Nanos{1000});
  EXPECT_EQ(view.leases, 1u);
  EXPECT_EQ(view.ends, kStart + 9800ms);
}

TEST_F(WalletTest, RefusesASecondReservationOfOneBid) {
  wallet().enroll(kCampaign, {100}, kToday);
  lend(1000);
  EXPECT_TRUE(reserve(1, 100).has_value());
  EXPECT_EQ(reserve(1, 100).error().code, Code::conflict);
  EXPECT_EQ(wallet().available(kCampaign), Nanos{900});
}

TEST_F(WalletTest, TakesMoneyBackOnceForALossAndForACheaperBill) {
  wallet().enroll(kCampaign, {500}, kToday);
  lend(1000);
  ASSERT_TRUE(reserve(1, 300).has_value());
  ASSERT_TRUE(reserve(2, 400).has_value());
  EXPECT_TRUE(wallet().release({1, 1}));
  EXPECT_FALSE(wallet().release({1, 1}));
  EXPECT_EQ(wallet().available(kCampaign), Nanos{600});
  wallet().settle({1, 2}, {150});
  wallet().settle({1, 2}, {150});
  EXPECT_EQ(wallet().available(kCampaign), Nanos{850});
  EXPECT_EQ(wallet().view(kCampaign).spent, Nanos{150});
  EXPECT_EQ(wallet().reservations(), 0u);
  ASSERT_TRUE(reserve(3, 100).has_value());
  wallet().settle({1, 3}, {5000});  // never more than was set aside
  EXPECT_EQ(wallet().view(kCampaign).spent, Nanos{250});
}

TEST_F(WalletTest, KeepsTheMoneyOfAWinAgainstALossNotice) {
  wallet().enroll(kCampaign, {500}, kToday);
  lend(1000);
  ASSERT_TRUE(reserve(1, 300).has_value());
  wallet().won({1, 1});
  wallet().won({1, 77});
  EXPECT_FALSE(wallet().release({1, 1}));
  EXPECT_EQ(wallet().available(kCampaign), Nanos{700});
}

TEST_F(WalletTest, StopsAtTheTimeOfAskingPlusTheTermLessTwiceTheDrift) {
  wallet().enroll(kCampaign, {10}, kToday);
  lend(1000, 10s);
  now_ = kStart + (9800ms - 1ns);
  EXPECT_TRUE(reserve(1, 10).has_value());
  now_ = kStart + 9800ms;
  EXPECT_EQ(reserve(2, 10).error().code, Code::exhausted);  // even before tick() has seen it
  pass(0s);
  EXPECT_EQ(wallet().available(kCampaign), Nanos{});
  const auto back = returned();
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0].kind, CommandKind::return_lease);
  EXPECT_EQ(back[0].amount, Nanos{990});
}

TEST_F(WalletTest, CountsTheTermFromItsOwnAskingHoweverLateTheAnswer) {
  options_.request_timeout = 60s;
  wallet().enroll(kCampaign, {10}, kToday);
  const Command asked = ask().at(0);
  Answer answer;
  answer.kind = CommandKind::grant_lease;
  answer.outcome = Outcome::granted;
  answer.campaign = kCampaign;
  answer.day = kToday;
  answer.lease = {1};
  answer.amount = {1000};
  answer.duration = 10s;
  answer.request = asked.request;
  pass(9s);
  EXPECT_TRUE(wallet().accept(answer, now_));
  pass(800ms);
  EXPECT_EQ(wallet().available(kCampaign), Nanos{});

  const Command again = ask().at(0);
  answer.lease = {2};
  answer.request = again.request;
  pass(9800ms);
  EXPECT_FALSE(wallet().accept(answer, now_));  // ended before it came
}

TEST_F(WalletTest, TakesAnAnswerOnceAndOnlyTheOneItWaitsFor) {
  wallet().enroll(kCampaign, {10}, kToday);
  lend(100);
  EXPECT_FALSE(wallet().accept(last_, now_));
  EXPECT_EQ(wallet().available(kCampaign), Nanos{100});
  Answer stranger = last_;
  stranger.campaign = {8};
  EXPECT_FALSE(wallet().accept(stranger, now_));
  pass(9s);
  const Command asked = ask().at(0);
  Answer same_lease = last_;
  same_lease.request = asked.request;
  EXPECT_FALSE(wallet().accept(same_lease, now_));
  EXPECT_EQ(wallet().available(kCampaign), Nanos{100});
}

TEST_F(WalletTest, EndsLeasesOfYesterdayAndTakesNone) {
  wallet().enroll(kCampaign, {10}, kToday);
  lend(100);
  ASSERT_TRUE(reserve(1, 30).has_value());
  pass(9s);
  const Command asked = ask().at(0);
  wallet().enroll(kCampaign, {10}, {kToday.value + 1});
  EXPECT_EQ(wallet().available(kCampaign), Nanos{});
  EXPECT_EQ(returned().at(0).amount, Nanos{70});
  Answer answer = last_;
  answer.request = asked.request;
  answer.lease = {50};
  EXPECT_FALSE(wallet().accept(answer, now_));
  wallet().release({1, 1});
  EXPECT_EQ(returned().at(0).amount, Nanos{100});  // a running total
  EXPECT_TRUE(returned().empty());
}

TEST_F(WalletTest, AsksForTwoSecondsOfItsRateAndAtLeastTenBids) {
  options_.bids_min = 10;
  wallet().enroll(kCampaign, {100}, kToday);
  wallet().tick(now_);
  const auto first = ask();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].kind, CommandKind::grant_lease);
  EXPECT_EQ(first[0].node, base::NodeId{3});
  EXPECT_EQ(first[0].day, kToday);
  EXPECT_EQ(first[0].amount, Nanos{1000});
  EXPECT_EQ(first[0].price_max, Nanos{100});
  EXPECT_TRUE(ask().empty());  // one is under way
  pass(1s);
  EXPECT_TRUE(ask().empty());  // nobody has asked about the campaign since
  (void)wallet().available(kCampaign);
  lend(50'000);
  for (std::uint64_t i = 0; i < 400; ++i) ASSERT_TRUE(reserve(i + 1, 100).has_value());
  pass(1s);
  const auto next = ask();
  ASSERT_EQ(next.size(), 1u);
  EXPECT_EQ(next[0].amount, Nanos{80'000});
  EXPECT_NE(next[0].request, first[0].request);
}

TEST_F(WalletTest, GivesABurstItsMoneyAfterAFewRoundTrips) {
  options_.bids_min = 10;
  wallet().enroll(kCampaign, {100}, kToday);
  std::uint64_t refused = 0;
  std::uint64_t refused_late = 0;
  Command asked;  // answered one tick after it was sent
  for (std::uint64_t tick = 0; tick < 100; ++tick) {
    pass(20ms);
    if (asked.request != 0) {
      Answer answer = last_;
      answer.kind = CommandKind::grant_lease;
      answer.outcome = Outcome::granted;
      answer.campaign = kCampaign;
      answer.day = kToday;
      answer.lease = {next_lease_++};
      answer.amount = asked.amount;
      answer.duration = 10s;
      answer.request = asked.request;
      EXPECT_TRUE(wallet().accept(answer, now_));
      asked = {};
    }
    for (std::uint64_t i = 0; i < 40; ++i) {  // 2,000 bids a second out of the blue
      const bool paid = reserve(tick * 40 + i + 1, 100).has_value();
      refused += paid ? 0 : 1;
      refused_late += !paid && tick >= 8 ? 1 : 0;
    }
    const auto wants = ask();
    if (!wants.empty()) asked = wants[0];
  }
  EXPECT_EQ(refused_late, 0u);
  EXPECT_LT(refused, 200u);
}

TEST_F(WalletTest, WaitsAfterARefusal) {
  wallet().enroll(kCampaign, {100}, kToday);
  refuse();
  pass(999ms);
  EXPECT_TRUE(ask().empty());
  pass(1ms);
  EXPECT_EQ(ask().size(), 1u);
}

TEST_F(WalletTest, TakesLessThanTheLargestBidWhenThatIsAllThereIs) {
  wallet().enroll(kCampaign, {160}, kToday);
  Answer answer = refuse();
  pass(1s);
  const Command modest = ask().at(0);
  EXPECT_EQ(modest.price_max, Nanos{10});
  answer.outcome = Outcome::granted;
  answer.day = kToday;
  answer.lease = {next_lease_++};
  answer.amount = {90};
  answer.duration = 10s;
  answer.request = modest.request;
  EXPECT_TRUE(wallet().accept(answer, now_));
  EXPECT_FALSE(reserve(1, 160).has_value());
  EXPECT_TRUE(reserve(2, 90).has_value());
  pass(20ms);
  EXPECT_TRUE(ask().empty()) << "no hurry";
}

TEST_F(WalletTest, DoesNotTakeAnAnswerToItsFormerLife) {
  wallet().enroll(kCampaign, {100}, kToday);
  Answer answer;
  answer.kind = CommandKind::grant_lease;
  answer.outcome = Outcome::granted;
  answer.campaign = kCampaign;
  answer.day = kToday;
  answer.lease = {9};
  answer.amount = {1000};
  answer.duration = 10s;
  answer.request = ask().at(0).request;
  options_.incarnation = 2;
  wallet_ = nullptr;
  wallet().enroll(kCampaign, {100}, kToday);
  ask();
  EXPECT_FALSE(wallet().accept(answer, now_));
}

TEST_F(WalletTest, StrandsAnExpiredReservationUnlessToldToReuseIt) {
  for (const bool reuse : {false, true}) {
    options_.reuse_after_expiry = reuse;
    wallet_ = nullptr;
    now_ = kStart;
    wallet().enroll(kCampaign, {100}, kToday);
    lend(1000, 100s);
    ASSERT_TRUE(reserve(1, 300, 5s).has_value());
    ASSERT_TRUE(reserve(2, 300, 5s).has_value());
    wallet().won({1, 2});
    pass(4s);
    EXPECT_EQ(wallet().available(kCampaign), Nanos{400});
    pass(3s);
    EXPECT_EQ(wallet().available(kCampaign), Nanos{reuse ? 700 : 400});
    EXPECT_EQ(wallet().reservations(), 0u);
    EXPECT_FALSE(wallet().release({1, 1}));
    EXPECT_EQ(wallet().available(kCampaign), Nanos{reuse ? 700 : 400});
    pass(5000s);  // longer than the wheel
    EXPECT_EQ(wallet().view(kCampaign).leases, 0u);
  }
}

TEST_F(WalletTest, ReservesOnWhenItCanRememberNoMoreBids) {
  options_.reservations_max = 2;
  wallet().enroll(kCampaign, {100}, kToday);
  lend(1000);
  for (std::uint64_t i = 1; i <= 4; ++i) EXPECT_TRUE(reserve(i, 100).has_value());
  EXPECT_EQ(wallet().untracked(), 2u);
  EXPECT_FALSE(wallet().release({1, 3}));
  EXPECT_EQ(wallet().available(kCampaign), Nanos{600});
}

TEST_F(WalletTest, HoldsFourLeasesAndGivesUpTheEmptiestForAFifth) {
  options_.bids_min = 1000;  // always hungry
  wallet().enroll(kCampaign, {10}, kToday);
  for (int i = 1; i <= 4; ++i) {
    lend(100 * i);
    (void)wallet().available(kCampaign);
  }
  EXPECT_EQ(wallet().view(kCampaign).leases, 4u);
  lend(500);
  EXPECT_EQ(wallet().view(kCampaign).leases, 4u);
  EXPECT_EQ(wallet().available(kCampaign), Nanos{1400});
  EXPECT_EQ(returned().at(0).amount, Nanos{100});
}

TEST_F(WalletTest, GivesEverythingBackWhenACampaignIsWithdrawn) {
  wallet().enroll(kCampaign, {10}, kToday);
  lend(100);
  wallet().withdraw({99});
  wallet().withdraw(kCampaign);
  EXPECT_EQ(returned().at(0).amount, Nanos{100});
  pass(2s);
  EXPECT_TRUE(ask().empty());
}

TEST_F(WalletTest, NeverPromisesMoreThanItWasLentWhateverHappens) {
  base::Rng rng(5);
  options_.reservations_max = 256;
  options_.reuse_after_expiry = true;
  options_.bids_min = 30;
  wallet().enroll(kCampaign, {100}, kToday);
  std::int64_t lent = 0;
  std::int64_t given_back = 0;
  std::vector<std::int64_t> total(100'000);
  std::uint64_t bid = 0;
  for (int step = 0; step < 60'000; ++step) {
    switch (rng.below(8)) {
      case 0: {
        (void)wallet().available(kCampaign);
        const auto asked = ask();
        if (asked.empty()) break;
        Answer answer = last_;
        answer.kind = CommandKind::grant_lease;
        answer.outcome = Outcome::granted;
        answer.campaign = kCampaign;
        answer.day = kToday;
        answer.duration = 10s;
        answer.lease = {next_lease_++};
        answer.amount = asked[0].amount;
        answer.request = asked[0].request;
        if (wallet().accept(answer, now_)) lent += answer.amount.value;
        break;
      }
      case 1:
        wallet().release({1, 1 + rng.below(bid + 1)});
        break;
      case 2:
        wallet().settle({1, 1 + rng.below(bid + 1)}, {static_cast<std::int64_t>(rng.below(120))});
        break;
      case 3:
        wallet().won({1, 1 + rng.below(bid + 1)});
        break;
      case 4:
        pass(base::Duration(static_cast<std::int64_t>(rng.below(200'000'000))));
        break;
      default:
        (void)reserve(++bid, static_cast<std::int64_t>(rng.below(100)), std::chrono::seconds(rng.below(9)));
    }
    for (const Command& command : returned()) {
      given_back += command.amount.value - total[command.lease.value];
      ASSERT_GE(command.amount.value, total[command.lease.value]);
      total[command.lease.value] = command.amount.value;
    }
    const WalletView view = wallet().view(kCampaign);
    ASSERT_GE(view.free.value, 0);
    ASSERT_LE(view.free.value + view.reserved.value + view.spent.value + given_back, lent);
  }
  EXPECT_GT(wallet().view(kCampaign).spent.value, 0);
}

}  // namespace
}  // namespace bandstand::ledger
