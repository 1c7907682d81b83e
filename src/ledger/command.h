// command: what can be asked of the ledger, and what it answers; plain values that fit a mailbox.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/ids.h"
#include "base/money.h"

namespace bandstand::ledger {

/// Days since 1970-01-01 in the advertiser's time zone; computed by the caller, carried in the signed token.
using BudgetDay = base::Id<struct BudgetDayTag, std::uint32_t>;
/// Who sold the impression; 0 is our own inventory.
using ExchangeId = base::Id<struct ExchangeTag, std::uint16_t>;

/// Makes an operator's command harmless to repeat: the same key and parameters do nothing, other parameters
/// conflict.
struct IdempotencyKey {
  std::uint64_t hi = 0;
  std::uint64_t lo = 0;
  friend constexpr auto operator<=>(const IdempotencyKey&, const IdempotencyKey&) = default;
};

enum class CommandKind : std::uint8_t {
  fund,        ///< add `amount` (negative: withdraw) to a campaign's money
  set_budget,  ///< lifetime = `amount`, per day = `price_max` (0: no daily limit)
  pause,       ///< no new leases
  resume,
  fee,           ///< take `amount` from available as a fee
  grant_lease,   ///< a node asks for `amount`, at least `price_max` (its largest bid), for `day`
  return_lease,  ///< a node has given back `amount` of the lease in total since it was granted
  win,           ///< `price` from the exchange, `price_max` from the token
  bill,          ///< the event that makes money move (`bill_on` of the exchange is the caller's matter)
  loss,
  refund,  ///< an operator reverses one bid
};

/// One request to the ledger. Fields that a kind does not name are ignored.
struct Command {
  CommandKind kind = CommandKind::fund;
  bool test_traffic = false;  ///< win, bill: recorded nowhere, moves nothing
  ExchangeId exchange;        ///< win, bill
  base::NodeId node;          ///< grant, return: the asking shard
  base::CampaignId campaign;
  BudgetDay day;        ///< grant: the day to spend in; win, bill: the day in the token
  base::LeaseId lease;  ///< return, win, bill
  base::BidId bid;      ///< win, bill, loss, refund
  base::Nanos amount;
  base::Nanos price;  ///< win, bill: not signed, hence clamped to price_max
  base::Nanos price_max;
  base::WallTime bid_time;    ///< win, bill, loss: from the token
  std::uint64_t request = 0;  ///< grant: the node's own number of the request, echoed
  IdempotencyKey key;         ///< fund, set_budget, fee, refund
  std::uint64_t tag = 0;      ///< the caller's, echoed
};

enum class Outcome : std::uint8_t {
  done,  ///< fund, set_budget, pause, resume, fee, return
  granted,
  won,
  settled,
  lost,
  refunded,
  duplicate,  ///< seen before, same content: nothing moved; answer as the first time
  order,      ///< a win after its bill: fine, nothing moved
  ignored,    ///< a loss of a voided bid; test traffic
  conflict,   ///< contradicts what is recorded; the first stands, the conflict is on record
  // refusals: nothing recorded
  unknown_campaign,
  unknown_lease,  ///< names a lease that was never granted
  expired,        ///< bid time lies before everything the ledger remembers
  no_funds,       ///< nothing left, for good or for this day; or a withdrawal beyond what is free
  paused,
  late_cap,      ///< late charges passed their share of the daily budget
  not_found,     ///< refund of an unknown bid
  rejected,      ///< refund of a lost bid
  key_conflict,  ///< idempotency key used before with other parameters
  invalid,       ///< an amount or a price is out of range
};

/// Outcomes before this one are recorded or harmless: a notice is answered 200. The rest are refusals.
[[nodiscard]] constexpr bool is_refusal(Outcome outcome) { return outcome >= Outcome::unknown_campaign; }
/// As in metrics labels.
const char* name_of(Outcome outcome) noexcept;
const char* name_of(CommandKind kind) noexcept;

/// Where the money of a settled bid came from.
enum class PaidFrom : std::uint8_t {
  nothing,
  lease,  ///< as planned
  late,   ///< its lease had ended or was full: charged from what is still available
  house,  ///< no budget left: the advertiser is not charged, the exchange is owed all the same
};

/// Echo and result of a command. To be sent only once the journal says that it is durable.
struct Answer {
  CommandKind kind = CommandKind::fund;
  Outcome outcome = Outcome::done;
  PaidFrom paid_from = PaidFrom::nothing;  ///< settled
  bool clamped = false;                    ///< the price was above the signed maximum: raise an alarm
  bool after_loss = false;                 ///< won or settled after a loss notice
  base::NodeId node;
  base::CampaignId campaign;
  BudgetDay day;
  base::LeaseId lease;
  base::BidId bid;
  base::Nanos amount;         ///< granted: size of the lease; won: held; settled: the price that counts
  base::Nanos price_max;      ///< win, bill: as asked
  base::Duration duration{};  ///< granted: D; the node stops at its own time of asking + D * (1 - 2 * drift)
  std::uint64_t request = 0;
  std::uint64_t tag = 0;
};

/// Both times at once; the ledger has no clock.
struct Now {
  base::MonoTime mono;
  base::WallTime wall;
};

}  // namespace bandstand::ledger
