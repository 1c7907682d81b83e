// journal: the ledger's only writer; commands go in by the batch, answers come out once they are durable.
//
//  1. Apply, append, flush, answer, in this order. A duplicate's answer waits with the rest, hence for its
//     original.
//  2. A failed append or flush is final: every later call fails, the state in memory must not be trusted, and
//     the process recovers by open(). Nothing that was answered is lost.
//  3. open() claims the partition, so that an older writer can no longer append, and refuses damage anywhere
//     but in the last snapshot (the one before it and more of the log stand in).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/disk.h"
#include "ledger/ledger.h"
#include "log/log.h"

namespace bandstand::ledger {

struct JournalOptions {
  LedgerOptions ledger;
  std::string topic = "ledger";  ///< must exist; a record of it is 1 .. n ledger records back to back
  std::uint32_t partition = 0;
  std::string snapshots = "ledger-snapshots";  ///< directory
  std::uint64_t snapshot_records = 1'000'000;  ///< between two snapshots; 0: only on demand
};

/// What open() found.
struct RecoveryReport {
  std::uint64_t snapshot_sequence = 0;  ///< 0: none
  std::uint64_t snapshots_refused = 0;  ///< damaged, stepped over
  std::uint64_t replayed = 0;
  std::uint64_t leases_open = 0;
  std::uint64_t bids_known = 0;
};

/// One thread. A batch costs one write and one sync, whatever its size.
class Journal {
 public:
  /// Recovers and takes over. `log` and `disk` outlive the journal. Errors: `corrupt` (names what),
  /// `conflict` (a newer writer exists), and those of log and disk.
  static base::Result<std::unique_ptr<Journal>> open(log::Log& log, base::Disk& disk,
                                                     const JournalOptions& options, const Now& now);

  /// Executes the batch and waits until it is durable. The answers are in the order of the commands and hold
  /// until the next call. On an error no answer may leave.
  base::Result<std::span<const Answer>> run(std::span<const Command> batch, const Now& now);
  /// Time passes: reclaims, ends holds, retires, and takes a snapshot when one is due.
  base::Result<std::monostate> tick(const Now& now);
  /// Writes a snapshot now (write, sync, rename, sync directory; two are kept). Linear in the state. Errors:
  /// `exhausted` (disk full) puts it off and harms nothing; any other is final.
  base::Result<std::monostate> snapshot();

  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  [[nodiscard]] const RecoveryReport& recovery() const { return recovery_; }
  /// After the first error: stop granting, say so, restart.
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::uint64_t snapshots_put_off() const { return snapshots_put_off_; }

 private:
  Journal(base::Disk& disk, const JournalOptions& options)
      : disk_(disk), options_(options), ledger_(options.ledger) {}
  base::Result<std::monostate> recover(log::Log& log, const Now& now);
  base::Result<log::Offset> load_snapshot();
  base::Result<std::monostate> make_durable(bool sync = true);
  base::Result<std::monostate> fail_for_good(base::Error error);

  base::Disk& disk_;
  JournalOptions options_;
  Ledger ledger_;
  std::unique_ptr<log::Partition> partition_;
  std::vector<Answer> answers_;
  RecoveryReport recovery_;
  std::uint64_t snapshot_sequence_ = 0;
  std::uint64_t snapshots_put_off_ = 0;
  bool failed_ = false;
};

}  // namespace bandstand::ledger
