// ledger_sim: proves the money path by running its production code in a simulated world of faults, one seed
// at a time.
//
// Each seed picks a swarm of fault classes, runs a safety phase with them and a liveness phase without, and
// checks the invariants I1 to I11 and L1 to L3 of the reliability reference. Same seed, same world, same
// trace.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/planted_bug.h"

namespace bandstand::simulation {

struct LedgerSimOptions {
  std::uint64_t seed_first = 1;
  std::uint64_t seed_last = 100;  ///< inclusive
  ledger::PlantedBug planted_bug = ledger::PlantedBug::none;
  std::uint64_t events_min = 0;      ///< go on past seed_last until so many events have run
  bool stop_at_first_break = true;   ///< false: go on and list every broken seed
  std::uint32_t replay_one_in = 16;  ///< so many seeds are run twice and their traces compared; 0: none
  std::uint64_t breaks_listed_max = 20;
};

/// What was done to the world.
struct LedgerSimFaults {
  std::uint64_t drops = 0, duplicates = 0, partitioned = 0, clogged = 0;  ///< messages
  std::uint64_t partitions = 0, swizzles = 0;
  std::uint64_t ledger_crashes = 0, node_crashes = 0, power_cuts = 0, second_writers = 0;
  std::uint64_t disk_errors = 0, disk_full = 0, torn_files = 0;
  std::uint64_t wall_jumps = 0, late_wins = 0, early_bills = 0, contradictions = 0;
  std::uint64_t forged = 0, price_changes = 0, prices_above_max = 0;
  [[nodiscard]] std::uint64_t total() const;
};

struct LedgerSimCounts {
  std::uint64_t events = 0, bids = 0, wins = 0, notices = 0, notices_acknowledged = 0,
                duplicates_answered = 0;
  std::uint64_t records = 0, grants = 0, recoveries = 0, snapshots = 0, invariant_checks = 0;
  std::int64_t charged_nanos = 0, late_nanos = 0, house_loss_nanos = 0;
};

struct LedgerSimBreak {
  std::uint64_t seed = 0;
  std::int64_t time_ns = 0;  ///< virtual, since the start of the seed
  std::string what;
};

struct LedgerSimReport {
  std::uint64_t seeds = 0;
  std::uint64_t replays = 0;
  std::uint64_t replays_different = 0;
  std::uint64_t trace_hash = 0;  ///< over all seeds, in order
  LedgerSimCounts counts;
  LedgerSimFaults faults;
  std::vector<LedgerSimBreak> breaks;
  [[nodiscard]] bool holds() const { return breaks.empty() && replays_different == 0; }
};

/// Runs the seeds, one after another, on the calling thread. About a million events a second.
LedgerSimReport run_ledger_sim(const LedgerSimOptions& options);

/// The report as a table, or as one JSON object.
std::string print_ledger_sim(const LedgerSimReport& report, bool json);

/// `--seeds A..B [--seed N] [--bug NAME] [--events N] [--json]`: the verb `bandstand ledger-sim`. Writes to
/// standard output. Returns 0 if all holds (with --bug: if the bug was caught), 1 if not, 2 for wrong usage.
int ledger_sim_main(std::span<const char* const> arguments);

/// Names of planted bugs as --bug takes them.
const char* name_of(ledger::PlantedBug bug) noexcept;
/// All of them, without `none`.
std::span<const ledger::PlantedBug> planted_bugs() noexcept;

}  // namespace bandstand::simulation
