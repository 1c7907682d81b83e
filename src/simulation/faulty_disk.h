// faulty_disk: a disk in memory that loses what was not synced, tears, refuses, fills up and rots, all by one seed.
//
// Model, after LevelDB's FaultInjectionTestEnv and what Rebello et al. (ATC '20) found on ext4:
//  1. Reads see every write at once (page cache). Media see it at sync(); names at sync_directory() of their directory.
//  2. crash() keeps an arbitrary part of what was not synced, torn at any byte or any 512-byte sector, in any order.
//  3. A failed sync() marks the data clean: an arbitrary part reached the media, the rest is never written again by
//     itself, and is still what reads return until the crash.
//  4. Same seed, same calls, same faults.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/disk.h"
#include "base/rng.h"

namespace bandstand::simulation {

/// What may go wrong. Chances are per call, 0..1.
struct DiskFaults {
  double read_error = 0;
  double write_error = 0;     ///< nothing is written
  double short_write = 0;     ///< a prefix is written, then the call fails
  double sync_error = 0;      ///< see invariant 3
  double name_error = 0;      ///< open, rename, remove, list, make_directory, sync_directory, lock
  double space_error = 0;     ///< preallocate, truncate, size
  double rot = 0;             ///< a read first flips one stored bit of what it reads, for good
  std::uint64_t capacity_bytes = 0;  ///< sum of file sizes above which growth is `exhausted`; 0 = no limit
  std::uint64_t fail_at_call = 0;    ///< this call (1 = the next) fails, later ones do not; 0 = none
  std::uint64_t power_cut_at_call = 0;  ///< this call fails and so does every later one, until crash(); 0 = none
  base::Duration write_latency_mean{0};  ///< exponential; see take_latency()
  base::Duration sync_latency_mean{0};
};

/// What has happened since construction.
struct DiskCounters {
  std::uint64_t calls = 0;  ///< every call on the disk and its files
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
  std::uint64_t syncs = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t faults = 0;  ///< calls that were made to fail, full disk included
  std::uint64_t rotten_bits = 0;
  std::uint64_t crashes = 0;
  std::uint64_t torn_files = 0;  ///< files of which a crash kept only a part of what was not synced
};

/// One thread. Files of before a crash() answer `unavailable`.
class FaultyDisk final : public base::Disk {
 public:
  explicit FaultyDisk(std::uint64_t seed);
  ~FaultyDisk() override;
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  /// Takes effect with the next call; call numbers count from here.
  void set_faults(const DiskFaults& faults);
  /// Power cut and restart: what was not synced survives in part, as `rng` says; locks and handles are gone, and so are
  /// power_cut_at_call and fail_at_call. The other faults stay.
  void crash(base::Rng& rng);
  /// The same, but everything that was not synced is lost.
  void crash_losing_all();

  [[nodiscard]] const DiskCounters& counters() const { return counters_; }
  /// Time that the calls since the last take would have taken; the simulator adds it to its clock.
  base::Duration take_latency();

  /// Every file by its path, as reads see it.
  using Image = std::map<std::string, std::string>;
  [[nodiscard]] Image image() const;
  /// Makes the disk hold these files and no others, all of it safe from a crash.
  void set_image(const Image& image);
  /// A file as reads see it; empty if there is none.
  [[nodiscard]] std::string content(const std::string& path) const;

  base::Result<std::unique_ptr<base::File>> open(const std::string& path, base::Open mode) override;
  base::Result<std::monostate> rename(const std::string& from, const std::string& to) override;
  base::Result<std::monostate> remove(const std::string& path) override;
  base::Result<std::monostate> make_directory(const std::string& path) override;
  base::Result<std::monostate> sync_directory(const std::string& path) override;
  base::Result<std::vector<std::string>> list(const std::string& path) override;
  base::Result<std::unique_ptr<base::File>> lock(const std::string& path) override;

 private:
  friend class FaultyFile;
  struct Inode;
  /// A change of names that the media have not seen: afterwards `name` means `inode` (null: nothing), `gone` nothing.
  struct NameChange {
    std::string name;
    std::string gone;
    std::shared_ptr<Inode> inode;
    bool directory = false;
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;
  using Done = base::Result<std::monostate>;

  /// Counts a call; true if it has to fail now, be it by number, by chance or because the power is gone.
  bool must_fail(double chance);
  [[nodiscard]] bool has_room_for(std::uint64_t growth) const;
  void change_name(NameChange change);
  static void apply(const NameChange& change, Names& names, std::set<std::string>& directories);
  void crash_with(base::Rng* rng);

  base::Rng rng_;
  DiskFaults faults_;
  DiskCounters counters_;
  std::uint64_t calls_since_set_ = 0;
  std::uint64_t generation_ = 0;  ///< grows with every crash; handles of an older one are dead
  base::Duration latency_{0};
  Names names_;          ///< as seen now
  Names durable_names_;  ///< as on the media
  std::set<std::string> directories_;
  std::set<std::string> durable_directories_;
  std::map<std::string, std::vector<NameChange>> name_changes_;  ///< by directory, in order
  std::set<std::string> locked_;
};

}  // namespace bandstand::simulation
