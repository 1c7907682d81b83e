// explain_names: small texts that the page and the JSON of a decision share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "domain/decision.h"
#include "serving/explain.h"

namespace bandstand::serving {

std::string id_text(base::DecisionId id);
/// 16 digits: JSON readers keep 53 bits of a number.
std::string hex(std::uint64_t value);
const char* source_name(domain::Source source) noexcept;
/// Of agents::fraud::Verdict.
const char* verdict_name(std::uint8_t verdict) noexcept;
/// Empty if there is no catalogue or no such thing in it.
std::string_view line_item_name(const ExplainContext& context, std::uint32_t id);
std::string_view creative_name(const ExplainContext& context, std::uint32_t id);
/// The number if the name is not known.
std::string exchange_name(const ExplainContext& context, std::uint16_t exchange);

}  // namespace bandstand::serving
