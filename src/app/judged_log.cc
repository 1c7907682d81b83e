// judged_log: an agent that answers as the log says and notes what another would have.
#include "app/judged_log.h"

#include <map>
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

/// What the judged policy thought of the choices of one decision: (line item, creative), by index, to its probability.
using Notes = std::map<std::pair<std::uint32_t, std::uint32_t>, float>;

class Watched final : public CreativeAgent {
 public:
  Watched(std::unique_ptr<CreativeAgent> logged, const CreativeRules& judged, Notes& notes)
      : logged_(std::move(logged)), judged_(judged), notes_(notes) {}
  base::Result<domain::Decided<CreativeAnswer>> decide(const CreativeInput& input, AgentContext& context) override {
    auto decided = logged_->decide(input, context);
    if (decided)
      notes_[{input.line_item, decided->value.creative}] = judged_.propensity(input, decided->value.creative);
    return decided;
  }
  [[nodiscard]] CreativeAnswer outlook(std::uint32_t line_item) const override { return logged_->outlook(line_item); }

 private:
  std::unique_ptr<CreativeAgent> logged_;
  const CreativeRules& judged_;
  Notes& notes_;
};

struct Bid {
  float logged = 0, judged = 0;
  double reward = 0;
  bool closed = false;
};

}  // namespace

base::Result<JudgedLog> judge_creative_log(log::Log& log, const serving::ServingSettings& settings, const TeamNames& names,
                                           const agents::creative::ResponseModelPtr& model) {
  CreativeRules judged(orchestrator::kCreativeLearned, CreativeRules::Options{});
  domain::CatalogueSnapshot catalogue;
  Notes notes;
  std::unordered_map<base::BidId, Bid> bids;
  const auto watch = [&](serving::ShardTeam& team, const serving::Published& published) {
    if (published.catalogue != catalogue) {
      catalogue = published.catalogue;
      judged.adopt(std::make_shared<ResponseBoard>(catalogue, model));
    }
    for (auto* agent : {&team.team().creative.baseline, &team.team().creative.challenger}) {
      if (*agent != nullptr) *agent = std::make_unique<Watched>(std::move(*agent), judged, notes);
    }
  };
  const auto note = [&](const std::vector<domain::BidFacts>& facts) {
    for (const auto& bid : facts) {
      const auto item = catalogue->line_item_index.at(bid.line_item.value);
      const auto found = notes.find({item, catalogue->creative_index.at(bid.creative.value)});
      if (found == notes.end() || bid.suspicious || bid.test) continue;  // a fallback chose, or nobody learns from it
      bids[bid.bid] = {bid.propensity, found->second};
    }
    notes.clear();
  };
  BANDSTAND_TRY(read, read_decision_log(log, settings, names, watch, note));
  for (const domain::Outcome& outcome : read.outcomes) {
    const auto found = bids.find(outcome.facts.bid);
    const auto item = catalogue->line_item_index.find(outcome.facts.line_item.value);
    if (found == bids.end() || item == catalogue->line_item_index.end()) continue;
    Bid& bid = found->second;
    const auto added = outcomes::reward_added(outcome, catalogue->line_items[item->second]);
    bid.reward += 1e-6 * static_cast<double>(added.value);
    bid.closed = bid.closed || outcome.kind == domain::Outcome::Kind::response || !outcome.won;
  }
  JudgedLog out;
  out.decisions = read.decisions;
  out.unreadable = read.unreadable;
  out.rounds.actions = 1;
  std::map<base::BidId, Bid> sorted(bids.begin(), bids.end());  // the order of a hash table is nobody's business
  for (const auto& [id, bid] : sorted) {
    if (!bid.closed) continue;
    out.rounds.action.push_back(0);
    out.rounds.propensity.push_back(static_cast<double>(bid.logged));
    out.rounds.reward.push_back(bid.reward);
    out.target.logged.push_back(static_cast<double>(bid.judged));
  }
  return out;
}

}  // namespace bandstand::app
