// planted_bug: mistakes that the simulator must find; each is off unless a test asks for it by name.
#pragma once

#include <cstdint>

namespace bandstand::ledger {

/// A deliberate mistake in the money path. A test proves that the simulator catches every one of them
/// (reliability reference, P6). Production never sets it: no setting and no flag of `bandstand serve` leads
/// here.
enum class PlantedBug : std::uint8_t {
  none,
  ack_before_sync,        ///< answers leave before the records are durable
  volatile_dedupe,        ///< the set of known bids is forgotten over a restart
  dedupe_off,             ///< a bill is charged as often as it arrives
  early_reclaim,          ///< a lease is taken back before its holder has stopped
  unsynced_grant,         ///< a lease is handed out before its record is durable
  no_price_cap,           ///< a price above the signed maximum is charged
  fsync_retry,            ///< a failed sync is taken for a success the second time
  lease_id_reuse,         ///< lease numbers start again after a restart
  lease_used_after_end,   ///< a node bids on a lease that has ended
  no_recovery_grace,      ///< leases are reclaimed at once after a restart
  return_not_cumulative,  ///< a repeated return gives the same money back twice
  grant_twice,            ///< a node takes a repeated grant for a second lease
  charge_day_of_arrival,  ///< a charge is booked on the day it arrives instead of the day of its bid
  last_price_wins,        ///< a second bill at another price replaces the first
  snapshot_without_bids,  ///< a snapshot leaves the known bids out
};

}  // namespace bandstand::ledger
