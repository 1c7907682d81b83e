// explain: tables of what the record holds.
#include "serving/explain.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "agents/fraud/fraud_agent.h"
#include "agents/oversight/oversight_agent.h"
#include "orchestrator/policies.h"

namespace bandstand::serving {
namespace {

std::string id_text(base::DecisionId id) {
  char text[32];
  base::format_id(id, text);
  return {text, 32};
}

const char* source_name(domain::Source source) {
  switch (source) {
    case domain::Source::live: return "live";
    case domain::Source::shadow: return "shadow";
    case domain::Source::fallback: return "fallback";
  }
  return "?";
}

template <class... Args>
void line(std::string& out, const char* format, Args... args) {
  char text[400];
  std::snprintf(text, sizeof text, format, args...);
  out += text;
  out += '\n';
}

std::string name_of_item(std::uint32_t id, const domain::Catalogue* catalogue) {
  if (catalogue == nullptr) return std::to_string(id);
  const auto found = catalogue->line_item_index.find(id);
  return found == catalogue->line_item_index.end()
             ? std::to_string(id)
             : std::to_string(id) + " " + catalogue->line_items[found->second].name;
}

void explain_calls(const domain::DecisionRecord& record, std::string& out) {
  line(out, "%-12s %-4s %-24s %8s %-9s %-12s %10s %9s", "stage", "imp", "policy", "version", "source",
       "outcome", "propensity", "us");
  for (const auto& call : record.calls) {
    const std::string policy(orchestrator::name_of(call.policy));
    line(out, "%-12s %-4d %-24s %8u %-9s %-12s %10.4f %9.1f", name_of(call.stage), call.impression,
         call.policy.value == 0 ? "-" : policy.c_str(), call.version, source_name(call.source),
         name_of(call.outcome), static_cast<double>(call.propensity), call.duration_ns / 1e3);
  }
}

void explain_impression(const domain::DecisionRecord& record, const domain::ImpressionRecord& impression,
                        const domain::Catalogue* catalogue, std::string& out) {
  line(out, "\nimpression %.60s: %zu candidates; %u line items refused by targeting, %u outranked",
       std::string(impression.id).c_str(), impression.candidates.size(), impression.refused,
       impression.outranked);
  if (!impression.candidates.empty()) {
    line(out, "  %-34s %9s %9s %6s %8s %8s %9s %9s  %s", "line item", "creative", "value", "mu", "click",
         "win", "price", "lease", "left because");
  }
  bool any = false;
  for (const auto& c : impression.candidates) {
    any = any || c.refusal == domain::Refusal::none;
    std::string why = c.refusal == domain::Refusal::none ? "IN THE ANSWER" : name_of(c.refusal);
    if (c.rule != 0) why += std::string(" (") + name_of(static_cast<agents::oversight::Rule>(c.rule)) + ")";
    line(out, "  %-34.34s %9u %9.4f %6.2f %7.3f%% %7.1f%% %9.4f %9.4f  %s",
         name_of_item(c.line_item, catalogue).c_str(), c.creative, c.value * 1e-6, static_cast<double>(c.mu),
         100 * static_cast<double>(c.click_rate), 100 * static_cast<double>(c.win_probability),
         static_cast<double>(c.price.value) * 1e-6, static_cast<double>(c.available.value) * 1e-9,
         why.c_str());
  }
  if (!any)
    line(out, "  no bid: %s (nbr %d)", name_of(impression.no_bid), static_cast<int>(impression.no_bid));
  (void)record;
}

}  // namespace

std::string explain_text(const domain::DecisionRecord& record, const domain::Catalogue* catalogue) {
  std::string out;
  line(out, "decision %s   %s%s", id_text(record.id).c_str(), record.first_party ? "first party" : "exchange",
       record.test ? "   test traffic" : "");
  line(out, "at %lld.%03lld s, exchange %u, brown-out level %u, %.1f us",
       static_cast<long long>(record.at.seconds()), static_cast<long long>(record.at.millis() % 1000),
       record.exchange, record.level, record.duration_ns / 1e3);
  line(out, "consent: %s; user %s", name_of(record.basis),
       record.user == 0          ? "unknown"
       : record.state != nullptr ? "known"
                                 : "new");
  line(out, "fraud: verdict %u, reason %s; requests a minute: address %.0f, user %.0f, placement %.0f",
       record.verdict, name_of(static_cast<agents::fraud::Reason>(record.verdict_reason)),
       static_cast<double>(record.rate_address), static_cast<double>(record.rate_user),
       static_cast<double>(record.rate_placement));
  line(out, "snapshots: catalogue %016llx, pacing %u, creative %u, market %u; seed %016llx\n",
       static_cast<unsigned long long>(record.catalogue_version), record.pacing_version,
       record.creative_version, record.market_version, static_cast<unsigned long long>(record.seed));
  explain_calls(record, out);
  for (const auto& impression : record.impressions) explain_impression(record, impression, catalogue, out);
  if (record.bids == 0) {
    line(out, "\nno bid: %s (nbr %d)", name_of(record.no_bid), static_cast<int>(record.no_bid));
  } else {
    line(out, "\n%u bid%s (values and prices as CPM)", record.bids, record.bids == 1 ? "" : "s");
  }
  return out;
}

std::string explain_json(const domain::DecisionRecord& record) {
  using nlohmann::ordered_json;
  ordered_json out;
  out["id"] = id_text(record.id);
  out["at_ns"] = std::to_string(record.at.ns);
  out["exchange"] = record.exchange;
  out["first_party"] = record.first_party;
  out["test"] = record.test;
  out["consent"] = name_of(record.basis);
  out["fraud"] = {{"verdict", record.verdict},
                  {"reason", name_of(static_cast<agents::fraud::Reason>(record.verdict_reason))}};
  out["no_bid"] = record.bids == 0 ? ordered_json(name_of(record.no_bid)) : ordered_json(nullptr);
  out["bids"] = record.bids;
  out["duration_ns"] = record.duration_ns;
  out["versions"] = {{"catalogue", std::to_string(record.catalogue_version)},
                     {"pacing", record.pacing_version},
                     {"creative", record.creative_version},
                     {"market", record.market_version}};
  out["calls"] = ordered_json::array();
  for (const auto& call : record.calls) {
    out["calls"].push_back({{"stage", name_of(call.stage)},
                            {"impression", call.impression},
                            {"policy", std::string(orchestrator::name_of(call.policy))},
                            {"version", call.version},
                            {"source", source_name(call.source)},
                            {"outcome", name_of(call.outcome)},
                            {"propensity", call.propensity},
                            {"duration_ns", call.duration_ns}});
  }
  out["impressions"] = ordered_json::array();
  for (const auto& impression : record.impressions) {
    ordered_json one;
    one["id"] = std::string(impression.id);
    one["no_bid"] = name_of(impression.no_bid);
    one["refused"] = impression.refused;
    one["outranked"] = impression.outranked;
    one["candidates"] = ordered_json::array();
    for (const auto& c : impression.candidates) {
      one["candidates"].push_back({{"line_item", c.line_item},
                                   {"creative", c.creative},
                                   {"refusal", name_of(c.refusal)},
                                   {"mu", c.mu},
                                   {"value_nanos", c.value},
                                   {"click_rate", c.click_rate},
                                   {"creative_propensity", c.creative_propensity},
                                   {"win_probability", c.win_probability},
                                   {"available_nanos", std::to_string(c.available.value)},
                                   {"price_nanos", std::to_string(c.price.value)}});
    }
    out["impressions"].push_back(std::move(one));
  }
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace bandstand::serving
