// market_snapshot: what is known of the prices of each market, immutable, to be read by all shards and kept with decisions.
//
// 1. Markets form a hierarchy: all; an exchange; exchange and media; exchange, media and size. A market that was never seen
//    is answered by the narrowest one above it that was.
// 2. "Price" is the price to beat: the highest competing bid or a hidden floor, whichever is more.
// 3. decode(encode(x)) answers every question with the same bits: laws are kept as 32-bit weights and derived from these.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agents/bid/bid_agent.h"
#include "agents/bid/landscape.h"
#include "base/result.h"

namespace bandstand::agents::bid {

/// 0.01 CPM to 124 CPM in steps of 3 %, in nanos per impression: 320 prices.
[[nodiscard]] PriceGrid market_grid();

enum class MarketLevel : std::uint8_t { all, exchange, media, size };
inline constexpr int kMarketLevels = 4;

/// The market that holds `key` at a level, as one number. The numbers of different levels differ.
[[nodiscard]] constexpr std::uint64_t market_code(const MarketKey& key, MarketLevel level) noexcept {
  std::uint64_t code = static_cast<std::uint64_t>(level) + 1;  // never 0
  if (level >= MarketLevel::exchange) code |= static_cast<std::uint64_t>(key.exchange) << 48;
  if (level >= MarketLevel::media) code |= static_cast<std::uint64_t>(key.media) << 40;
  if (level >= MarketLevel::size) code |= static_cast<std::uint64_t>(key.size) << 8;  // 32 bits, below media
  return code;
}

/// The textbook's Q table: expected surplus, as a share of worth, of bidding a share of worth.
struct QTable {
  static constexpr int kStates = 64;   ///< exchange (mod 4) and log2 of worth (16)
  static constexpr int kActions = 10;  ///< bid 10 %, 20 % .. 100 % of worth
  std::vector<float> values = std::vector<float>(kStates * kActions, 0.0f);

  [[nodiscard]] static int state_of(std::uint16_t exchange, double worth) noexcept;
  [[nodiscard]] float& at(int state, int action) { return values[static_cast<std::size_t>(state * kActions + action)]; }
  [[nodiscard]] float at(int state, int action) const { return values[static_cast<std::size_t>(state * kActions + action)]; }
};

class MarketSnapshot {
 public:
  struct Market {
    std::uint64_t code = 0;
    float weight = 0;            ///< auctions that it remembers
    std::vector<float> masses;   ///< one a bin of market_grid()
  };

  /// `markets` in any order; their codes are distinct.
  MarketSnapshot(std::uint32_t version, std::vector<Market> markets, QTable q_table);

  struct Law {
    const Landscape* landscape = nullptr;  ///< nullptr: nothing is known of any market
    MarketLevel level = MarketLevel::all;
    float weight = 0;
  };
  /// The narrowest market known; the answer points into this snapshot. At most four probes, about 20 ns.
  [[nodiscard]] Law law_of(const MarketKey& key) const noexcept;

  [[nodiscard]] std::uint32_t version() const { return version_; }
  [[nodiscard]] std::span<const Market> markets() const { return markets_; }
  [[nodiscard]] const QTable& q_table() const { return q_table_; }

  /// What one auction costs on average (won or not) at each of `worths` (nanos, rising; what an impression is worth in money):
  /// under first price the shaded bid times its chance, under second price the expected clearing price below it. Never falls.
  /// This is what the budget agent solves its shadow price on. About 150 ns a worth. Zeros if nothing is known.
  [[nodiscard]] std::vector<float> expected_costs(const MarketKey& key, std::uint8_t auction_type,
                                                  std::span<const double> worths) const;

  [[nodiscard]] std::string encode() const;
  /// Errors: `corrupt`.
  [[nodiscard]] static base::Result<std::shared_ptr<const MarketSnapshot>> decode(std::string_view bytes);

 private:
  [[nodiscard]] int find(std::uint64_t code) const noexcept;

  std::uint32_t version_;
  std::vector<Market> markets_;        ///< sorted by code
  std::vector<Landscape> landscapes_;  ///< beside markets_
  std::vector<std::int32_t> index_;    ///< open addressing into markets_; -1 = free
  QTable q_table_;
};

using MarketSnapshotPtr = std::shared_ptr<const MarketSnapshot>;

}  // namespace bandstand::agents::bid
