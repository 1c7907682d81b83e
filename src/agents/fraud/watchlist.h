// watchlist: what the slow loop knows of parties, and whom it has blocked: a snapshot for the shards.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "agents/fraud/evidence.h"
#include "base/clock.h"

namespace bandstand::agents::fraud {

struct WatchEntry {
  std::uint64_t key = 0;
  std::int64_t blocked_until_ns = 0;  ///< 0: not blocked
  Evidence evidence{};
};

/// Immutable; share it between threads. Open addressing at half load: 128 bytes a party.
class Watchlist {
 public:
  explicit Watchlist(const std::vector<WatchEntry>& entries, std::uint32_t version);

  /// nullptr if nothing is known. One or two cache lines.
  [[nodiscard]] const WatchEntry* find(std::uint64_t key) const noexcept {
    if (key == 0) return nullptr;
    for (std::size_t at = key >> 7 & mask_;; at = (at + 1) & mask_) {
      if (slots_[at].key == key) return &slots_[at];
      if (slots_[at].key == 0) return nullptr;
    }
  }
  /// What is known of all parties of a request; true if one of them is blocked at `now`.
  bool look_up(const Parties& parties, base::WallTime now, Dossier& out) const noexcept {
    bool blocked = false;
    for (std::size_t i = 0; i < kPartyKinds; ++i) {
      const WatchEntry* entry = find(parties[i]);
      if (entry == nullptr) continue;
      out[i] = entry->evidence;
      blocked = blocked || entry->blocked_until_ns > now.ns;
    }
    return blocked;
  }
  [[nodiscard]] std::uint32_t version() const { return version_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const { return slots_.size() * sizeof(WatchEntry); }

 private:
  std::vector<WatchEntry> slots_;
  std::size_t mask_ = 0, size_ = 0;
  std::uint32_t version_ = 0;
};
using WatchlistPtr = std::shared_ptr<const Watchlist>;

}  // namespace bandstand::agents::fraud
