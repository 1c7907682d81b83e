// explain_json: the same record for programs, and the names that both forms share.
#include <nlohmann/json.hpp>

#include "agents/fraud/fraud_agent.h"
#include "agents/oversight/oversight_agent.h"
#include "orchestrator/policies.h"
#include "serving/explain.h"
#include "serving/explain_names.h"
#include "serving/explain_words.h"

namespace bandstand::serving {
namespace {

using nlohmann::ordered_json;

std::string nanos(base::Nanos amount) { return std::to_string(amount.value); }

ordered_json reason_json(domain::NoBid reason) {
  return {{"code", static_cast<int>(reason)},
          {"name", domain::name_of(reason)},
          {"words", std::string(words_of(reason))}};
}

ordered_json call_json(const domain::CallRecord& call) {
  return {{"stage", domain::name_of(call.stage)},
          {"impression", call.impression},
          {"policy", std::string(orchestrator::name_of(call.policy))},
          {"version", call.version},
          {"source", source_name(call.source)},
          {"outcome", domain::name_of(call.outcome)},
          {"propensity", call.propensity},
          {"duration_ns", call.duration_ns},
          {"answer", call.answer}};
}

ordered_json candidate_json(const domain::CandidateRecord& candidate, const ExplainContext& context) {
  ordered_json out;
  out["line_item"] = candidate.line_item;
  out["line_item_name"] = std::string(line_item_name(context, candidate.line_item));
  out["creative"] = candidate.creative;
  out["creative_name"] = std::string(creative_name(context, candidate.creative));
  out["deal"] = candidate.deal == 0xff ? ordered_json(nullptr) : ordered_json(candidate.deal);
  out["refusal"] = domain::name_of(candidate.refusal);
  out["refusal_words"] = std::string(words_of(candidate.refusal));
  out["oversight_rule"] = name_of(static_cast<agents::oversight::Rule>(candidate.rule));
  out["mu"] = candidate.mu;
  out["value_nanos"] = candidate.value;
  out["click_rate"] = candidate.click_rate;
  out["conversion_rate"] = candidate.conversion_rate;
  out["creative_propensity"] = candidate.creative_propensity;
  out["win_probability"] = candidate.win_probability;
  out["available_nanos"] = nanos(candidate.available);
  out["price_nanos"] = nanos(candidate.price);
  return out;
}

ordered_json impression_json(const domain::ImpressionRecord& impression, const ExplainContext& context) {
  ordered_json out;
  out["id"] = std::string(impression.id);
  out["refused"] = impression.refused;
  out["outranked"] = impression.outranked;
  out["candidates"] = ordered_json::array();
  bool bids = false;
  for (const auto& candidate : impression.candidates) {
    bids = bids || candidate.refusal == domain::Refusal::none;
    out["candidates"].push_back(candidate_json(candidate, context));
  }
  out["no_bid"] = bids ? ordered_json(nullptr) : reason_json(impression.no_bid);
  return out;
}

}  // namespace

std::string id_text(base::DecisionId id) {
  char text[32];
  base::format_id(id, text);
  return {text, 32};
}

std::string hex(std::uint64_t value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out(16, '0');
  for (auto digit = out.rbegin(); digit != out.rend(); ++digit, value >>= 4) *digit = kDigits[value & 15];
  return out;
}

const char* source_name(domain::Source source) noexcept {
  switch (source) {
    case domain::Source::live: return "live";
    case domain::Source::shadow: return "shadow";
    case domain::Source::fallback: return "fallback";
  }
  return "unknown";
}

const char* verdict_name(std::uint8_t verdict) noexcept {
  using agents::fraud::Verdict;
  switch (static_cast<Verdict>(verdict)) {
    case Verdict::valid: return "valid";
    case Verdict::suspicious: return "suspicious";
    case Verdict::invalid: return "invalid";
    case Verdict::unknown: break;
  }
  return "unknown";
}

std::string_view line_item_name(const ExplainContext& context, std::uint32_t id) {
  if (context.catalogue == nullptr) return {};
  const auto found = context.catalogue->line_item_index.find(id);
  return found == context.catalogue->line_item_index.end()
             ? std::string_view()
             : std::string_view(context.catalogue->line_items[found->second].name);
}

std::string_view creative_name(const ExplainContext& context, std::uint32_t id) {
  if (context.catalogue == nullptr) return {};
  const auto found = context.catalogue->creative_index.find(id);
  return found == context.catalogue->creative_index.end()
             ? std::string_view()
             : std::string_view(context.catalogue->creatives[found->second].name);
}

std::string exchange_name(const ExplainContext& context, std::uint16_t exchange) {
  return exchange < context.exchanges.size() ? context.exchanges[exchange] : std::to_string(exchange);
}

std::string explain_json(const domain::DecisionRecord& record, const ExplainContext& context) {
  ordered_json out;
  out["id"] = id_text(record.id);
  out["at_ns"] = std::to_string(record.at.ns);
  out["exchange"] = record.first_party ? ordered_json(nullptr) : ordered_json(exchange_name(context, record.exchange));
  out["first_party"] = record.first_party;
  out["test"] = record.test;
  out["consent"] = domain::name_of(record.basis);
  out["user_recognised"] = record.user != 0;
  out["fraud"] = {{"verdict", verdict_name(record.verdict)},
                  {"reason", name_of(static_cast<agents::fraud::Reason>(record.verdict_reason))},
                  {"rate_address", record.rate_address},
                  {"rate_user", record.rate_user},
                  {"rate_placement", record.rate_placement}};
  out["bids"] = record.bids;
  out["no_bid"] = record.bids > 0 ? ordered_json(nullptr) : reason_json(record.no_bid);
  out["duration_ns"] = record.duration_ns;
  out["brownout_level"] = record.level;
  out["seed"] = hex(record.seed);
  out["versions"] = {{"catalogue", hex(record.catalogue_version)}, {"pacing", record.pacing_version},
                     {"creative", record.creative_version},        {"market", record.market_version},
                     {"profile", record.profile_version},          {"open_campaigns", record.open_epoch}};
  out["calls"] = ordered_json::array();
  for (const auto& call : record.calls) out["calls"].push_back(call_json(call));
  out["impressions"] = ordered_json::array();
  for (const auto& impression : record.impressions)
    out["impressions"].push_back(impression_json(impression, context));
  out["request_bytes"] = record.request.size();
  if (context.with_request) out["request"] = std::string(record.request);
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace bandstand::serving
