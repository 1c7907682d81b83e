// market_tracker: the slow loop of the bid agent: folds what auctions revealed into the next market snapshot.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "agents/bid/landscape_estimator.h"
#include "agents/bid/market_snapshot.h"
#include "base/clock.h"
#include "domain/event.h"

namespace bandstand::agents::bid {

/// Learns, per market, the law of the price to beat. Every market leans on the one above it with the weight of
/// `prior_weight` auctions, so that a thin one starts as its parent and parts from it as evidence comes.
///
/// What is learned from what:
///   won, minimum to win known          the price to beat, exactly
///   won, second price                  the clearing price; at or below the floor: "at most the floor"
///   won, first price                   "at most our bid"
///   lost, 102 or 103 (outbid), or none "above our bid" (or the minimum to win, exactly)
///   lost, 100 or 101 (below a floor)   "above our bid": a hidden floor, counted apart
///   lost, any other code               nothing: a defect of ours or a filter, counted by code
///   silent                             as lost, where the exchange never sends losses; else nothing
/// Suspicious, test and fixed-price bids teach nothing. Control thread.
class MarketTracker {
 public:
  struct Options {
    double decay = 0.8;                  ///< what is kept of the past at the end of a window
    base::Duration window = std::chrono::seconds(60);
    double window_weight_min = 50;       ///< a market with less news than this in a window forgets nothing
    double prior_weight = 50;
    double root_weight = 20;             ///< of the flat prior under the market of all
    std::size_t markets_max = 1024;      ///< beyond, new narrow markets are answered by those above (counted)
    float q_rate = 0.1f;                 ///< learning rate of the textbook's table
  };
  explicit MarketTracker(Options options) : options_(options) {}

  /// Takes in an outcome of kind `price`; others are ignored. Neither won nor lost: the bid's life ended in silence.
  void observe(const domain::Outcome& outcome);
  /// Ends windows that are over. Call before publish().
  void advance(base::WallTime now);
  /// The present state; versions rise by one. Costs about 10 us a market that has news (with hidden prices 50 us).
  [[nodiscard]] MarketSnapshotPtr publish();
  [[nodiscard]] bool has_news() const { return news_; }

  struct Counts {
    std::uint64_t wins = 0, losses = 0, floors = 0, silent = 0, defects = 0, ignored = 0, crowded_out = 0;
    std::array<std::uint64_t, 256> by_loss_code{};
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

  /// Continues from a snapshot (a restart): its laws become what was seen, with the weight that they had.
  void restore(const MarketSnapshot& snapshot);
  /// The evidence behind the laws, as bytes with a checksum: some KB a market.
  [[nodiscard]] std::string encode() const;
  /// After restore(): evidence in the place of laws, so that learning goes on as if there had been no restart. `exchange_now`
  /// gives the number that an exchange has now, -1 if it is gone. Returns the number of markets. Errors: `corrupt` (nothing is
  /// changed).
  base::Result<std::size_t> restore_evidence(std::string_view bytes, const std::function<int(std::uint16_t)>& exchange_now);

 private:
  struct Market {
    LandscapeEstimator estimator;
    std::uint64_t parent = 0;
    double news = 0;             ///< auctions since the window began
    bool changed = true;
    std::vector<float> masses;   ///< of the last estimate
  };
  /// What an auction said of the price.
  enum class Evidence : std::uint8_t { nothing, exact, above, at_most };
  struct Reading {
    Evidence evidence = Evidence::nothing;
    std::int64_t amount = 0;
  };

  [[nodiscard]] Reading read(const domain::Outcome& outcome);
  [[nodiscard]] Reading read_win(const domain::Outcome& outcome) const;
  [[nodiscard]] Reading read_loss(const domain::Outcome& outcome);
  Market* market_at(const MarketKey& key, MarketLevel level);
  Market* market_of_code(std::uint64_t code);
  void learn_q(const domain::Outcome& outcome);

  Options options_;
  std::map<std::uint64_t, Market> markets_;  ///< ordered: publishing and replay visit them alike
  std::map<std::uint16_t, std::uint64_t> losses_told_;  ///< loss notices by exchange
  QTable q_table_;
  base::WallTime window_end_;
  std::uint32_t version_ = 0;
  bool news_ = false;
  Counts counts_;
};

/// The market of a bid.
[[nodiscard]] MarketKey market_of(const domain::BidFacts& facts) noexcept;

}  // namespace bandstand::agents::bid
