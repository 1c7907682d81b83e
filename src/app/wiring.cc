// wiring: names to objects.
#include "app/wiring.h"

#include "agents/bid/bid_learned.h"
#include "agents/bid/bid_rules.h"
#include "agents/bid/control_policy.h"
#include "agents/budget/budget_rules.h"
#include "agents/creative/creative_rules.h"
#include "agents/creative/learned_response.h"
#include "agents/oversight/oversight_rules.h"
#include "agents/profile/profile_learned.h"
#include "agents/profile/profile_rules.h"
#include "agents/profile/sequence_model.h"
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
    case CreativePolicy::linucb: return orchestrator::kCreativeLinUcb;
    case CreativePolicy::squarecb: return orchestrator::kCreativeSquareCb;
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
    adopt_models(published);
    for (auto* agent : creatives_) agent->adopt(published.creative);
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
  /// An agent that leaves its seat is told no more.
  void forget(const void* agent) {
    const auto is_it = [&](const auto* one) { return static_cast<const void*>(one) == agent; };
    std::erase_if(creatives_, is_it);
    std::erase_if(bids_, is_it);
  }

  /// A seat's challenger is the model that operators rolled out (`learned` makes its policy), or else what the settings name
  /// (`by_name`; nullptr: nobody). A change of the rollout alone keeps the policy and its breaker.
  template <class Agent, class Learned, class ByName>
  void seat_model(orchestrator::Seat<Agent>& seat, serving::ModelAgent agent, const orchestrator::Rollout& named,
                  Learned learned, ByName by_name) {
    const serving::ServedModel& served = (*models_)[static_cast<std::size_t>(agent)];
    std::uint32_t& version = versions_[static_cast<std::size_t>(agent)];
    if (served.version != version) {
      version = served.version;
      forget(seat.challenger.get());
      seat.challenger = version != 0 ? learned(served) : by_name();
      seat.challenger_breaker = orchestrator::Breaker{};
    }
    seat.rollout = version != 0 ? served.rollout : named;
  }

  void adopt_models(const serving::Published& published) {
    if (published.models != nullptr && published.models != models_) {
      models_ = published.models;
      seat_model(
          team_.creative, serving::ModelAgent::creative, names_.creative_rollout,
          [&](const serving::ServedModel&) -> std::unique_ptr<agents::creative::CreativeAgent> {
            auto agent = std::make_unique<agents::creative::CreativeRules>(orchestrator::kCreativeLearned,
                                                                           agents::creative::CreativeRules::Options{});
            learned_creative_ = agent.get();
            return agent;
          },
          [&]() -> std::unique_ptr<agents::creative::CreativeAgent> {
            learned_creative_ = nullptr;
            return names_.creative_challenger.empty() ? nullptr : creative(names_.creative_challenger);
          });
      seat_model(
          team_.bid, serving::ModelAgent::bid, names_.bid_rollout,
          [&](const serving::ServedModel& served) -> std::unique_ptr<agents::bid::BidAgent> {
            auto agent = std::make_unique<agents::bid::BidLearned>(
                orchestrator::kBidLearned, agents::bid::BidRules(orchestrator::kBidShaded, {}), served.version);
            learned_bid_ = agent.get();
            return agent;
          },
          [&]() -> std::unique_ptr<agents::bid::BidAgent> {
            learned_bid_ = nullptr;
            return names_.bid_challenger.empty() ? nullptr : bid(names_.bid_challenger);
          });
      seat_model(
          team_.profile, serving::ModelAgent::profile, {},
          [](const serving::ServedModel& served) -> std::unique_ptr<agents::profile::ProfileAgent> {
            return std::make_unique<agents::profile::ProfileLearned>(orchestrator::kProfileSequence, served.version);
          },
          []() -> std::unique_ptr<agents::profile::ProfileAgent> { return nullptr; });
      seat_model(
          team_.fraud, serving::ModelAgent::fraud, {},
          [&](const serving::ServedModel&) -> std::unique_ptr<agents::fraud::FraudAgent> {
            auto agent = watching(true);
            learned_fraud_ = agent.get();
            return agent;
          },
          [&]() -> std::unique_ptr<agents::fraud::FraudAgent> {
            learned_fraud_ = nullptr;
            return nullptr;
          });
    }
    if (learned_creative_ != nullptr) learned_creative_->adopt(published.creative_learned);
    if (learned_bid_ != nullptr) learned_bid_->install(published.market);
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
  agents::budget::BudgetRules* budget_ = nullptr;
  agents::oversight::OversightRules* oversight_ = nullptr;
  std::vector<agents::creative::CreativeRules*> creatives_;
  std::vector<agents::bid::BidRules*> bids_;
  std::shared_ptr<const serving::ServedModels> models_;
  std::array<std::uint32_t, serving::kModelAgents> versions_{};  ///< of the models that sit
  agents::bid::BidLearned* learned_bid_ = nullptr;
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
    case serving::ModelAgent::bid: {
      BANDSTAND_TRY(read, agents::bid::ControlPolicy::from(file, agents::bid::kResidualModel));
      return std::shared_ptr<const agents::LearnedModel>(read);
    }
    case serving::ModelAgent::fraud: {
      BANDSTAND_TRY(read, agents::fraud::FraudModel::from(file));
      return std::shared_ptr<const agents::LearnedModel>(std::make_shared<agents::fraud::FraudModel>(read));
    }
    case serving::ModelAgent::profile: {
      BANDSTAND_TRY(read, agents::profile::sequence_model(file));
      return std::shared_ptr<const agents::LearnedModel>(read);
    }
    case serving::ModelAgent::count_: break;
  }
  return base::fail(base::Code::invalid_input, "this agent has no learned policy yet");
}

std::unique_ptr<serving::ShardTeam> make_team(const serving::ServingSettings& settings,
                                              const TeamNames& names) {
  return std::make_unique<StandardTeam>(settings, names);
}

}  // namespace bandstand::app
