// ledger_fixture: a small world for the ledger's tests; included by tests only.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "ledger/ledger.h"

namespace bandstand::ledger {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ns;
using std::chrono_literals::operator""s;
using base::Nanos;

inline constexpr base::CampaignId kCampaign{7};
inline constexpr base::NodeId kNode{2};
inline constexpr BudgetDay kDay{20'000};
inline constexpr ExchangeId kExchange{4};

/// Campaign 7 with a million, and shorthands for every command. Audited after each.
class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    options_.lease_duration = 10s;
    options_.lease_jitter_percent = 0;
    options_.reclaim_after_lease = 120s;
    options_.hold_won = 600s;
    start();
  }
  void start() {
    ledger_ = std::make_unique<Ledger>(options_);
    ledger_->begin(1, now_);
  }

  Answer run(const Command& command) {
    const Answer answer = ledger_->execute(command, now_);
    EXPECT_EQ(ledger_->audit(), nullptr);
    return answer;
  }
  Command make(CommandKind kind) const {
    Command command;
    command.kind = kind;
    command.campaign = kCampaign;
    command.node = kNode;
    command.day = kDay;
    command.exchange = kExchange;
    return command;
  }
  Answer fund(std::int64_t amount, std::uint64_t key = 1) {
    Command command = make(CommandKind::fund);
    command.amount = {amount};
    command.key = {1, key};
    return run(command);
  }
  Answer budget(std::int64_t lifetime, std::int64_t daily, std::uint64_t key) {
    Command command = make(CommandKind::set_budget);
    command.amount = {lifetime};
    command.price_max = {daily};
    command.key = {2, key};
    return run(command);
  }
  Answer grant(std::int64_t amount, std::int64_t bid_max = 1, BudgetDay day = kDay) {
    Command command = make(CommandKind::grant_lease);
    command.amount = {amount};
    command.price_max = {bid_max};
    command.request = ++request_;
    command.day = day;
    return run(command);
  }
  Answer give_back(base::LeaseId lease, std::int64_t total) {
    Command command = make(CommandKind::return_lease);
    command.lease = lease;
    command.amount = {total};
    return run(command);
  }
  Command notice_of(CommandKind kind, std::uint64_t bid, std::int64_t price,
                    std::int64_t price_max = 100) const {
    Command command = make(kind);
    command.bid = {1, bid};
    command.lease = lease_;
    command.price = {price};
    command.price_max = {price_max};
    command.bid_time = now_.wall;
    return command;
  }
  Answer win(std::uint64_t bid, std::int64_t price = 60) {
    return run(notice_of(CommandKind::win, bid, price));
  }
  Answer bill(std::uint64_t bid, std::int64_t price = 60) {
    return run(notice_of(CommandKind::bill, bid, price));
  }
  Answer loss(std::uint64_t bid) { return run(notice_of(CommandKind::loss, bid, 0)); }
  Answer refund(std::uint64_t bid, std::uint64_t key = 0) {
    Command command = make(CommandKind::refund);
    command.bid = {1, bid};
    command.key = {3, key == 0 ? ++refunds_ : key};
    return run(command);
  }
  void pass(base::Duration time) {
    now_.mono = now_.mono + time;
    now_.wall = now_.wall + time;
    ledger_->tick(now_);
    EXPECT_EQ(ledger_->audit(), nullptr);
  }
  /// Funds and takes one lease, to be `lease_`.
  void open(std::int64_t funds = 1'000'000, std::int64_t lease = 1000) {
    ASSERT_EQ(fund(funds).outcome, Outcome::done);
    const Answer answer = grant(lease);
    ASSERT_EQ(answer.outcome, Outcome::granted);
    lease_ = answer.lease;
  }
  [[nodiscard]] const CampaignBook& book() const { return *ledger_->find_campaign(kCampaign); }
  [[nodiscard]] std::int64_t of(Account account) const { return book().of(account).value; }
  [[nodiscard]] BidState state_of(std::uint64_t bid) const { return ledger_->find_bid({1, bid}).state; }
  /// Applies the records so far to an empty ledger.
  [[nodiscard]] Ledger rebuild() const {
    Ledger copy(options_);
    const std::string_view records = ledger_->output();
    for (std::size_t at = 0; at < records.size(); at += kRecordBytes) {
      const auto record = read_record(records.substr(at, kRecordBytes));
      EXPECT_TRUE(record.has_value());
      EXPECT_TRUE(copy.replay(*record).value());
    }
    return copy;
  }

  LedgerOptions options_;
  Now now_{{1'000'000'000}, {1'700'000'000'000'000'000}};
  std::unique_ptr<Ledger> ledger_;
  base::LeaseId lease_;
  std::uint64_t request_ = 0;
  std::uint64_t refunds_ = 0;
};

}  // namespace bandstand::ledger
