// world_report: what the world saw of Bandstand: answers, auctions, latency, money, responses; as text and as
// JSON.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "simulation/attacks.h"
#include "simulation/exchange_account.h"

namespace bandstand::simulation {

/// Latencies in buckets 2 % wide, from 1 us to 100 s. 8 KB; 5 ns to add.
class LatencyHistogram {
 public:
  void add(base::Duration latency);
  /// Upper edge of the bucket that holds the quantile; 0 if empty.
  [[nodiscard]] base::Duration quantile(double q) const;
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  std::array<std::uint64_t, 1024> buckets_{};
  std::uint64_t count_ = 0;
};

struct ExchangeReport {
  std::uint64_t requests = 0, not_taken = 0, no_answer = 0, answers = 0, late = 0, malformed = 0;
  std::map<int, std::uint64_t> by_status;
  std::map<std::string, std::uint64_t> losses;  ///< bids by loss reason
  std::uint64_t impressions = 0;                ///< offered
  std::uint64_t responses_with_bids = 0, bids = 0, wins = 0;
  std::uint64_t rendered = 0;
  base::Nanos bid_sum, win_sum;  ///< of the prices bid, and of the prices of wins
};

struct WorldReport {
  double seconds = 0;  ///< of the world's time
  std::array<ExchangeReport, 2> exchange;
  std::array<std::uint64_t, 8> notices{};  ///< sent, by NoticeKind
  std::map<int, std::uint64_t> notices_by_status;
  std::uint64_t notices_lost = 0, notices_duplicated = 0, notices_late = 0, acknowledgements_lost = 0;
  LatencyHistogram bid_latency, notice_latency;
  std::uint64_t human_impressions = 0, human_clicks = 0, bot_impressions = 0, bot_clicks = 0;
  double click_probability = 0;  ///< sum of the true chances over human impressions
  double click_probability_best =
      0;  ///< of the best creative that would have fitted in its place (clairvoyant)
  std::array<AttackFigures, kAttackKinds> attacks{};  ///< by AttackKind; not in the lines above
  std::vector<AttackBill> attack_bills;               ///< in the order of their acknowledgement
  ExchangeAccount account;

  [[nodiscard]] ExchangeReport total() const;
  [[nodiscard]] std::string print() const;
  [[nodiscard]] std::string json() const;
};

}  // namespace bandstand::simulation
