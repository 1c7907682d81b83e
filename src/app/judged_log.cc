// judged_log: an agent that answers as the log says and notes what another would have.
#include "app/judged_log.h"

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "agents/creative/creative_rules.h"
#include "orchestrator/policies.h"
#include "outcomes/rewards.h"

namespace bandstand::app {
namespace {

using agents::AgentContext;
using agents::creative::CreativeAgent;
using agents::creative::CreativeAnswer;
using agents::creative::CreativeInput;
using agents::creative::CreativeRules;
using agents::creative::ResponseBoard;

/// A choice of one decision: what the log's policy did, and how likely it and the judged one were to.
struct Choice {
  std::uint32_t line_item = 0, creative = 0;  ///< indexes
  float logged = 0, judged = 0;
};
using Choices = std::vector<Choice>;

class Watched final : public CreativeAgent {
 public:
  Watched(std::unique_ptr<CreativeAgent> logged, const CreativeRules& judged, base::WallTime from,
          Choices& choices)
      : logged_(std::move(logged)), judged_(judged), from_(from), choices_(choices) {}
  base::Result<domain::Decided<CreativeAnswer>> decide(const CreativeInput& input, AgentContext& context) override {
    auto decided = logged_->decide(input, context);
    if (decided && context.now >= from_) {
      const std::uint32_t creative = decided->value.creative;
      choices_.push_back({input.line_item, creative, decided->propensity, judged_.propensity(input, creative)});
    }
    return decided;
  }
  [[nodiscard]] CreativeAnswer outlook(std::uint32_t line_item) const override { return logged_->outlook(line_item); }

 private:
  std::unique_ptr<CreativeAgent> logged_;
  const CreativeRules& judged_;
  base::WallTime from_;
  Choices& choices_;
};

/// Takes the rounds in, decision by decision, and the rewards of their bids.
class Collector {
 public:
  void take(const Choices& choices, const std::vector<domain::BidFacts>& bids, const domain::Catalogue& catalogue) {
    const std::size_t first = reward_.size();
    for (const Choice& choice : choices) {
      out_.rounds.action.push_back(0);
      out_.rounds.propensity.push_back(static_cast<double>(choice.logged));
      out_.target.logged.push_back(static_cast<double>(choice.judged));
      reward_.push_back(0);
      keep_.push_back(1);
    }
    for (const auto& bid : bids) {
      const auto item = catalogue.line_item_index.at(bid.line_item.value);
      const auto creative = catalogue.creative_index.at(bid.creative.value);
      for (std::size_t i = 0; i < choices.size(); ++i) {
        if (choices[i].line_item != item || choices[i].creative != creative) continue;
        keep_[first + i] = 0;  // until its outcome is known
        if (!bid.suspicious && !bid.test) round_[bid.bid] = first + i;
        break;
      }
    }
  }
  void take(const domain::Outcome& outcome, const domain::LineItem& item) {
    const auto found = round_.find(outcome.facts.bid);
    if (found == round_.end()) return;
    reward_[found->second] += 1e-6 * static_cast<double>(outcomes::reward_added(outcome, item).value);
    if (outcome.kind == domain::Outcome::Kind::response || !outcome.won) keep_[found->second] = 1;
  }
  /// Rounds whose outcome is known.
  JudgedLog finish() {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < keep_.size(); ++i) {
      if (keep_[i] == 0) continue;
      out_.rounds.propensity[kept] = out_.rounds.propensity[i];
      out_.target.logged[kept] = out_.target.logged[i];
      reward_[kept++] = reward_[i];
    }
    out_.rounds.actions = 1;
    out_.rounds.action.resize(kept);
    out_.rounds.propensity.resize(kept);
    out_.target.logged.resize(kept);
    reward_.resize(kept);
    out_.rounds.reward = std::move(reward_);
    return std::move(out_);
  }

 private:
  JudgedLog out_;
  std::vector<double> reward_;
  std::vector<char> keep_;
  std::unordered_map<base::BidId, std::size_t> round_;
};

}  // namespace

base::Result<JudgedLog> judge_creative_log(log::Log& log, const serving::ServingSettings& settings, const TeamNames& names,
                                           const agents::creative::ResponseModelPtr& model, base::WallTime from) {
  CreativeRules judged(orchestrator::kCreativeLearned, CreativeRules::Options{});
  domain::CatalogueSnapshot catalogue;
  Choices choices;
  Collector collector;
  DecisionLogHooks hooks;
  hooks.on_team = [&](serving::ShardTeam& team, const serving::Published& published) {
    if (published.catalogue != catalogue) {
      catalogue = published.catalogue;
      judged.adopt(std::make_shared<ResponseBoard>(catalogue, model));
    }
    choices.clear();
    for (auto* agent : {&team.team().creative.baseline, &team.team().creative.challenger}) {
      if (*agent != nullptr) *agent = std::make_unique<Watched>(std::move(*agent), judged, from, choices);
    }
  };
  hooks.on_decision = [&](const std::vector<domain::BidFacts>& bids) {
    collector.take(choices, bids, *catalogue);
    choices.clear();
  };
  BANDSTAND_TRY(read, read_decision_log(log, settings, names, hooks));
  for (const domain::Outcome& outcome : read.outcomes) {
    const auto item = catalogue->line_item_index.find(outcome.facts.line_item.value);
    if (item != catalogue->line_item_index.end()) collector.take(outcome, catalogue->line_items[item->second]);
  }
  JudgedLog out = collector.finish();
  out.decisions = read.decisions;
  out.unreadable = read.unreadable;
  return out;
}

std::optional<base::WallTime> trained_until(std::string_view training) {
  const auto read = nlohmann::json::parse(training, nullptr, false);
  if (!read.is_object() || !read.contains("until_ns") || !read["until_ns"].is_number_integer()) return std::nullopt;
  return base::WallTime{read["until_ns"].get<std::int64_t>()};
}

}  // namespace bandstand::app
