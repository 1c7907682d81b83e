// wallet: a shard's leases; sets aside the most a bid can cost before it leaves, and asks for more in time.
//
//  1. No reservation without a live lease of today with enough in it: no lease, no spend.
//  2. A lease is used until the node's own time of asking + D * (1 - 2 * drift), never after (reliability
//     3.7), whatever the wall clock does. What was reserved by then settles later all the same.
//  3. Money comes back to a lease through a loss, a bill below the maximum, or (a setting) the end of a bid's
//     life.
//  4. When less is left than the largest bid, what there is will do: smaller bids can still be made of it.
//  5. What has left the wallet's hands is returned to the ledger as a running total, so that a repeated, lost
//     or overtaken message does no harm.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/money.h"
#include "base/result.h"
#include "ledger/command.h"
#include "ledger/flat_map.h"
#include "ledger/planted_bug.h"

namespace bandstand::ledger {

struct WalletOptions {
  base::NodeId node;
  /// Differs between two starts of a node, so that no answer to an earlier one is taken.
  std::uint32_t incarnation = 0;
  std::uint32_t drift_ppm = 10'000;  ///< bound on the clock's rate error (1 %)
  /// A lease is worth this much time at the present rate, and at least so many of the largest bid.
  base::Duration covers = std::chrono::seconds(2);
  std::uint32_t bids_min = 10;
  base::Duration renew_ahead = std::chrono::seconds(2);      ///< ask again so long before the last lease ends
  base::Duration request_timeout = std::chrono::seconds(1);  ///< then the request counts as lost
  base::Duration retry_after_refusal = std::chrono::seconds(1);
  /// What becomes of a reservation that expires without a notice. False: its money waits for the lease's end.
  /// True: it is free again in the lease, which strands less and moves the risk of late wins into `late`.
  bool reuse_after_expiry = false;
  /// Remembered one by one; beyond that, money waits for its lease's end.
  std::uint32_t reservations_max = 1 << 16;
  PlantedBug planted_bug = PlantedBug::none;
};

/// Proof that the money is there; goes into the bid's token.
struct Reservation {
  base::LeaseId lease;
  BudgetDay day;
};

/// For the decision record and the status page.
struct WalletView {
  base::Nanos free;      ///< may be reserved now
  base::Nanos reserved;  ///< promised to bids that are neither lost nor settled
  base::Nanos spent;     ///< settled by this wallet
  std::uint32_t leases = 0;
  base::MonoTime ends;  ///< the last live lease's end
};

/// One per shard; not thread-safe. No allocation once campaigns are enrolled and tables have warmed up.
class Wallet {
 public:
  explicit Wallet(const WalletOptions& options);

  /// Makes the campaign known, with the most that one bid may cost and its budget day. Repeat it when either
  /// changes, and at least soon after the advertiser's midnight: leases of another day end at once. Allocates
  /// the first time. Returns the campaign's place, which stays the same.
  std::uint32_t enroll(base::CampaignId campaign, base::Nanos bid_max, BudgetDay today);
  /// No more requests; what is left is returned.
  void withdraw(base::CampaignId campaign);

  /// Money that may be reserved, summed over live leases as of the last tick(). A few ns. 0 if unknown.
  /// Asking shows interest: leases of campaigns that nobody asks about are not renewed.
  [[nodiscard]] base::Nanos available(base::CampaignId campaign);
  /// The same for whoever asks of sixty campaigns a request, or of all of them: no look-up.
  [[nodiscard]] base::Nanos available_at(std::uint32_t place);
  [[nodiscard]] WalletView view(base::CampaignId campaign) const;

  /// Sets `price_max` aside for a bid that may be settled until `expires`. About 0.1 us with a cold table.
  /// Errors: `exhausted` no live lease holds enough (and more is asked for at the next wants()); `not_found`
  /// unknown campaign; `conflict` the bid has one.
  base::Result<Reservation> reserve(base::CampaignId campaign, base::BidId bid, base::Nanos price_max,
                                    base::MonoTime now, base::MonoTime expires);

  /// The bid was lost, or never left. Unknown bids do nothing. True if money came back.
  bool release(base::BidId bid);
  /// The bid was won: its money stays although it may expire, until it is settled.
  void won(base::BidId bid);
  /// The bid is paid at `price`; the rest is free again.
  void settle(base::BidId bid, base::Nanos price);

  /// Ends leases and expired reservations, measures rates. Call every 10 to 100 ms.
  void tick(base::MonoTime now);
  /// Leases to ask for, appended to `out`: grant_lease commands, at most one per campaign under way. The
  /// sender must call this at the moment of sending: lease terms are counted from `now`.
  void wants(base::MonoTime now, std::vector<Command>& out);
  /// Money to give back, appended to `out`: return_lease commands of leases that ended or are of another day.
  void returns(std::vector<Command>& out);

  /// The ledger's answer to a grant_lease. Answers nobody waits for are left to the ledger to reclaim. True
  /// if taken.
  bool accept(const Answer& answer, base::MonoTime now);

  [[nodiscard]] std::size_t reservations() const { return entry_of_.size(); }
  /// Bids whose money cannot come back early because reservations_max was reached.
  [[nodiscard]] std::uint64_t untracked() const { return untracked_; }

 private:
  static constexpr std::size_t kLiveLeases = 4;
  static constexpr std::uint32_t kNone = 0xffffffff;

  /// A lease in use, or ended with money still in bids.
  struct Held {
    base::LeaseId id;
    std::uint32_t slot = 0;  ///< of its campaign
    BudgetDay day;
    base::Nanos free;  ///< not reserved and not returned
    base::Nanos reserved;
    base::Nanos returned;  ///< running total, as told to the ledger
    base::MonoTime ends;
    bool live = true;
  };
  struct Slot {
    base::CampaignId campaign;
    bool enrolled = false;
    bool interest = true;  ///< somebody asked since the last measurement
    BudgetDay today;
    base::Nanos bid_max;
    base::Nanos free;  ///< sum over live leases
    base::Nanos spent;
    std::array<std::uint32_t, kLiveLeases> leases{kNone, kNone, kNone, kNone};
    base::Nanos reserved_since;  ///< since `rate_from`
    base::MonoTime rate_from;
    base::Nanos rate_per_s;
    bool modest = false;        ///< refused last time: the rest of the money is less than the largest bid
    std::uint64_t request = 0;  ///< under way; 0: none
    base::MonoTime asked;
    base::MonoTime ask_after;
  };
  struct Entry {
    base::BidId bid;
    base::Nanos amount;
    std::uint32_t held = kNone;
    bool won = false;
    std::uint32_t next = kNone;  ///< in its bucket of the wheel, or in the free list
    std::uint32_t previous = kNone;
    std::uint32_t bucket = 0;
  };

  void end_lease(std::uint32_t index);
  void drop_if_done(std::uint32_t index);
  void give(std::uint32_t index, base::Nanos amount);
  bool take_grant(Slot& slot, std::uint32_t slot_index, const Answer& answer, base::MonoTime now);
  void measure(Slot& slot, base::MonoTime now);
  void expire(base::MonoTime now);
  bool track(base::BidId bid, base::Nanos amount, std::uint32_t held, base::MonoTime expires);
  Entry* find_entry(base::BidId bid);
  void untrack(base::BidId bid);
  [[nodiscard]] base::Nanos lease_size(const Slot& slot) const;
  [[nodiscard]] bool should_ask(const Slot& slot, base::MonoTime now) const;

  WalletOptions options_;
  std::vector<Slot> slots_;
  FlatMap<base::CampaignId, std::uint32_t> slot_of_;
  std::vector<Held> held_;
  std::vector<std::uint32_t> held_free_;
  FlatMap<base::LeaseId, std::uint32_t> held_index_;
  std::vector<base::LeaseId> to_return_;
  std::vector<Entry> entries_;
  FlatMap<base::BidId, std::uint32_t> entry_of_;  ///< index + 1
  std::uint32_t entry_free_ = kNone;
  std::vector<std::uint32_t> wheel_;  ///< heads, by second of expiry
  std::int64_t wheel_at_s_ = -1;
  std::uint64_t next_request_ = 0;
  std::uint64_t untracked_ = 0;
};

}  // namespace bandstand::ledger
