// ledger: where money is true; a pure state machine with no thread, no file and no clock.
//
//  1. State is the fold of the records: every command decides on a record and apply() alone changes anything.
//     So what recovery rebuilds is what was, by construction.
//  2. Money moves between two accounts at a time; the accounts of a campaign always sum to zero.
//  3. The advertiser is charged at most once per bid, never above the signed maximum, never above the budget
//     (lifetime and of the day in the signed token). What an exchange is owed is a second set of books and
//     has no cap.
//  4. A command takes effect in memory at once, but its answer may leave only when its records are durable:
//     use ledger::Journal, which sees to it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ledger/bid_table.h"
#include "ledger/command.h"
#include "ledger/flat_map.h"
#include "ledger/planted_bug.h"
#include "ledger/record.h"

template <>
struct std::hash<bandstand::ledger::IdempotencyKey> {
  std::size_t operator()(const bandstand::ledger::IdempotencyKey& key) const noexcept {
    return static_cast<std::size_t>(key.hi ^ (key.lo * 0x9E3779B97F4A7C15ull));
  }
};

namespace bandstand::ledger {

/// The accounts of one campaign. The first seven are the advertiser's books, the last three the exchange's.
enum class Account : std::uint8_t {
  funding,    ///< where the money came from: minus what was paid in
  available,  ///< neither leased nor charged
  lease,      ///< in the hands of nodes, or held for wins
  spent,      ///< charged from a lease
  late,       ///< charged after the lease had ended
  refund,     ///< given back to the advertiser; not spendable again until funded again
  fees,
  media_cost,        ///< what exchanges are owed for charged impressions
  house_loss,        ///< what exchanges are owed and the advertiser is not charged
  exchange_payable,  ///< minus all that exchanges are owed
};
inline constexpr std::size_t kAccounts = 10;
const char* name_of(Account account) noexcept;

struct LedgerOptions {
  base::Duration lease_duration = std::chrono::seconds(10);        ///< D, before jitter
  std::uint32_t lease_jitter_percent = 20;                         ///< D is spread by +- this, by lease id
  base::Duration reclaim_after_lease = std::chrono::seconds(120);  ///< H: `bid.exp` and the slack of notices
  base::Duration hold_won = std::chrono::hours(1);        ///< W_exp: a win waits so long for its bill
  base::Duration bid_period = std::chrono::minutes(10);   ///< grain of compaction and forgetting
  base::Duration keep_recent = std::chrono::minutes(30);  ///< W: then bids are compacted
  base::Duration remember = std::chrono::hours(24);       ///< then forgotten; not less than a token lives
  std::uint32_t late_cap_permille = 10;  ///< of the daily (or lifetime) budget; then no grants
  std::uint32_t nodes = 1;               ///< N: one lease is at most available / (2 N)
  PlantedBug planted_bug = PlantedBug::none;
};

/// A campaign's day.
struct DayBook {
  BudgetDay day;
  base::Nanos charged;  ///< spent + late, before refunds
  base::Nanos leased;   ///< in open leases and holds
  base::Nanos late;     ///< late + house loss: what the late cap looks at
  friend bool operator==(const DayBook&, const DayBook&) = default;
};

struct CampaignCounts {
  std::uint64_t wins = 0, settled = 0, losses = 0, refunds = 0, late = 0, house = 0;
  std::uint64_t conflicts = 0, after_loss = 0, clamped = 0;
  friend bool operator==(const CampaignCounts&, const CampaignCounts&) = default;
};

struct CampaignBook {
  base::CampaignId id;
  bool paused = false;
  base::Nanos lifetime;  ///< limit of all charges and leases; follows fund and set_budget
  base::Nanos daily;     ///< 0: none
  std::array<base::Nanos, kAccounts> balance{};
  std::vector<DayBook> days;  ///< ascending; old ones are dropped with the bids of their time
  CampaignCounts counts;

  [[nodiscard]] base::Nanos of(Account account) const { return balance[static_cast<std::size_t>(account)]; }
  [[nodiscard]] base::Nanos funded() const { return base::Nanos{} - of(Account::funding); }
  [[nodiscard]] base::Nanos charged() const { return of(Account::spent) + of(Account::late); }
  [[nodiscard]] DayBook on(BudgetDay day) const;
};

struct Lease {
  base::LeaseId id;
  base::CampaignId campaign;
  base::NodeId node;
  bool reclaimed = false;  ///< only holds are left
  BudgetDay day;
  base::Nanos amount;
  base::Nanos returned;  ///< given back by the node or reclaimed
  base::Nanos returned_by_node;
  base::Nanos settled;
  base::Nanos held;  ///< for wins without a bill
  base::Duration duration{};
  std::uint64_t request = 0;
  [[nodiscard]] base::Nanos free() const { return amount - returned - settled - held; }
  friend bool operator==(const Lease&, const Lease&) = default;
};

/// One writer; not thread-safe. A command costs well under a microsecond and allocates only to grow its
/// tables.
class Ledger {
 public:
  explicit Ledger(const LedgerOptions& options);

  /// Marks the start of a writer's reign. Must come first after construction or recovery; `epoch` grows.
  void begin(std::uint32_t epoch, const Now& now);
  /// Decides and applies; records go to the output buffer.
  Answer execute(const Command& command, const Now& now);
  /// Reclaims ended leases, ends old holds, retires old bids. Call about every 100 ms.
  void tick(const Now& now);

  /// Records emitted since clear_output(), back to back, ready for the log.
  [[nodiscard]] std::string_view output() const { return output_; }
  void clear_output() { output_.clear(); }

  /// Recovery: applies the next record. Older ones are skipped. Errors: `corrupt` for a gap or a broken
  /// chain.
  base::Result<bool> replay(const Record& record);
  /// Ends recovery: restarts all terms from now. No lease is reclaimed before now + D + H (3.7, recovery
  /// grace; stricter by D than the text, since a node may still be using a lease that was granted just before
  /// the crash).
  void recovered(const Now& now);

  /// The whole state, with a checksum; the same state gives the same bytes.
  [[nodiscard]] std::string encode_snapshot() const;
  /// Replaces the state. Errors: `corrupt`; the state is then unusable.
  base::Result<std::monostate> decode_snapshot(std::string_view bytes);
  /// Of the snapshot's bytes: equal states have equal hashes (I8).
  [[nodiscard]] std::uint64_t state_hash() const;
  /// Checks I1, I2, I4 and I6 over everything: null, or the name of what does not hold. Linear in the state.
  [[nodiscard]] const char* audit() const;

  // Reading.
  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }  ///< of the last record
  [[nodiscard]] std::uint32_t epoch() const { return epochs_.empty() ? 0 : epochs_.back().epoch; }
  [[nodiscard]] const std::vector<CampaignBook>& campaigns() const { return campaigns_; }
  [[nodiscard]] const CampaignBook* find_campaign(base::CampaignId id) const;
  [[nodiscard]] const Lease* find_lease(base::LeaseId id) const { return leases_.find(id); }
  [[nodiscard]] std::size_t open_leases() const { return leases_.size(); }
  [[nodiscard]] Bid find_bid(base::BidId id) const { return bids_.find_anywhere(id); }
  [[nodiscard]] const BidTable& bids() const { return bids_; }
  /// What may still be promised for a day: the least of available, lifetime and daily room. Never negative.
  [[nodiscard]] base::Nanos room(const CampaignBook& book, BudgetDay day) const;
  /// All that an exchange is owed for settled bids.
  [[nodiscard]] base::Nanos payable(ExchangeId exchange) const;
  [[nodiscard]] const LedgerOptions& options() const { return options_; }

 private:
  struct EpochGrants {
    std::uint32_t epoch = 0;
    std::uint64_t granted = 0;
  };
  struct Deadline {
    std::int64_t mono_ns = 0;
    base::LeaseId lease;
  };
  struct HoldDeadline {
    std::int64_t mono_ns = 0;
    base::BidId bid;
    std::uint32_t period = 0;
  };
  struct Grantee {
    std::uint64_t request = 0;
    base::LeaseId lease;
  };

  // Deciding (ledger.cc).
  void fund(const Command& command, Answer& answer);
  void set_budget(const Command& command, Answer& answer);
  void set_paused(const Command& command, bool paused, Answer& answer);
  void fee(const Command& command, Answer& answer);
  void grant(const Command& command, Answer& answer);
  void give_back(const Command& command, Answer& answer);
  void win(const Command& command, Answer& answer);
  void bill(const Command& command, Answer& answer);
  void loss(const Command& command, Answer& answer);
  void refund(const Command& command, Answer& answer);
  bool admit_notice(const Command& command, Answer& answer, Bid& bid);
  bool known_key(const Command& command, Answer& answer) const;
  void record_conflict(const Command& command, const Bid& bid, Answer& answer);
  [[nodiscard]] PaidFrom payer(const CampaignBook& book, const Lease* lease, BudgetDay day, base::Nanos held,
                               base::Nanos price) const;
  [[nodiscard]] bool was_granted(base::LeaseId lease) const;
  [[nodiscard]] std::uint32_t period_of(base::WallTime time) const;
  [[nodiscard]] Record record_of(RecordKind kind, const Command& command) const;
  void commit(Record record);

  // Applying (ledger_apply.cc).
  void apply(const Record& record);
  [[nodiscard]] bool fits(const Record& record) const;
  void apply_budget(CampaignBook& book, const Record& record);
  void apply_grant(CampaignBook& book, const Record& record);
  void apply_give_back(CampaignBook& book, const Record& record);
  void apply_win(CampaignBook& book, const Record& record);
  void apply_settle(CampaignBook& book, const Record& record);
  void apply_reclaim(CampaignBook& book, const Record& record);
  void apply_refund(CampaignBook& book, const Record& record);
  void apply_conflict(CampaignBook& book, const Record& record);
  void apply_retire(const Record& record);
  void release_hold(CampaignBook& book, Lease* lease, base::Nanos held);
  void owe(CampaignBook& book, ExchangeId exchange, Account reason, base::Nanos price);
  void drop_if_closed(base::LeaseId id);
  CampaignBook& book_of(std::uint32_t campaign);
  static DayBook& day_of(CampaignBook& book, BudgetDay day);
  static void move(CampaignBook& book, Account from, Account to, base::Nanos amount);
  [[nodiscard]] static Bid bid_of(const Record& record, std::uint32_t period);

  LedgerOptions options_;
  Now now_;
  std::uint64_t sequence_ = 0;
  std::uint64_t link_ = 0;
  std::vector<EpochGrants> epochs_;
  std::vector<CampaignBook> campaigns_;  ///< in order of first funding
  FlatMap<base::CampaignId, std::uint32_t> campaign_index_;
  FlatMap<base::LeaseId, Lease> leases_;
  BidTable bids_;
  FlatMap<IdempotencyKey, std::uint64_t> keys_;               ///< to a digest of the parameters
  std::vector<std::pair<ExchangeId, base::Nanos>> payables_;  ///< ascending
  // Not state: rebuilt by recovered().
  FlatMap<std::uint64_t, Grantee>
      last_grant_;                   ///< by campaign and node, so that a repeated request is answered alike
  std::vector<Deadline> deadlines_;  ///< heap, earliest first
  std::deque<HoldDeadline> holds_;   ///< ascending
  std::int64_t last_retire_ns_ = 0;
  std::string output_;
};

}  // namespace bandstand::ledger
