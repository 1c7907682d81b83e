// money_source: the decision's only way to money: what a shard's leases hold, and setting some of it aside.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/ids.h"
#include "base/money.h"
#include "base/result.h"

namespace bandstand::orchestrator {

/// Where the money of a bid was taken from; goes into its token.
struct Reserved {
  base::LeaseId lease;
  std::uint32_t day = 0;  ///< budget day of the campaign, in its zone
};

/// One per shard. The server's stands on ledger::Wallet; a replay's reads what was recorded.
class MoneySource {
 public:
  virtual ~MoneySource() = default;
  /// What may be reserved now for the campaign of this index; a few ns.
  virtual base::Nanos available(std::uint32_t campaign) = 0;
  /// Errors: `exhausted`. About 20 ns.
  virtual base::Result<Reserved> reserve(std::uint32_t campaign, base::BidId bid, base::Nanos price, base::Duration life) = 0;
};

}  // namespace bandstand::orchestrator
