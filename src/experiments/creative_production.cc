// creative_production: one line item, one kind of user.
#include "experiments/creative_production.h"

#include "agents/creative/creative_tracker.h"
#include "agents/creative/creative_world.h"

namespace bandstand::experiments {
namespace {

using agents::creative::CreativeRules;
using agents::creative::CreativeTracker;

constexpr std::string_view kPrefix = "production_";

class ProductionBandit final : public CreativeBandit {
 public:
  ProductionBandit(const CreativeRules::Options& policy, std::span<const std::vector<std::string>> attributes)
      : rules_(domain::PolicyId{1}, policy), tracker_(CreativeTracker::Options{}), catalogue_(catalogue_of(attributes)) {
    tracker_.adopt(catalogue_);
  }

  CreativeChoice choose(std::uint32_t, base::Rng& chance) override {
    agents::AgentContext context{.now = {}, .rng = chance, .arena = arena_};
    const auto decided = rules_.decide({response_, 0, catalogue_->line_items[0].creatives}, context).value();
    return {decided.value.creative, decided.propensity};
  }
  void learn(std::uint32_t, std::uint32_t arm, bool clicked) override {
    tracker_.observe(agents::creative::outcome_of(response_, arm, clicked));
  }
  void refresh() override {
    rules_.adopt(std::make_shared<const agents::creative::ResponseBoard>(catalogue_, tracker_.publish()));
  }

 private:
  CreativeRules rules_;
  CreativeTracker tracker_;
  domain::CatalogueSnapshot catalogue_;
  domain::Auction auction_;
  domain::Impression impression_;
  agents::creative::ResponseContext response_{auction_, impression_, 0, 0, 0};
  base::Arena arena_;
};

}  // namespace

std::vector<std::string> production_names() {
  std::vector<std::string> names;
  for (const std::string_view name : agents::creative::creative_policies()) {
    names.push_back(std::string(kPrefix) + std::string(name));
  }
  return names;
}

std::optional<CreativeRules::Options> production_named(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const auto policy = agents::creative::creative_policy_named(name.substr(kPrefix.size()));
  if (!policy) return std::nullopt;
  return CreativeRules::Options{.policy = *policy};
}

domain::CatalogueSnapshot catalogue_of(std::span<const std::vector<std::string>> attributes) {
  auto catalogue = std::make_shared<domain::Catalogue>();
  catalogue->advertisers.emplace_back();
  catalogue->campaigns.emplace_back();
  domain::LineItem item;
  item.id = {1};
  for (std::uint32_t i = 0; i < attributes.size(); ++i) {
    domain::Creative creative;
    creative.id = {i + 1};
    creative.size = {300, 250};
    creative.features = attributes[i];
    catalogue->creative_index[i + 1] = i;
    catalogue->creatives.push_back(creative);
    item.creatives.push_back(i);
  }
  catalogue->line_items.push_back(item);
  return catalogue;
}

std::unique_ptr<CreativeBandit> make_production_bandit(const CreativeRules::Options& policy,
                                                       std::span<const std::vector<std::string>> attributes) {
  return std::make_unique<ProductionBandit>(policy, attributes);
}

}  // namespace bandstand::experiments
