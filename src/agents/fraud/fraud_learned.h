// fraud_learned: the rules first; then what the slow loop has learned of the request's parties, by block or
// by model.
#pragma once

#include <memory>

#include "agents/fraud/fraud_agent.h"
#include "agents/fraud/fraud_model.h"
#include "agents/fraud/watchlist.h"

namespace bandstand::agents::fraud {

struct FraudLearnedOptions {
  bool by_block = true;  ///< refuses whose party the anomaly score has blocked
  /// With a model: refuses where P(fraud) * price > (1 - P) * margin, margin as a part of price. A fraud
  /// costs the price that is paid for nothing, a customer turned away what would have been earned by him.
  float margin_over_price = 4;
  domain::PolicyId policy;
};

/// The probability from which on a refusal is cheaper.
[[nodiscard]] constexpr float block_from(float margin_over_price) noexcept {
  return margin_over_price / (1 + margin_over_price);
}

/// Policies "score" (without a model) and "learned". One per shard.
class FraudLearned final : public FraudAgent {
 public:
  /// `rules` speak first. `model` may be nullptr.
  FraudLearned(std::unique_ptr<FraudAgent> rules, FraudModelPtr model, FraudLearnedOptions options = {});
  /// What the rules let pass costs about 0.3 us more: five look-ups and a dot product. No allocation.
  [[nodiscard]] base::Result<domain::Decided<FraudAnswer>> decide(const FraudInput& input,
                                                                  AgentContext& context) override;
  /// Between two requests.
  void set_watchlist(WatchlistPtr watchlist) { watchlist_ = std::move(watchlist); }
  /// Of the request decided last, for who trains or measures; also when the rules refused it.
  [[nodiscard]] const FraudFeatures& last_features() const { return features_; }
  [[nodiscard]] float last_probability() const { return probability_; }

 private:
  std::unique_ptr<FraudAgent> rules_;
  FraudModelPtr model_;
  FraudLearnedOptions options_;
  WatchlistPtr watchlist_;
  FraudFeatures features_{};
  float probability_ = 0;
};

}  // namespace bandstand::agents::fraud
