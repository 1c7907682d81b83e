// admin: small JSON answers made on the control thread; nothing here is on the bid path.
#include "serving/admin.h"

#include <openssl/crypto.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "protocol/event/event_codec.h"
#include "serving/explain.h"

namespace bandstand::serving {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kJson = "application/json";

std::string nanos(base::Nanos amount) { return std::to_string(amount.value); }

void refuse(http::Response& response, int status, const char* code, const char* field, const char* message) {
  response.send(status, kJson, ordered_json{{"code", code}, {"field", field}, {"message", message}}.dump());
}

/// The sum of a counter over all its labels but those left out, over all threads.
std::int64_t sum_of(std::span<const telemetry::MetricSet* const> sets, std::string_view name,
                    std::int64_t row = -1) {
  std::int64_t total = 0;
  for (const telemetry::MetricSet* set : sets) {
    for (const telemetry::Family* family : set->families()) {
      if (name != family->description().name) continue;
      for (std::size_t i = 0; i < family->rows(); ++i) {
        if (row < 0 || i == static_cast<std::size_t>(row)) total += family->read(i);
      }
    }
  }
  return total;
}

/// The upper edge, in ms, of the bucket that holds the quantile of a histogram of nanoseconds; 0 if it is
/// empty.
double quantile_ms(std::span<const telemetry::MetricSet* const> sets, std::string_view name, std::size_t row,
                   double q) {
  std::vector<std::int64_t> buckets;
  std::span<const std::int64_t> edges;
  for (const telemetry::MetricSet* set : sets) {
    for (const telemetry::Family* family : set->families()) {
      if (name != family->description().name || row >= family->rows()) continue;
      edges = family->edges();
      buckets.resize(edges.size() + 1);
      for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += family->read(row, i);
    }
  }
  std::int64_t total = 0;
  for (const auto n : buckets) total += n;
  std::int64_t seen = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    seen += buckets[i];
    if (total > 0 && static_cast<double>(seen) >= q * static_cast<double>(total)) {
      return static_cast<double>(edges[std::min(i, edges.size() - 1)]) * 1e-6;
    }
  }
  return 0;
}

ordered_json campaign_json(const Control& control, std::uint32_t index, base::WallTime now) {
  const domain::Campaign& campaign = control.catalogue().campaigns[index];
  const auto report = control.pacer().report(index, now);
  return {{"id", std::to_string(campaign.id.value)},
          {"name", campaign.name},
          {"budget_nanos", nanos(report.budget)},
          {"planned_nanos", nanos(report.planned)},
          {"spent_nanos", nanos(report.spent)},
          {"mu", report.mu},
          {"open", report.open},
          {"why", report.open ? "none" : domain::name_of(report.why)}};
}

}  // namespace

AdminEndpoint::AdminEndpoint(Control& control, AdminOptions options,
                             std::span<const telemetry::MetricSet* const> metric_sets,
                             const base::Clock& clock)
    : control_(control),
      options_(std::move(options)),
      sets_(metric_sets),
      clock_(clock),
      started_(clock.mono()) {}

bool AdminEndpoint::authorised(const http::Request& request) const {
  if (!request.header(http::Header::origin).empty())
    return false;  // a page of somebody else's in the operator's browser
  if (options_.token.empty()) return true;
  const std::string expected = "Bearer " + options_.token;
  const std::string_view given = request.header(http::Header::authorization);
  return given.size() == expected.size() &&
         CRYPTO_memcmp(given.data(), expected.data(), expected.size()) == 0;
}

void AdminEndpoint::handle(const http::Request& request, http::Response& response) {
  const std::string_view path = request.path;
  const bool reads = request.method == http::Method::get || request.method == http::Method::head;
  const bool changes = request.method == http::Method::post || request.method == http::Method::del;
  if (path == "/api/v1/kill" || path == "/api/v1/reload") {
    if (!changes)
      return refuse(response, 405, "method_not_allowed", "", "use POST (or DELETE for /api/v1/kill)");
    if (!authorised(request))
      return refuse(response, 403, "forbidden", "authorization", "a bearer token is needed");
    if (path == "/api/v1/kill") return kill(request, response, request.method == http::Method::post);
    if (options_.reload) options_.reload();
    return response.send(202, kJson, R"({"reload":"requested"})");
  }
  if (!reads) return refuse(response, 405, "method_not_allowed", "", "this path is read with GET");
  if (path == "/") {
    static constexpr http::HeaderField kPolicy[] = {
        {"Content-Security-Policy",
         "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"},
        {"X-Content-Type-Options", "nosniff"}};
    return response.send(http::Answer{200, "text/html; charset=utf-8", kStatusPage, kPolicy});
  }
  if (path == "/healthz") return response.send(200, "text/plain", "ok\n");
  if (path == "/readyz") {
    const bool ready = control_.pacer().snapshot() != nullptr && !control_.journal().failed();
    return response.send(ready ? 200 : 503, "text/plain", ready ? "ready\n" : "not ready\n");
  }
  if (path == "/metrics") {
    body_.clear();
    telemetry::write_exposition(sets_, body_);
    return response.send(200, telemetry::kExpositionType, body_);
  }
  if (path == "/api/v1/openapi.json") return response.send(200, kJson, kOpenApi);
  if (path == "/api/v1/status") return status(response);
  if (path == "/api/v1/campaigns") return campaigns(response);
  constexpr std::string_view kCampaign = "/api/v1/campaigns/";
  constexpr std::string_view kBalance = "/balance";
  if (path.substr(0, kCampaign.size()) == kCampaign && path.size() > kCampaign.size() + kBalance.size() &&
      path.substr(path.size() - kBalance.size()) == kBalance) {
    return balance(path.substr(kCampaign.size(), path.size() - kCampaign.size() - kBalance.size()), response);
  }
  constexpr std::string_view kDecision = "/api/v1/decisions/";
  if (path.substr(0, kDecision.size()) == kDecision)
    return decision(path.substr(kDecision.size()), request.query, response);
  refuse(response, 404, "not_found", "", "no such path; see /api/v1/openapi.json");
}

void AdminEndpoint::status(http::Response& response) {
  const base::WallTime now = clock_.wall();
  const auto& totals = control_.totals();
  const auto& counts = control_.matcher().counts();
  ordered_json out;
  out["uptime_s"] = std::chrono::duration<double>(clock_.mono() - started_).count();
  out["requests"] = sum_of(sets_, "bandstand_bid_requests_total");
  out["bids"] = counts.bids;
  out["wins"] = totals.wins;
  out["bills"] = totals.bills;
  out["losses"] = totals.losses;
  out["clicks"] = totals.clicks;
  out["conversions"] = totals.conversions;
  out["latency_ms"] = {{"p50", quantile_ms(sets_, "bandstand_bid_request_duration_seconds", 0, .5)},
                       {"p99", quantile_ms(sets_, "bandstand_bid_request_duration_seconds", 0, .99)}};
  out["fallbacks"] = sum_of(sets_, "bandstand_agent_fallback_total");
  out["agents"] = ordered_json::array();
  static constexpr const char* kAgents[] = {"profile", "targeting", "budget",   "creative",
                                            "bid",     "fraud",     "oversight"};
  for (std::size_t i = 0; i < std::size(kAgents); ++i) {
    out["agents"].push_back(
        {{"name", kAgents[i]},
         {"p50_us", 1e3 * quantile_ms(sets_, "bandstand_agent_duration_seconds", i, .5)},
         {"p99_us", 1e3 * quantile_ms(sets_, "bandstand_agent_duration_seconds", i, .99)}});
  }
  out["outcomes"] = {{"matched", counts.matched}, {"late", counts.late}, {"unmatched", counts.unmatched}};
  out["reward_nanos"] = nanos(totals.reward);
  out["imbalance_nanos"] = std::to_string(sum_of(sets_, "bandstand_ledger_imbalance_nanos"));
  out["decisions_dropped"] = totals.decisions_dropped;
  out["catalogue"] = {{"version", std::to_string(control_.catalogue().version)},
                      {"line_items", control_.catalogue().line_items.size()}};
  out["campaigns"] = ordered_json::array();
  for (std::uint32_t i = 0; i < control_.catalogue().campaigns.size() && i < 200; ++i) {
    out["campaigns"].push_back(campaign_json(control_, i, now));
  }
  response.send(200, kJson, out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void AdminEndpoint::campaigns(http::Response& response) {
  ordered_json out = {{"campaigns", ordered_json::array()}};
  for (std::uint32_t i = 0; i < control_.catalogue().campaigns.size(); ++i) {
    out["campaigns"].push_back(campaign_json(control_, i, clock_.wall()));
  }
  response.send(200, kJson, out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void AdminEndpoint::balance(std::string_view id_text, http::Response& response) {
  base::CampaignId id;
  const auto read = std::from_chars(id_text.data(), id_text.data() + id_text.size(), id.value);
  if (read.ec != std::errc{} || read.ptr != id_text.data() + id_text.size()) {
    return refuse(response, 400, "invalid_request", "id", "a campaign's id is a whole number");
  }
  const auto* book = control_.journal().ledger().find_campaign(id);
  if (book == nullptr) return refuse(response, 404, "not_found", "id", "the ledger knows no such campaign");
  using ledger::Account;
  const ordered_json out = {{"id", std::to_string(id.value)},
                            {"funded", nanos(book->funded())},
                            {"available", nanos(book->of(Account::available))},
                            {"leased", nanos(book->of(Account::lease))},
                            {"charged", nanos(book->charged())},
                            {"late", nanos(book->of(Account::late))},
                            {"refunded", nanos(book->of(Account::refund))},
                            {"house_loss", nanos(book->of(Account::house_loss))},
                            {"media_cost", nanos(book->of(Account::media_cost))},
                            {"paused", book->paused}};
  response.send(200, kJson, out.dump());
}

void AdminEndpoint::decision(std::string_view id_text, std::string_view query, http::Response& response) {
  base::DecisionId id;
  if (!base::parse_id(id_text.data(), id_text.size(), id)) {
    return refuse(response, 400, "invalid_request", "id",
                  "a decision's or bid's id is 32 hexadecimal digits");
  }
  const std::string_view record = control_.recent_decisions().find(id);
  if (record.empty()) {
    return refuse(response, 404, "not_found", "id",
                  "not among the latest decisions; try: bandstand explain ID --data DIR");
  }
  base::Arena arena;
  const auto decoded = protocol::event::decode_decision(record, arena);
  if (!decoded) return refuse(response, 500, "corrupt", "", "the record could not be read");
  if (http::query_value(query, "format") == "text") {
    return response.send(200, "text/plain; charset=utf-8", explain_text(**decoded, &control_.catalogue()));
  }
  response.send(200, kJson, explain_json(**decoded));
}

void AdminEndpoint::kill(const http::Request& request, http::Response& response, bool on) {
  const auto body = nlohmann::json::parse(request.body, nullptr, false);
  if (!body.is_object() || !body.contains("scope") || !body["scope"].is_string()) {
    return refuse(response, 400, "invalid_request", "scope",
                  "expected {\"scope\": \"campaign\", \"id\": 100}");
  }
  const std::string scope = body["scope"];
  const auto id =
      body.contains("id") && body["id"].is_number_unsigned() ? body["id"].get<std::uint32_t>() : 0u;
  if (scope != "everything" && id == 0)
    return refuse(response, 400, "invalid_request", "id", "a whole number above 0 is needed");
  agents::oversight::KillSwitches kill = control_.kill_switches();
  const auto change = [&](auto& set, auto item) {
    auto items = set.items();
    std::erase(items, item);
    if (on) items.push_back(item);
    set = std::remove_reference_t<decltype(set)>(std::move(items));
  };
  if (scope == "everything") {
    kill.everything = on;
  } else if (scope == "advertiser") {
    change(kill.advertisers, base::AdvertiserId{id});
  } else if (scope == "campaign") {
    change(kill.campaigns, base::CampaignId{id});
  } else if (scope == "line_item") {
    change(kill.line_items, base::LineItemId{id});
  } else if (scope == "creative") {
    change(kill.creatives, base::CreativeId{id});
  } else {
    return refuse(response, 400, "invalid_request", "scope",
                  "one of everything, advertiser, campaign, line_item, creative");
  }
  control_.set_kill_switches(kill);
  response.send(200, kJson, ordered_json{{"scope", scope}, {"id", id}, {"killed", on}}.dump());
}

}  // namespace bandstand::serving
