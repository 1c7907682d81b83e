// matcher: joins what exchanges and browsers report with the bid that it is about, inside time windows.
//
// 1. Any order and any repetition of the same events gives the same outcomes (an event is identified by bid and kind).
// 2. Every event ends as exactly one of: matched, repeated, late (its window had closed), unmatched (no such bid known).
// 3. Memory is bounded: bids_max bids; the oldest closes early when a new one needs its place (counted).
#pragma once

#include <cstdint>
#include <deque>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/event.h"

namespace bandstand::outcomes {

struct MatcherOptions {
  base::Duration notice_slack = std::chrono::seconds(60);   ///< after a bid's life, until it counts as never resolved
  base::Duration click_window = std::chrono::minutes(30);   ///< from the win or the impression
  base::Duration conversion_window = std::chrono::hours(24);///< from the click
  std::size_t bids_max = 1u << 20;
};

struct MatcherCounts {
  std::uint64_t bids = 0, matched = 0, repeated = 0, late = 0, unmatched = 0;
  std::uint64_t unresolved = 0;   ///< bids whose life ended without win, bill or loss
  std::uint64_t evicted = 0;      ///< closed early for want of room
};

/// What became of an event. `early`: its bid is not known yet; it waits for it for a moment.
enum class Join : std::uint8_t { matched, repeated, late, unmatched, early };

/// One thread, in the slow loop.
class Matcher {
 public:
  explicit Matcher(const MatcherOptions& options) : options_(options) {}

  /// A bid left. Events that came before it are joined now.
  void on_bid(const domain::BidFacts& facts, std::vector<domain::Outcome>& out);
  /// Something happened. `billed` is true if the ledger charged this event's bid at `event.price`.
  Join on_event(const domain::Event& event, bool billed, std::vector<domain::Outcome>& out);
  /// Closes what is due at `now`. Outcomes come in the order of their deadlines.
  void tick(base::WallTime now, std::vector<domain::Outcome>& out);

  /// The facts of a bid that is still open, or nullptr.
  [[nodiscard]] const domain::BidFacts* find(base::BidId bid) const;
  /// Open bids of this user are nobody's from here on: what follows is settled, and teaches nothing of a user. Returns how many.
  /// Linear in the open bids.
  std::size_t forget(domain::UserKey user);
  /// Has such an event of this bid come? False if the bid is not open.
  [[nodiscard]] bool has_seen(base::BidId bid, domain::EventKind kind) const;
  /// Open bids as bytes with a checksum, and back: a process that stops in order lets the next one go on. Some 200 bytes each.
  [[nodiscard]] std::string encode() const;
  /// Bids whose life ended before `now` without news are left out. Returns how many are open again. Errors: `corrupt` (nothing is
  /// changed).
  base::Result<std::size_t> restore(std::string_view bytes, base::WallTime now);

  [[nodiscard]] const MatcherCounts& counts() const { return counts_; }
  [[nodiscard]] std::size_t open() const { return entries_.size(); }

 private:
  enum class Phase : std::uint8_t { waiting, responding, converting };
  struct Entry {
    domain::Outcome outcome;
    std::uint32_t seen = 0;      ///< bit: EventKind
    Phase phase = Phase::waiting;
    bool priced = false;         ///< the price outcome is out
    base::WallTime due;
  };
  struct Deadline {
    base::WallTime at;
    base::BidId bid;
    friend bool operator>(const Deadline& a, const Deadline& b) {
      return a.at != b.at ? a.at > b.at : a.bid > b.bid;
    }
  };

  Join join(Entry& entry, const domain::Event& event, bool billed, std::vector<domain::Outcome>& out);
  void enter(Entry& entry, Phase phase, base::WallTime due);
  void close(base::BidId bid, Entry& entry, std::vector<domain::Outcome>& out);
  void emit(Entry& entry, domain::Outcome::Kind kind, std::vector<domain::Outcome>& out);

  MatcherOptions options_;
  MatcherCounts counts_;
  std::unordered_map<base::BidId, Entry> entries_;
  std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>> deadlines_;
  /// Events that came before their bid (the bid travels by another queue): kept for a moment.
  struct Early {
    domain::Event event;
    bool billed;
  };
  std::deque<Early> early_;
};

}  // namespace bandstand::outcomes
