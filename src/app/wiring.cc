// wiring: names to objects.
#include "app/wiring.h"

#include "agents/bid/bid_rules.h"
#include "agents/budget/budget_rules.h"
#include "agents/creative/creative_rules.h"
#include "agents/creative/learned_response.h"
#include "agents/oversight/oversight_rules.h"
#include "agents/profile/profile_rules.h"
#include "agents/targeting/targeting_rules.h"
#include "agents/targeting/targeting_scan.h"
#include "orchestrator/policies.h"

namespace bandstand::app {
namespace {

using agents::bid::BidPolicy;
using agents::creative::CreativePolicy;

domain::PolicyId id_of(CreativePolicy policy) {
  switch (policy) {
    case CreativePolicy::thompson: return orchestrator::kCreativeThompson;
    case CreativePolicy::epsilon_greedy: return orchestrator::kCreativeEpsilonGreedy;
    case CreativePolicy::greedy: return orchestrator::kCreativeGreedy;
    case CreativePolicy::random: return orchestrator::kCreativeRandom;
  }
  return {};
}

domain::PolicyId id_of(BidPolicy policy) {
  switch (policy) {
    case BidPolicy::shaded: return orchestrator::kBidShaded;
    case BidPolicy::truthful: return orchestrator::kBidTruthful;
    case BidPolicy::linear: return orchestrator::kBidLinear;
    case BidPolicy::tabular_q: return orchestrator::kBidTabularQ;
  }
  return {};
}

class StandardTeam final : public serving::ShardTeam {
 public:
  StandardTeam(const serving::ServingSettings& settings, const TeamNames& names)
      : settings_(settings), names_(names) {
    lists_ = names.fraud_lists != nullptr ? names.fraud_lists : agents::fraud::FraudLists::built_in();
    if (names.fraud == "rules") {
      auto rules = fraud_rules();
      fraud_ = rules.get();
      team_.fraud.baseline = std::move(rules);
    } else {
      auto agent = watching(names.fraud == "learned");
      watching_ = agent.get();
      team_.fraud.baseline = std::move(agent);
    }
    team_.profile.baseline = std::make_unique<agents::profile::ProfileRules>(orchestrator::kProfileRules);
    auto budget = std::make_unique<agents::budget::BudgetRules>(orchestrator::kBudgetRules);
    budget_ = budget.get();
    team_.budget.baseline = std::move(budget);
    team_.creative.baseline = creative(names.creative);
    team_.bid.baseline = bid(names.bid);
    if (!names.creative_challenger.empty()) {
      team_.creative.challenger = creative(names.creative_challenger);
      team_.creative.rollout = names.creative_rollout;
    }
    if (!names.bid_challenger.empty()) {
      team_.bid.challenger = bid(names.bid_challenger);
      team_.bid.rollout = names.bid_rollout;
    }
    auto oversight = std::make_unique<agents::oversight::OversightRules>(
        std::make_shared<agents::oversight::OversightSnapshot>());
    oversight_ = oversight.get();
    team_.oversight.baseline = std::move(oversight);
  }

  orchestrator::Team& team() override { return team_; }

  void adopt(const serving::Published& published) override {
    if (published.catalogue != catalogue_) {
      catalogue_ = published.catalogue;
      team_.targeting.baseline = targeting(published);
    }
    if (published.fraud != nullptr && published.fraud != lists_) {
      lists_ = published.fraud;
      if (fraud_ != nullptr) fraud_->set_lists(lists_);
      for (auto* agent : {watching_, learned_fraud_}) {
        if (agent != nullptr) agent->set_lists(lists_);
      }
    }
    budget_->adopt(published.pacing);
    for (auto* agent : creatives_) agent->adopt(published.creative);
    adopt_models(published);
    for (auto* agent : {watching_, learned_fraud_}) {
      if (agent != nullptr) agent->set_watchlist(published.watchlist);
    }
    for (auto* agent : bids_) agent->install(published.market);
    if (published.oversight != nullptr) {
      auto snapshot = std::make_shared<agents::oversight::OversightSnapshot>(*published.oversight);
      snapshot->options.policy = orchestrator::kOversightRules;
      oversight_->set_snapshot(std::move(snapshot));
    }
  }

 private:
  /// A seat's challenger is the model that operators rolled out, or else the one that the settings name.
  void adopt_models(const serving::Published& published) {
    if (published.models != nullptr && published.models != models_) {
      models_ = published.models;
      const auto& creative_model = (*models_)[static_cast<std::size_t>(serving::ModelAgent::creative)];
      if (creative_model.version != creative_version_) {
        creative_version_ = creative_model.version;
        std::erase_if(creatives_, [&](auto* agent) { return agent == team_.creative.challenger.get(); });
        learned_creative_ = nullptr;
        team_.creative.challenger = nullptr;
        team_.creative.challenger_breaker = orchestrator::Breaker{};
        if (creative_version_ != 0) {
          auto agent = std::make_unique<agents::creative::CreativeRules>(orchestrator::kCreativeLearned,
                                                                         agents::creative::CreativeRules::Options{});
          learned_creative_ = agent.get();
          team_.creative.challenger = std::move(agent);
        } else if (!names_.creative_challenger.empty()) {
          team_.creative.challenger = creative(names_.creative_challenger);
          creatives_.back()->adopt(published.creative);
        }
      }
      const auto& fraud_model = (*models_)[static_cast<std::size_t>(serving::ModelAgent::fraud)];
      if (fraud_model.version != fraud_version_) {
        fraud_version_ = fraud_model.version;
        auto agent = fraud_version_ == 0 ? nullptr : watching(true);
        learned_fraud_ = agent.get();
        team_.fraud.challenger = std::move(agent);
        team_.fraud.challenger_breaker = orchestrator::Breaker{};
      }
      team_.fraud.rollout = fraud_model.rollout;
      team_.creative.rollout = creative_version_ != 0 ? creative_model.rollout : names_.creative_rollout;
    }
    if (learned_creative_ != nullptr) learned_creative_->adopt(published.creative_learned);
  }

  [[nodiscard]] std::unique_ptr<agents::fraud::FraudRules> fraud_rules() const {
    agents::fraud::FraudOptions options;
    options.salt = settings_.user_salt;
    options.policy = orchestrator::kFraudRules;
    return std::make_unique<agents::fraud::FraudRules>(lists_, options);
  }
  /// By the model of the watchlist, or by its blocks.
  [[nodiscard]] std::unique_ptr<agents::fraud::FraudLearned> watching(bool learned) const {
    agents::fraud::FraudLearnedOptions options;
    options.by_model = learned;
    options.by_block = !learned;
    options.policy = learned ? orchestrator::kFraudLearned : orchestrator::kFraudScore;
    return std::make_unique<agents::fraud::FraudLearned>(fraud_rules(), options);
  }

  std::unique_ptr<agents::targeting::TargetingAgent> targeting(const serving::Published& published) {
    if (names_.targeting == "index")
      return std::make_unique<agents::targeting::TargetingRules>(published.targeting);
    agents::targeting::TargetingOptions options;
    for (const auto& exchange : settings_.exchanges) options.seats.push_back(exchange.seat);
    options.policy = orchestrator::kTargetingScan;
    return std::make_unique<agents::targeting::TargetingScan>(published.catalogue, options);
  }

  std::unique_ptr<agents::creative::CreativeAgent> creative(const std::string& name) {
    const auto policy = agents::creative::creative_policy_named(name).value_or(CreativePolicy::thompson);
    agents::creative::CreativeRules::Options options;
    options.policy = policy;
    auto agent = std::make_unique<agents::creative::CreativeRules>(id_of(policy), options);
    creatives_.push_back(agent.get());
    return agent;
  }

  std::unique_ptr<agents::bid::BidAgent> bid(const std::string& name) {
    const auto policy = agents::bid::bid_policy_named(name).value_or(BidPolicy::shaded);
    agents::bid::BidRules::Options options;
    options.policy = policy;
    auto agent = std::make_unique<agents::bid::BidRules>(id_of(policy), options);
    bids_.push_back(agent.get());
    return agent;
  }

  const serving::ServingSettings& settings_;
  TeamNames names_;
  orchestrator::Team team_;
  domain::CatalogueSnapshot catalogue_;
  std::shared_ptr<const agents::fraud::FraudLists> lists_;
  agents::fraud::FraudRules* fraud_ = nullptr;
  agents::fraud::FraudLearned* watching_ = nullptr;
  agents::fraud::FraudLearned* learned_fraud_ = nullptr;
  std::uint32_t fraud_version_ = 0;
  agents::budget::BudgetRules* budget_ = nullptr;
  agents::oversight::OversightRules* oversight_ = nullptr;
  std::vector<agents::creative::CreativeRules*> creatives_;
  std::vector<agents::bid::BidRules*> bids_;
  std::shared_ptr<const serving::ServedModels> models_;
  std::uint32_t creative_version_ = 0;
  agents::creative::CreativeRules* learned_creative_ = nullptr;
};

}  // namespace

std::vector<std::string> unknown_policies(const TeamNames& names) {
  std::vector<std::string> out;
  const auto check = [&](bool known, const char* agent, const std::string& name,
                         std::span<const std::string_view> choices) {
    if (known || name.empty()) return;
    std::string text = std::string(agent) + ": there is no policy '" + name + "'; choose ";
    for (std::size_t i = 0; i < choices.size(); ++i) {
      if (i > 0) text += i + 1 < choices.size() ? ", " : " or ";
      text += choices[i];
    }
    out.push_back(text);
  };
  static constexpr std::string_view kFraud[] = {"rules", "score", "learned"};
  check(names.fraud == "rules" || names.fraud == "score" || names.fraud == "learned", "fraud", names.fraud, kFraud);
  static constexpr std::string_view kTargeting[] = {"index", "scan"};
  check(names.targeting == "index" || names.targeting == "scan", "targeting", names.targeting, kTargeting);
  for (const auto& name : {names.creative, names.creative_challenger}) {
    check(agents::creative::creative_policy_named(name).has_value(), "creative", name,
          agents::creative::creative_policies());
  }
  for (const auto& name : {names.bid, names.bid_challenger})
    check(agents::bid::bid_policy_named(name).has_value(), "bid", name, agents::bid::bid_policies());
  return out;
}

base::Result<std::shared_ptr<const agents::LearnedModel>> read_learned(serving::ModelAgent agent,
                                                                      const model::ModelFile& file) {
  switch (agent) {
    case serving::ModelAgent::creative: {
      BANDSTAND_TRY(read, agents::creative::learned_response(file));
      return std::shared_ptr<const agents::LearnedModel>(read);
    }
    case serving::ModelAgent::fraud: {
      BANDSTAND_TRY(read, agents::fraud::FraudModel::from(file));
      return std::shared_ptr<const agents::LearnedModel>(std::make_shared<agents::fraud::FraudModel>(read));
    }
    case serving::ModelAgent::bid:
    case serving::ModelAgent::count_: break;
  }
  return base::fail(base::Code::invalid_input, "this agent has no learned policy yet");
}

std::unique_ptr<serving::ShardTeam> make_team(const serving::ServingSettings& settings,
                                              const TeamNames& names) {
  return std::make_unique<StandardTeam>(settings, names);
}

}  // namespace bandstand::app
