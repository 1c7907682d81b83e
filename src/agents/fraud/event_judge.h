// event_judge: does an event look like a person's doing? Marks, with a reason; never drops, never forgets to pass on.
//
// 1. Slow loop: one owner, events in the order of the log. The same events in the same order give the same
// marks.
// 2. Fixed memory: bids and parties live in tables of four-entry sets, where the oldest of a set makes room.
// 3. Thresholds are private to the installation: nothing outside can see which rule spoke before the report
// does.
#pragma once

#include <cstdint>
#include <vector>

#include "agents/fraud/fraud_agent.h"
#include "base/clock.h"
#include "domain/event.h"

namespace bandstand::agents::fraud {

struct JudgeOptions {
  std::uint32_t bids_kept = 1 << 16;     ///< a power of two; 48 bytes each
  std::uint32_t parties_kept = 1 << 14;  ///< placements and users, a power of two; 32 bytes each
  std::int64_t click_after_ms_min =
      300;  ///< a click sooner than this after the impression was made by no hand
  std::uint16_t clicks_of_a_bid_max = 3;  ///< further ones are repeated events
  /// Click rates: suspicious where the chance of at least so many clicks is below 10^-this, by the Chernoff
  /// bound.
  double improbable = 6;
  std::uint32_t clicks_min = 4;     ///< fewer say nothing
  double click_rate_prior = 0.002;  ///< before 10,000 impressions of its own have been seen
  double click_rate_factor = 5;  ///< what is usual is at most this times the average (some places are good)
};

/// A mark for an event, or none.
struct Mark {
  bool suspicious = false;
  Reason reason = Reason::none;
};

class EventJudge {
 public:
  explicit EventJudge(JudgeOptions options = {});

  /// Learns of the event and judges it. `placement` is a hash of exchange and tag id, 0 = not known. About
  /// 0.2 us.
  Mark judge(const domain::Event& event, std::uint64_t placement);

  /// Sets suspicious and suspicion (a Reason). What came suspicious stays so, with its own reason if it had
  /// one.
  void mark(domain::Event& event, std::uint64_t placement) {
    const Mark found = judge(event, placement);
    if (!found.suspicious) return;
    if (!event.suspicious || event.suspicion == 0) event.suspicion = static_cast<std::uint8_t>(found.reason);
    event.suspicious = true;
  }

  [[nodiscard]] double click_rate() const noexcept;
  [[nodiscard]] std::size_t bytes() const {
    return bids_.size() * sizeof(Bid) + parties_.size() * sizeof(Party);
  }

 private:
  static constexpr std::uint32_t kWays = 4;
  struct Bid {
    std::uint64_t hi = 0, lo = 0;
    std::int64_t impression_ns = 0;  ///< 0 = none seen
    std::int64_t touched_ns = 0;
    std::uint32_t kinds = 0;  ///< bit of each kind seen
    std::uint16_t clicks = 0;
  };
  struct Party {
    std::uint64_t key = 0;
    std::int64_t touched_ns = 0;
    std::uint32_t impressions = 0, clicks = 0;
  };

  Bid& bid_of(const domain::Event& event);
  Party& party_of(std::uint64_t key, base::WallTime at);
  bool clicks_too_often(std::uint64_t key, const domain::Event& event);

  JudgeOptions options_;
  std::vector<Bid> bids_;
  std::vector<Party> parties_;
  std::uint64_t impressions_ = 0, clicks_ = 0;  ///< unsuspicious ones, halved now and then
};

/// Chernoff's bound on the chance of at least `hits` of `trials` at rate `rate`: exp(-trials * KL(hits/trials
/// || rate)); 1 where hits/trials <= rate. As a base-10 exponent: 6 means 10^-6. (Hoeffding, 1963, theorem
/// 1.)
double improbability(std::uint64_t hits, std::uint64_t trials, double rate) noexcept;

}  // namespace bandstand::agents::fraud
