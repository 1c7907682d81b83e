// creative_production: the server's own creative policies in the tables' world: CreativeRules before, CreativeTracker behind.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agents/creative/creative_rules.h"
#include "experiments/creative_bandit.h"

namespace bandstand::experiments {

/// "production_" and the name of a policy of the server. What follows the first "_" is what settings call it.
std::vector<std::string> production_names();
/// Nothing if there is no such policy.
std::optional<agents::creative::CreativeRules::Options> production_named(std::string_view name);

/// One line item (id 1) whose creatives have these attributes ("c=3").
domain::CatalogueSnapshot catalogue_of(std::span<const std::vector<std::string>> attributes);

/// One line item whose creatives have these attributes ("c=3"), seen by users of whom nothing is known.
std::unique_ptr<CreativeBandit> make_production_bandit(const agents::creative::CreativeRules::Options& policy,
                                                       std::span<const std::vector<std::string>> attributes);

}  // namespace bandstand::experiments
