// watchlist: what the slow loop knows of parties, whom it has blocked and by which model it judges: a snapshot for the shards,
// and what of it changed, for the log.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agents/fraud/evidence.h"
#include "agents/fraud/fraud_model.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/rng.h"

namespace bandstand::agents::fraud {

/// Evidence, a byte a fact, at most .05 off where it says most: lists, shards and the log have the same.
using Marks = std::array<std::int8_t, kFacts>;
[[nodiscard]] Marks marks_of(const Evidence& evidence) noexcept;
[[nodiscard]] Evidence evidence_of(const Marks& marks) noexcept;

struct WatchEntry {
  std::uint64_t key = 0;
  std::int64_t blocked_until_ns = 0;  ///< 0: not blocked
  Marks marks{};
  bool operator==(const WatchEntry&) const = default;
};

/// Open addressing at half load at most: 64 bytes a party or a little more. Immutable once it is shared.
class Watchlist {
 public:
  explicit Watchlist(std::size_t expected = 0);
  Watchlist(std::span<const WatchEntry> entries, std::uint32_t version, FraudModelPtr model = nullptr);

  /// Replaces the entry of that key.
  void add(const WatchEntry& entry);
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
      out[i] = evidence_of(entry->marks);
      blocked = blocked || entry->blocked_until_ns > now.ns;
    }
    return blocked;
  }
  /// Entries and gaps (key 0), to be walked through.
  [[nodiscard]] std::span<const WatchEntry> slots() const { return slots_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t bytes() const { return slots_.size() * sizeof(WatchEntry); }

  std::uint32_t version = 0;
  FraudModelPtr model;  ///< judges by it; nullptr: blocks alone do

 private:
  WatchEntry& slot_of(std::uint64_t key);

  std::vector<WatchEntry> slots_;
  std::size_t mask_ = 0, size_ = 0;
};
using WatchlistPtr = std::shared_ptr<const Watchlist>;

/// What the log keeps of a list. Besides what changed each names the 64th part of all entries whose turn it is, so that a list is
/// what the last 64 of these say together, or all since the watch began; the latest word on a key counts.
struct WatchChanges {
  static constexpr std::uint32_t kTurns = 64;
  /// Changes beyond wait for the next list: a record of the log has at most 1 MiB.
  static constexpr std::size_t kEntriesMax = 30'000;

  /// Is it this entry's turn to be named in the list of that version?
  [[nodiscard]] static bool has_turn(std::uint64_t key, std::uint32_t version) noexcept {
    return base::mix64(key) % kTurns == version % kTurns;
  }

  std::uint32_t version = 0;
  std::uint32_t age = 0;            ///< lists since the watch began, this one with them
  std::uint32_t model_version = 0;  ///< of the topic "models"; 0: none
  std::vector<WatchEntry> entries;  ///< neither blocked nor marked: no longer in the list

  /// 30 bytes an entry.
  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static base::Result<WatchChanges> decode(std::string_view bytes);
};

}  // namespace bandstand::agents::fraud
