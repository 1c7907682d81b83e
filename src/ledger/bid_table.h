// bid_table: every bid that money has spoken about, exactly; recent ones in a table, older ones sorted.
//
//  1. Exact: no Bloom filter, no eviction by size. What is forgotten is forgotten by bid time, and the ledger
//     refuses events from before that time (`expired`), so that no bid can be charged again after it was
//     forgotten.
//  2. A run holds the bids of one period of bid time. The bid time is signed, so a bid always leads to the
//     same run.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/money.h"
#include "ledger/command.h"
#include "ledger/flat_map.h"

namespace bandstand::ledger {

/// The states of reliability reference 3.3.
enum class BidState : std::uint8_t { none, won, settled, lost, voided };
const char* name_of(BidState state) noexcept;

/// What is known of a bid.
struct Bid {
  BidState state = BidState::none;
  PaidFrom paid_from = PaidFrom::nothing;  ///< settled, voided after settled
  bool media_recorded = false;             ///< the exchange's claim is on the books
  bool conflicted = false;                 ///< a contradiction is on record; further ones are only counted
  std::uint32_t period = 0;                ///< of its bid time
  base::CampaignId campaign;
  BudgetDay day;
  base::LeaseId lease;  ///< never none until compacted, then always
  base::Nanos amount;   ///< won: held in the lease; settled, voided: price
  friend bool operator==(const Bid&, const Bid&) = default;
};

/// 32 bytes a bid in runs; about 60 to 120 in the table.
class BidTable {
 public:
  /// `state` none if unknown. Cost: one probe, and a binary search if the period is compacted.
  [[nodiscard]] Bid find(base::BidId id, std::uint32_t period) const;
  /// Looks through all periods: for operators.
  [[nodiscard]] Bid find_anywhere(base::BidId id) const;
  void put(base::BidId id, const Bid& bid);
  /// Compacts periods up to and with `through` (bids that hold money stay), forgets those before `from`.
  void retire(std::uint32_t through, std::uint32_t from);

  [[nodiscard]] std::size_t size() const { return recent_.size() + compacted_; }
  [[nodiscard]] std::size_t recent() const { return recent_.size(); }
  [[nodiscard]] std::uint32_t compacted_through() const { return compacted_through_; }
  /// Events of earlier periods are refused.
  [[nodiscard]] std::uint32_t remembered_from() const { return remembered_from_; }

  /// All bids in order of id. Expensive: for snapshots and audits.
  [[nodiscard]] std::vector<std::pair<base::BidId, Bid>> sorted() const;
  /// Sets the compaction state of a table that was filled by put() from a snapshot.
  void restore_periods(std::uint32_t through, std::uint32_t from);
  void clear() { *this = {}; }

 private:
  struct Compact {
    base::BidId id;
    std::int64_t amount_and_state =
        0;  ///< amount << 8 | media << 7 | conflicted << 6 | paid_from << 4 | state
    std::uint32_t campaign = 0;
    std::uint32_t day = 0;
  };
  using Run = std::vector<Compact>;

  static Compact pack(base::BidId id, const Bid& bid);
  static Bid unpack(const Compact& compact, std::uint32_t period);
  template <class Old>
  void compact(Old&& is_old);
  static const Compact* find_in(const Run& run, base::BidId id);

  FlatMap<base::BidId, Bid> recent_;
  std::map<std::uint32_t, Run> runs_;
  std::size_t compacted_ = 0;
  std::uint32_t compacted_through_ = 0;
  std::uint32_t remembered_from_ = 0;
};

}  // namespace bandstand::ledger
