// fraud_learned: see the header.
#include "agents/fraud/fraud_learned.h"

#include "agents/agent_context.h"
#include "base/check.h"

namespace bandstand::agents::fraud {

FraudLearned::FraudLearned(std::unique_ptr<FraudAgent> rules, FraudModelPtr model,
                           FraudLearnedOptions options)
    : rules_(std::move(rules)), model_(std::move(model)), options_(options) {
  BANDSTAND_CHECK(rules_ != nullptr && options.margin_over_price > 0);
}

base::Result<domain::Decided<FraudAnswer>> FraudLearned::decide(const FraudInput& input,
                                                                AgentContext& context) {
  auto ruled = rules_->decide(input, context);
  Dossier dossier{};
  bool blocked = false;
  if (watchlist_ != nullptr)
    blocked = watchlist_->look_up(parties_of(input.auction, input.user), context.now, dossier);
  features_ = features_of(dossier);
  probability_ = model_ == nullptr ? 0 : model_->probability(features_);
  if (!ruled || ruled->value.verdict != Verdict::valid) return ruled;
  domain::Decided<FraudAnswer> out = *ruled;
  out.policy = options_.policy;
  if (watchlist_ != nullptr) out.version = watchlist_->version();
  out.value.score = probability_;
  if (blocked && options_.by_block) {
    out.value = {Verdict::suspicious, Reason::blocked_party, 1.0f};
  } else if (model_ != nullptr && probability_ >= block_from(options_.margin_over_price)) {
    out.value = {Verdict::suspicious, Reason::fraud_score, probability_};
  }
  return out;
}

}  // namespace bandstand::agents::fraud
