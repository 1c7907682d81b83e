// bid_rules: the bid policies without a trained model: shaded value by default, and the textbook's for comparison.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "agents/bid/bid_agent.h"
#include "agents/bid/market_snapshot.h"

namespace bandstand::agents::bid {

/// How a price is named. `worth` is value / mu: what the impression is worth in money.
enum class BidPolicy : std::uint8_t {
  shaded,     ///< default: worth in a second-price auction; in a first-price one argmax (worth - b) F(b)
  truthful,   ///< worth, whatever the auction
  linear,     ///< a fixed share of worth
  tabular_q,  ///< textbook: epsilon-greedy over ten shares of worth, by a learned table
};
/// Their names, in the order of the enum: what settings and command lines take.
[[nodiscard]] std::span<const std::string_view> bid_policies() noexcept;
[[nodiscard]] std::optional<BidPolicy> bid_policy_named(std::string_view name) noexcept;

/// One per shard.
class BidRules final : public BidAgent {
 public:
  struct Options {
    BidPolicy policy = BidPolicy::shaded;
    double cold_share = 0.75;     ///< of worth, in first price, until a market is known by `cold_weight` auctions
    float cold_weight = 100;
    double linear_share = 0.6;
    /// Share of first-price bids that try a price between the shaded one and worth: without it, a law that is learned from
    /// one's own bids alone is never corrected upwards of them.
    double explore = 0.01;
    double q_epsilon = 0.1;
  };
  BidRules(domain::PolicyId id, Options options) : id_(id), options_(options) {}

  /// Between two requests: the laws to use from now on; nullptr = none.
  void install(MarketSnapshotPtr market) { market_ = std::move(market); }

  [[nodiscard]] base::Result<domain::Decided<BidAnswer>> decide(const BidInput& input, AgentContext& context) override;

 private:
  struct Choice {
    double price = 0;
    float propensity = 1;
  };
  [[nodiscard]] Choice shaded(const BidInput& input, double worth, const Landscape* law, base::Rng& rng) const;
  [[nodiscard]] Choice by_table(const BidInput& input, double worth, base::Rng& rng) const;

  domain::PolicyId id_;
  Options options_;
  MarketSnapshotPtr market_;
};

}  // namespace bandstand::agents::bid
