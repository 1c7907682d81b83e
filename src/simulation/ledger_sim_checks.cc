// ledger_sim_checks: the invariants, asked by someone who knows everything.
#include <algorithm>
#include <map>

#include "simulation/ledger_sim_clock.h"
#include "simulation/ledger_sim_world.h"

namespace bandstand::simulation {
namespace {

using base::Nanos;
using ledger::Account;
using ledger::Bid;
using ledger::BidState;
using ledger::CampaignBook;
using ledger::CommandKind;
using ledger::DayBook;
using ledger::Outcome;
using ledger::PaidFrom;

constexpr std::uint8_t kWin = 1;
constexpr std::uint8_t kBill = 2;

bool was_charged(const Bid& bid) {
  return bid.paid_from == PaidFrom::lease || bid.paid_from == PaidFrom::late;
}

}  // namespace

void LedgerWorld::fail(const std::string& what) {
  if (!broken_) broken_ = LedgerSimBreak{seed_, now_, what};
}

void LedgerWorld::check_reservation(const ledger::Reservation& reservation, base::CampaignId campaign) {
  ++counts_.invariant_checks;
  check(lease_requests_.find(reservation.lease) != nullptr, "I9: a bid on a lease that was never handed out");
  if (journal_ == nullptr) return;  // then it cannot have ended any lease either
  const ledger::Lease* lease = journal_->ledger().find_lease(reservation.lease);
  check(lease != nullptr && !lease->reclaimed, "I11: a bid on a lease that the ledger regards as ended");
  check(lease == nullptr || (lease->campaign == campaign && lease->day == reservation.day),
        "a bid on a lease of something else");
}

void LedgerWorld::check_answer(const ledger::Answer& answer, const Message& message) {
  ++counts_.invariant_checks;
  if (answer.kind == CommandKind::grant_lease && answer.outcome == Outcome::granted) {
    ++counts_.grants;
    const std::uint64_t asker =
        message.command.request << 8 ^ message.node ^ std::uint64_t{message.command.campaign.value} << 56;
    std::uint64_t& known = lease_requests_[answer.lease];
    check(known == 0 || known == asker, "a lease id was given out twice");
    known = asker;
  }
  if (!message.from_exchange) return;
  if (message.forged) {
    check(ledger::is_refusal(answer.outcome), "I9: a token for a lease never granted was accepted");
    return;
  }
  check(!ledger::is_refusal(answer.outcome), "a true notice was refused");
  if (answer.outcome == Outcome::duplicate || answer.outcome == Outcome::order) ++counts_.duplicates_answered;
  if (answer.outcome != Outcome::settled) return;
  Truth& bid = bids_[*bid_index_.find(answer.bid) - 1];
  check(!bid.settled_seen, "I3: a bid was charged twice");
  check(answer.amount <= bid.price_max, "I3: a bid was charged above its signed maximum");
  bid.settled_seen = true;
  bid.settled_at = answer.amount;
}

void LedgerWorld::check_books() {
  ++counts_.invariant_checks;
  const ledger::Ledger& ledger = journal_->ledger();
  if (counts_.invariant_checks % 8 == 0) {
    if (const char* broken = ledger.audit()) fail(broken);
  }
  for (const CampaignBook& book : ledger.campaigns()) {
    check(book.of(Account::available) >= Nanos{}, "I2: available is negative");
    check(book.of(Account::lease) >= Nanos{}, "I1: the lease account is negative");
    check(book.charged() <= book.funded(), "I2: charged above budget");
    if (swarm_.in_time) {
      check(book.counts.late == 0, "I10: a notice in time was charged late");
      check(book.counts.house == 0, "I10: a notice in time was charged to the house");
    }
    const Nanos daily_max = daily_max_[book.id.value - 1];
    if (daily_max.is_zero()) continue;
    for (const DayBook& day : book.days)
      check(day.charged + day.leased <= daily_max, "I2: a day's budget was exceeded");
  }
}

void LedgerWorld::check_truth() {
  ++counts_.invariant_checks;
  const ledger::Ledger& ledger = journal_->ledger();
  std::map<std::uint32_t, __int128> charged;
  std::map<std::pair<std::uint32_t, std::uint32_t>, __int128> charged_by_day;
  std::map<std::uint16_t, __int128> owed;
  for (const Truth& truth : bids_) {
    const Bid bid = ledger.find_bid(truth.id);
    const bool billed = bid.state == BidState::settled || bid.state == BidState::voided;
    if ((truth.acknowledged & kBill) != 0) check(billed, "I5: an acknowledged bill is not in the ledger");
    if ((truth.acknowledged & kWin) != 0)
      check(billed || bid.state == BidState::won, "I5: an acknowledged win is not in the ledger");
    if (truth.acknowledged != 0)
      check(bid.state != BidState::none, "I5: an acknowledged notice is not in the ledger");
    if (truth.settled_seen) check(billed, "I5: a charge that was reported is not in the ledger");
    if (bid.state == BidState::none) continue;
    if (bid.media_recorded) {
      owed[truth.exchange.value] += bid.amount.value;
      const Nanos asked = std::min(truth.price, truth.price_max);
      const Nanos other = std::min(truth.price_changed, truth.price_max);
      const bool true_price = bid.amount == asked || (!other.is_zero() && bid.amount == other);
      check(true_price, "I7: the ledger holds a price that the exchange never named");
      if (truth.settled_seen)
        check(bid.amount == truth.settled_at, "I7: a price changed after it was settled");
    }
    if (!was_charged(bid)) continue;
    charged[truth.campaign.value] += bid.amount.value;
    charged_by_day[{truth.campaign.value, truth.day.value}] += bid.amount.value;
  }
  for (const CampaignBook& book : ledger.campaigns()) {
    const Nanos before_refunds = book.charged() + book.of(Account::refund);
    check(charged[book.id.value] == before_refunds.value,
          "I7: the sum of charges differs from the bids known");
    for (const DayBook& day : book.days) {
      check(charged_by_day[{book.id.value, day.day.value}] == day.charged.value,
            "I7: a day's charges are not those of its bids");
    }
  }
  for (std::uint16_t exchange = 1; exchange <= 2; ++exchange) {
    check(owed[exchange] == ledger.payable({exchange}).value,
          "I7: what the exchange is owed differs from its own account");
  }
}

void LedgerWorld::check_rebuild() {
  ++counts_.invariant_checks;
  auto reader = log_->open_reader("ledger", 0, "");
  if (!reader || !(*reader)->seek(0)) return;
  ledger::Ledger rebuilt(journal_options().ledger);
  std::vector<log::Record> stored;
  for (;;) {
    auto count = (*reader)->poll(256, stored);
    if (!count) {
      // A power cut that is due may strike here as well as anywhere.
      check(!calm_ && count.error().code != base::Code::corrupt, "I8: the log cannot be read");
      return;
    }
    if (*count == 0) break;
    for (const log::Record& item : stored) {
      for (std::size_t at = 0; at < item.value.size(); at += ledger::kRecordBytes) {
        auto record = ledger::read_record(item.value.substr(at, ledger::kRecordBytes));
        if (!record || !rebuilt.replay(*record)) {
          fail("I8: the log holds a record that does not follow");
          return;
        }
      }
    }
  }
  check(rebuilt.state_hash() == journal_->ledger().state_hash(),
        "I8: state rebuilt from the log differs from memory");
}

void LedgerWorld::check_liveness() {
  const auto open = [&]() -> const char* {
    if (journal_ == nullptr) return "L1: the ledger does not come back";
    for (const Truth& bid : bids_) {
      if ((bid.due & ~bid.acknowledged) != 0) return "L1: a notice was never acknowledged";
    }
    for (const Truth& bid : bids_) {
      if ((bid.due & kBill) == 0) continue;
      const BidState state = journal_->ledger().find_bid(bid.id).state;
      if (state != BidState::settled && state != BidState::voided)
        return "L2: a billed win is not in the ledger";
    }
    return journal_->ledger().open_leases() > 0 ? "L3: a lease was never closed" : nullptr;
  };
  const std::int64_t term = swarm_.lease_ns * 2 + swarm_.reclaim_ns * 8 + swarm_.hold_ns * 2 + 20'000'000'000;
  const bool last_call = now_ >= calm_since_ + term;
  if (!last_call && (now_ - calm_since_) % 500'000'000 != 0) return;
  const char* unfinished = open();
  if (unfinished != nullptr && !last_call) return;
  done_ = true;
  if (unfinished != nullptr) {
    fail(unfinished);
    return;
  }
  check_books();
  if (const char* broken = journal_->ledger().audit()) fail(broken);
  check_truth();
  check_rebuild();
  for (const CampaignBook& book : journal_->ledger().campaigns()) {
    counts_.charged_nanos += book.charged().value;
    counts_.late_nanos += book.of(Account::late).value;
    counts_.house_loss_nanos += book.of(Account::house_loss).value;
  }
}

}  // namespace bandstand::simulation
