// fraud_learned: see the header.
#include "agents/fraud/fraud_learned.h"

#include "agents/agent_context.h"
#include "base/check.h"

namespace bandstand::agents::fraud {

FraudLearned::FraudLearned(std::unique_ptr<FraudRules> rules, FraudLearnedOptions options)
    : rules_(std::move(rules)), options_(options) {
  BANDSTAND_CHECK(rules_ != nullptr);
}

base::Result<domain::Decided<FraudAnswer>> FraudLearned::decide(const FraudInput& input,
                                                                AgentContext& context) {
  auto ruled = rules_->decide(input, context);
  Dossier dossier{};
  const bool blocked =
      watchlist_ != nullptr && watchlist_->look_up(parties_of(input.auction, input.user), context.now, dossier);
  features_ = features_of(dossier);
  const FraudModel* model = watchlist_ == nullptr ? nullptr : watchlist_->model.get();
  probability_ = model == nullptr ? 0 : model->probability(features_);
  if (!ruled) return ruled;
  domain::Decided<FraudAnswer> out = *ruled;
  out.policy = options_.policy;
  out.version = watchlist_ == nullptr ? 0 : watchlist_->version;  // each names what it was given, whoever found the answer
  if (ruled->value.verdict != Verdict::valid) return out;
  out.value.score = probability_;
  if (blocked && options_.by_block) {
    out.value = {Verdict::suspicious, Reason::blocked_party, 1.0f};
  } else if (model != nullptr && options_.by_model && probability_ >= model->refuse_from()) {
    out.value = {Verdict::suspicious, Reason::fraud_score, probability_};
  }
  return out;
}

}  // namespace bandstand::agents::fraud
