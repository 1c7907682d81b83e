// ledger_table_test: the whole table of states and events (reliability reference 3.3), all orders, every edge
// of a price.
#include <algorithm>
#include <map>

#include "ledger/ledger_fixture.h"

namespace bandstand::ledger {
namespace {

/// Brings bid 1 into a state.
class LedgerTable : public LedgerTest {
 protected:
  void reach(BidState state) {
    start();
    refunds_ = 0;
    open(10'000, 1000);
    if (state == BidState::won) win(1);
    if (state == BidState::settled) bill(1);
    if (state == BidState::lost) loss(1);
    if (state == BidState::voided) {
      bill(1);
      refund(1);
    }
    ASSERT_EQ(state_of(1), state);
  }
  struct Cell {
    Outcome outcome;
    BidState then;
    std::int64_t charged;
    std::int64_t owed;
    std::uint64_t conflicts;
  };
  void expect(BidState from, const char* event, const Answer& answer, const Cell& cell) {
    SCOPED_TRACE(std::string(name_of(from)) + " + " + event);
    EXPECT_STREQ(name_of(answer.outcome), name_of(cell.outcome));
    EXPECT_STREQ(name_of(state_of(1)), name_of(cell.then));
    EXPECT_EQ(book().charged().value, cell.charged);
    EXPECT_EQ(ledger_->payable(kExchange).value, cell.owed);
    EXPECT_EQ(book().counts.conflicts, cell.conflicts);
    EXPECT_EQ(rebuild().state_hash(), ledger_->state_hash());
  }
};

TEST_F(LedgerTable, AnswersEveryEventInEveryState) {
  using enum BidState;
  const std::map<BidState, Cell> on_win = {{none, {Outcome::won, won, 0, 0, 0}},
                                           {won, {Outcome::duplicate, won, 0, 0, 0}},
                                           {settled, {Outcome::order, settled, 60, 60, 0}},
                                           {lost, {Outcome::won, won, 0, 0, 0}},
                                           {voided, {Outcome::conflict, voided, 0, 60, 1}}};
  const std::map<BidState, Cell> on_bill = {{none, {Outcome::settled, settled, 60, 60, 0}},
                                            {won, {Outcome::settled, settled, 60, 60, 0}},
                                            {settled, {Outcome::duplicate, settled, 60, 60, 0}},
                                            {lost, {Outcome::settled, settled, 60, 60, 0}},
                                            {voided, {Outcome::conflict, voided, 0, 60, 1}}};
  const std::map<BidState, Cell> on_other_price = {{none, {Outcome::settled, settled, 61, 61, 0}},
                                                   {won, {Outcome::settled, settled, 61, 61, 0}},
                                                   {settled, {Outcome::conflict, settled, 60, 60, 1}},
                                                   {lost, {Outcome::settled, settled, 61, 61, 0}},
                                                   {voided, {Outcome::conflict, voided, 0, 60, 1}}};
  const std::map<BidState, Cell> on_loss = {{none, {Outcome::lost, lost, 0, 0, 0}},
                                            {won, {Outcome::conflict, won, 0, 0, 1}},
                                            {settled, {Outcome::conflict, settled, 60, 60, 1}},
                                            {lost, {Outcome::duplicate, lost, 0, 0, 0}},
                                            {voided, {Outcome::ignored, voided, 0, 60, 0}}};
  const std::map<BidState, Cell> on_refund = {{none, {Outcome::not_found, none, 0, 0, 0}},
                                              {won, {Outcome::refunded, voided, 0, 0, 0}},
                                              {settled, {Outcome::refunded, voided, 0, 60, 0}},
                                              {lost, {Outcome::rejected, lost, 0, 0, 0}},
                                              {voided, {Outcome::duplicate, voided, 0, 60, 0}}};
  for (const BidState from : {none, won, settled, lost, voided}) {
    reach(from);
    const Answer won_answer = win(1);
    expect(from, "win", won_answer, on_win.at(from));
    EXPECT_EQ(won_answer.after_loss, from == lost);
    reach(from);
    const Answer billed = bill(1);
    expect(from, "bill", billed, on_bill.at(from));
    EXPECT_EQ(billed.after_loss, from == lost);
    reach(from);
    expect(from, "bill at another price", bill(1, 61), on_other_price.at(from));
    reach(from);
    expect(from, "loss", loss(1), on_loss.at(from));
    reach(from);
    expect(from, "refund", refund(1), on_refund.at(from));
    reach(from);
    pass(130s);
    EXPECT_EQ(state_of(1), from);
    EXPECT_EQ(of(Account::lease), from == won ? 60 : 0);
  }
}

TEST_F(LedgerTable, RecordsOneConflictABidSoThatAStrangerCannotFillTheDisk) {
  reach(BidState::settled);
  bill(1, 61);
  const std::uint64_t records = ledger_->sequence();
  for (int price = 62; price < 100; ++price) EXPECT_EQ(bill(1, price).outcome, Outcome::conflict);
  EXPECT_EQ(loss(1).outcome, Outcome::conflict);
  EXPECT_EQ(ledger_->sequence(), records);
  EXPECT_EQ(book().counts.conflicts, 1u);
}

TEST_F(LedgerTable, OwesTheExchangeForABillThatComesAfterItsWinWasVoided) {
  reach(BidState::won);
  refund(1);
  EXPECT_EQ(of(Account::lease), 1000);
  EXPECT_EQ(win(1).outcome, Outcome::conflict);
  EXPECT_EQ(bill(1).outcome, Outcome::conflict);
  EXPECT_EQ(bill(1).outcome, Outcome::conflict);
  EXPECT_EQ(book().charged(), Nanos{});
  EXPECT_EQ(of(Account::house_loss), 60);
  EXPECT_EQ(ledger_->payable(kExchange), Nanos{60});
  EXPECT_EQ(book().counts.conflicts, 2u);
}

TEST_F(LedgerTable, RefundsWhatWasChargedLateAndFreesAHoldThatOutlivedItsLease) {
  reach(BidState::none);
  const Command late = notice_of(CommandKind::bill, 1, 60);
  win(2, 50);
  pass(130s);
  run(late);
  EXPECT_EQ(of(Account::late), 60);
  EXPECT_EQ(refund(1).outcome, Outcome::refunded);
  EXPECT_EQ(of(Account::late), 0);
  EXPECT_EQ(of(Account::refund), 60);
  EXPECT_EQ(of(Account::house_loss), 60);  // the exchange is owed all the same
  EXPECT_EQ(refund(2).outcome, Outcome::refunded);
  EXPECT_EQ(of(Account::lease), 0);
  EXPECT_EQ(of(Account::available), 10'000 - 60);
}

TEST_F(LedgerTable, RefundsOncePerKeyAndOncePerBid) {
  reach(BidState::settled);
  bill(2);
  EXPECT_EQ(refund(1, 50).outcome, Outcome::refunded);
  EXPECT_EQ(refund(1, 50).outcome, Outcome::duplicate);
  EXPECT_EQ(refund(2, 50).outcome, Outcome::key_conflict);
  EXPECT_EQ(refund(1, 51).outcome, Outcome::duplicate);
  EXPECT_EQ(of(Account::refund), 60);
}

TEST_F(LedgerTable, EndsTheSameInEveryOrderOfWinBillLossReclaimAndDuplicates) {
  std::vector<std::string> events = {"bill", "bill", "loss", "reclaim", "win", "win"};
  int orders = 0;
  do {
    reach(BidState::none);
    const Now bid_at = now_;
    bool reclaimed = false;
    bool in_lease = false;
    bool billed = false;
    for (const std::string& event : events) {
      Command command = notice_of(event == "win"    ? CommandKind::win
                                  : event == "bill" ? CommandKind::bill
                                                    : CommandKind::loss,
                                  1, 60);
      command.bid_time = bid_at.wall;
      if (event == "reclaim") {
        pass(130s);
        reclaimed = true;
      } else {
        run(command);
        if (event == "win" && !billed && !reclaimed) in_lease = true;  // its hold outlives the lease
        if (event == "bill" && !billed) {
          billed = true;
          in_lease |= !reclaimed;
        }
      }
    }
    SCOPED_TRACE(events[0] + events[1] + events[2] + events[3] + events[4] + events[5]);
    ASSERT_EQ(state_of(1), BidState::settled);
    ASSERT_EQ(book().charged(), Nanos{60});
    ASSERT_EQ(of(in_lease ? Account::spent : Account::late), 60);
    ASSERT_EQ(of(Account::available), 10'000 - 60);
    ASSERT_EQ(of(Account::lease), 0);
    ASSERT_EQ(book().counts.settled, 1u);
    ASSERT_EQ(ledger_->payable(kExchange), Nanos{60});
    ASSERT_EQ(ledger_->open_leases(), 0u);
    ASSERT_EQ(rebuild().state_hash(), ledger_->state_hash());
    ++orders;
  } while (std::next_permutation(events.begin(), events.end()));
  EXPECT_EQ(orders, 180);
}

TEST_F(LedgerTable, ClampsEveryPriceToItsSignedMaximum) {
  struct Edge {
    std::int64_t price;
    std::int64_t max;
    std::int64_t counts;
    bool alarm;
  };
  for (const Edge edge : {Edge{0, 100, 0, false}, Edge{1, 100, 1, false}, Edge{99, 100, 99, false},
                          Edge{100, 100, 100, false}, Edge{101, 100, 100, true},
                          Edge{INT64_MAX, 100, 100, true}, Edge{0, 0, 0, false}, Edge{1, 0, 0, true}}) {
    SCOPED_TRACE(edge.price);
    reach(BidState::none);
    const Answer won = run(notice_of(CommandKind::win, 1, edge.price, edge.max));
    EXPECT_EQ(won.amount, Nanos{edge.counts});
    EXPECT_EQ(won.clamped, edge.alarm);
    const Answer billed = run(notice_of(CommandKind::bill, 1, edge.price, edge.max));
    EXPECT_EQ(billed.outcome, Outcome::settled);
    EXPECT_EQ(billed.amount, Nanos{edge.counts});
    EXPECT_EQ(billed.clamped, edge.alarm);
    EXPECT_EQ(book().charged(), Nanos{edge.counts});
    EXPECT_EQ(book().counts.clamped, edge.alarm ? 2u : 0u);
    // Two prices above the maximum are one price.
    if (edge.alarm && edge.price < INT64_MAX) {
      EXPECT_EQ(run(notice_of(CommandKind::bill, 1, edge.price + 1, edge.max)).outcome, Outcome::duplicate);
    }
  }
}

TEST_F(LedgerTable, RefusesWhatCannotBeANoticeOfOurs) {
  reach(BidState::none);
  const Command good = notice_of(CommandKind::bill, 1, 60);
  const auto outcome_with = [&](auto change) {
    Command command = good;
    change(command);
    return run(command).outcome;
  };
  EXPECT_EQ(outcome_with([](Command& c) { c.price = {-1}; }), Outcome::invalid);
  EXPECT_EQ(outcome_with([](Command& c) { c.price_max = {-1}; }), Outcome::invalid);
  EXPECT_EQ(outcome_with([](Command& c) { c.bid = {}; }), Outcome::invalid);
  EXPECT_EQ(outcome_with([](Command& c) { c.bid_time = {}; }), Outcome::invalid);
  EXPECT_EQ(outcome_with([](Command& c) { c.campaign = {99}; }), Outcome::unknown_campaign);
  EXPECT_EQ(outcome_with([](Command& c) { c.lease = {}; }), Outcome::unknown_lease);
  EXPECT_EQ(outcome_with([](Command& c) { c.lease.value += 1; }), Outcome::unknown_lease);
  EXPECT_EQ(outcome_with([](Command& c) { c.lease.value += std::uint64_t{1} << 40; }),
            Outcome::unknown_lease);
  EXPECT_EQ(outcome_with([](Command& c) { c.test_traffic = true; }), Outcome::ignored);
  EXPECT_EQ(state_of(1), BidState::none);
  EXPECT_EQ(of(Account::spent), 0);
  ASSERT_EQ(run(good).outcome, Outcome::settled);
  const base::LeaseId other = grant(10).lease;
  EXPECT_EQ(outcome_with([&](Command& c) { c.lease = other; }), Outcome::invalid);
  Command fund_other = make(CommandKind::fund);
  fund_other.campaign = {8};
  fund_other.amount = {5};
  fund_other.key = {8, 8};
  run(fund_other);
  EXPECT_EQ(outcome_with([](Command& c) { c.campaign = {8}; }), Outcome::invalid);
  EXPECT_TRUE(is_refusal(Outcome::unknown_lease));
  EXPECT_FALSE(is_refusal(Outcome::conflict));
}

TEST_F(LedgerTable, StandsUpToAWinAfterALossThatFreedItsMoney) {
  start();
  open(10'000, 100);
  EXPECT_EQ(loss(1).outcome, Outcome::lost);
  EXPECT_EQ(bill(2, 90).paid_from, PaidFrom::lease);  // the node used the money again
  const Answer answer = bill(1, 90);
  EXPECT_TRUE(answer.after_loss);
  EXPECT_EQ(answer.paid_from, PaidFrom::late);
  EXPECT_EQ(book().counts.after_loss, 1u);
  EXPECT_EQ(book().charged(), Nanos{180});
}

}  // namespace
}  // namespace bandstand::ledger
