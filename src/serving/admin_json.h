// admin_json: pieces of JSON that several answers of the operators' API share. Included by its .cc files
// only.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/clock.h"
#include "base/money.h"
#include "serving/control.h"

namespace bandstand::serving {

/// Money leaves as decimal text: 64 bits do not fit the numbers of most JSON readers.
inline std::string nanos_text(base::Nanos amount) { return std::to_string(amount.value); }
std::string hex_text(std::uint64_t value);
/// Names in catalogues and requests need not be UTF-8; what is not is replaced.
inline std::string to_text(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Schema "Campaign": what it is, and how its pacing stands.
nlohmann::ordered_json campaign_json(const Control& control, std::uint32_t index, base::WallTime now);
/// Schema "Balance".
nlohmann::ordered_json balance_json(const ledger::CampaignBook& book, ledger::BudgetDay today);
/// Schema "KillSwitches".
nlohmann::ordered_json kill_json(const Control& control);
/// Schema "Models".
nlohmann::ordered_json models_json(const ModelShelf& shelf);

}  // namespace bandstand::serving
