// admin: routing, who may, and the answers.
#include "serving/admin.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "base/hash.h"
#include "protocol/event/event_codec.h"
#include "serving/admin_json.h"
#include "serving/explain.h"
#include "serving/explain_names.h"
#include "serving/explain_words.h"
#include "serving/http/server.h"
#include "serving/kill_switches.h"

namespace bandstand::serving {
namespace {

using http::Header;
using http::HeaderField;
using http::Method;
using nlohmann::ordered_json;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kRead = "GET, HEAD";
constexpr std::size_t kDecisionsListed = 50;
constexpr std::size_t kLineItemsListed = 1000;
constexpr std::size_t kRefusalDecisions = 1000;  // about 2 ms of reading

/// The parts of a path that matched "{id}" and the like: at most one here.
bool matches(std::string_view pattern, std::string_view path, std::string_view& id) {
  const auto open = pattern.find('{');
  if (open == std::string_view::npos) return pattern == path;
  const std::string_view after = pattern.substr(pattern.find('}') + 1);
  if (path.size() <= open + after.size() || path.substr(0, open) != pattern.substr(0, open)) return false;
  if (path.substr(path.size() - after.size()) != after) return false;
  id = path.substr(open, path.size() - open - after.size());
  return id.find('/') == std::string_view::npos;
}

std::string_view name_of_method(Method method) {
  switch (method) {
    case Method::get: return "GET";
    case Method::head: return "HEAD";
    case Method::post: return "POST";
    case Method::del: return "DELETE";
    default: return "";
  }
}

/// Is `method` in an Allow list? Names are no prefixes of each other.
bool allows(std::string_view methods, Method method) {
  const std::string_view name = name_of_method(method);
  return !name.empty() && methods.find(name) != std::string_view::npos;
}

/// Without the port: "[::1]:8081" -> "[::1]", "localhost:8081" -> "localhost".
std::string_view without_port(std::string_view host) {
  if (!host.empty() && host.front() == '[') return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool is_address(std::string_view host) {
  if (host.empty()) return false;
  return host.front() == '[' ||
         std::all_of(host.begin(), host.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

using Reasons = std::array<std::uint64_t, domain::kRefusals>;

/// What became of a line item's candidacies.
struct RefusalTally {
  std::uint64_t candidate = 0, bids = 0;
  Reasons by_reason{};
};

/// Over the latest decisions that are kept, by line item.
std::map<std::uint32_t, RefusalTally> late_refusals(const Control& control, std::uint64_t& decisions) {
  std::map<std::uint32_t, RefusalTally> out;
  base::Arena arena;
  control.recent_decisions().newest(kRefusalDecisions, [&](base::DecisionId, std::string_view bytes) {
    arena.reset();
    const auto record = protocol::event::decode_decision(bytes, arena);
    if (!record) return;
    ++decisions;
    for (const auto& impression : (*record)->impressions) {
      for (const auto& candidate : impression.candidates) {
        RefusalTally& tally = out[candidate.line_item];
        ++tally.candidate;
        ++(candidate.refusal == domain::Refusal::none
               ? tally.bids
               : tally.by_reason[static_cast<std::size_t>(candidate.refusal)]);
      }
    }
  });
  return out;
}

ordered_json reasons_json(const Reasons& counts) {
  ordered_json out = ordered_json::object();
  for (std::size_t i = 1; i < counts.size(); ++i) {
    if (counts[i] > 0) out[domain::name_of(static_cast<domain::Refusal>(i))] = counts[i];
  }
  return out;
}

}  // namespace

/// One call, its path's id, and its answer.
struct AdminEndpoint::Call {
  const http::Request& request;
  http::Response& response;
  std::string_view id{};

  void json(const ordered_json& body, int status = 200) { text(status, kJson, to_text(body)); }
  void text(int status, std::string_view type, std::string_view body) {
    static constexpr HeaderField kHeaders[] = {{"Cache-Control", "no-store"},
                                               {"X-Content-Type-Options", "nosniff"}};
    response.send(http::Answer{status, type, body, kHeaders});
  }
  void refuse(int status, std::string_view code, std::string_view field, std::string_view message,
              std::span<const HeaderField> headers = {}) {
    const std::string body = to_text(
        {{"code", std::string(code)}, {"field", std::string(field)}, {"message", std::string(message)}});
    response.send(http::Answer{status, kJson, body, headers});
  }
};

struct AdminEndpoint::Row {
  AdminRoute route;
  Action action;
};

std::span<const AdminEndpoint::Row> AdminEndpoint::table() {
  using A = AdminEndpoint;
  static constexpr Row kTable[] = {
      {{"/", kRead}, &A::page},
      {{"/status.js", kRead}, &A::page},
      {{"/status.css", kRead}, &A::page},
      {{"/healthz", kRead}, &A::health},
      {{"/readyz", kRead}, &A::readiness},
      {{"/metrics", kRead}, &A::metrics},
      {{"/api/v1/status", kRead}, &A::status},
      {{"/api/v1/status/history", kRead}, &A::history},
      {{"/api/v1/campaigns", kRead}, &A::campaigns},
      {{"/api/v1/campaigns/{id}/balance", kRead}, &A::balance},
      {{"/api/v1/decisions", kRead}, &A::decisions},
      {{"/api/v1/decisions/{id}", kRead}, &A::decision},
      {{"/api/v1/refusals", kRead}, &A::refusals},
      {{"/api/v1/kill", "GET, HEAD, POST, DELETE"}, &A::kill},
      {{"/api/v1/reload", "POST"}, &A::reload},
      {{"/api/v1/models", kRead}, &A::models},
      {{"/api/v1/models/{agent}", "POST"}, &A::publish_model},
      {{"/api/v1/models/{agent}/rollout", "POST"}, &A::roll_out},
      {{"/api/v1/models/{agent}/rollback", "POST"}, &A::roll_back},
      {{"/api/v1/users/erase", "POST"}, &A::erase_user},
      {{"/api/v1/openapi.json", kRead}, &A::openapi},
  };
  return kTable;
}

std::span<const AdminRoute> AdminEndpoint::routes() {
  static const std::vector<AdminRoute> routes = [] {
    std::vector<AdminRoute> out;
    for (const Row& row : table()) out.push_back(row.route);
    return out;
  }();
  return routes;
}

AdminEndpoint::AdminEndpoint(Control& control, AdminOptions options,
                             std::span<const telemetry::MetricSet* const> metric_sets,
                             const base::Clock& clock)
    : control_(control),
      options_(std::move(options)),
      sets_(metric_sets),
      clock_(clock),
      started_(clock.mono()),
      history_(metric_sets) {
  sample();
  control_.on_second = [this] { sample(); };
}

AdminEndpoint::~AdminEndpoint() { control_.on_second = nullptr; }

void AdminEndpoint::sample() { history_.sample(control_, clock_.mono(), clock_.wall()); }

bool AdminEndpoint::is_ready() const {
  const auto pacing = control_.pacer().snapshot();
  return pacing != nullptr && pacing->catalogue_version == control_.catalogue().version &&
         !control_.journal().failed();
}

/// In constant time, whatever was sent: digests are compared.
bool AdminEndpoint::has_token(const http::Request& request) const {
  if (options_.token.empty()) return true;
  constexpr std::string_view kScheme = "Bearer ";
  std::string_view given = request.header(Header::authorization);
  if (given.substr(0, kScheme.size()) != kScheme) return false;
  given.remove_prefix(kScheme.size());
  const base::Sha256 a = base::sha256(given);
  const base::Sha256 b = base::sha256(options_.token);
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

/// A page of another site in the operator's browser, or one that reached us by a name that somebody pointed
/// here (DNS rebinding). Only browsers send Origin.
bool AdminEndpoint::is_foreign(const http::Request& request) const {
  const std::string_view origin = request.header(Header::origin);
  if (origin.empty()) return false;
  const std::string_view host = request.header(Header::host);
  const auto scheme = origin.find("://");
  if (host.empty() || scheme == std::string_view::npos || origin.substr(scheme + 3) != host) return true;
  const std::string_view name = without_port(host);
  return !is_address(name) && name != "localhost" &&
         std::find(options_.hosts.begin(), options_.hosts.end(), host) == options_.hosts.end();
}

void AdminEndpoint::handle(const http::Request& request, http::Response& response) {
  Call call{request, response};
  for (const Row& row : table()) {
    if (!matches(row.route.path, request.path, call.id)) continue;
    if (!allows(row.route.methods, request.method)) {
      const HeaderField allow[] = {{"Allow", row.route.methods}};
      return call.refuse(405, "method_not_allowed", "", "this path knows " + std::string(row.route.methods),
                         allow);
    }
    const bool reads = request.method == Method::get || request.method == Method::head;
    if (!reads && is_foreign(request)) {
      return call.refuse(403, "forbidden", "Origin", "pages of other sites may not change anything here");
    }
    if (!reads && !has_token(request)) {
      static constexpr HeaderField kChallenge[] = {{"WWW-Authenticate", "Bearer"}};
      return call.refuse(401, "unauthorized", "Authorization", "the operators' bearer token is needed",
                         kChallenge);
    }
    return (this->*row.action)(call);
  }
  call.refuse(404, "not_found", "", "no such path; /api/v1/openapi.json lists them");
}

void AdminEndpoint::page(Call& call) {
  static constexpr HeaderField kHeaders[] = {
      {"Content-Security-Policy",
       "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cache-Control", "no-cache"}};
  const bool script = call.request.path == "/status.js";
  const bool style = call.request.path == "/status.css";
  const std::string_view type = script  ? "text/javascript; charset=utf-8"
                                : style ? "text/css; charset=utf-8"
                                        : "text/html; charset=utf-8";
  call.response.send(http::Answer{200, type,
                                  script  ? kStatusScript
                                  : style ? kStatusStyle
                                          : kStatusHtml,
                                  kHeaders});
}

void AdminEndpoint::health(Call& call) { call.text(200, kText, "ok\n"); }

void AdminEndpoint::readiness(Call& call) {
  if (is_ready()) return call.text(200, kText, "ready\n");
  const bool failed = control_.journal().failed();
  call.text(503, kText, failed ? "not ready: the ledger cannot be written\n" : "not ready: no pacing yet\n");
}

void AdminEndpoint::metrics(Call& call) {
  body_.clear();
  telemetry::write_exposition(sets_, body_);
  call.text(200, telemetry::kExpositionType, body_);
}

void AdminEndpoint::status(Call& call) {
  sample();
  call.text(200, kJson,
            status_json(control_, history_, clock_.mono() - started_, is_ready(), options_.version));
}

void AdminEndpoint::history(Call& call) { call.text(200, kJson, history_.history_json()); }

void AdminEndpoint::campaigns(Call& call) {
  ordered_json out = {{"campaigns", ordered_json::array()}};
  for (std::uint32_t i = 0; i < control_.catalogue().campaigns.size(); ++i) {
    out["campaigns"].push_back(campaign_json(control_, i, clock_.wall()));
  }
  call.json(out);
}

void AdminEndpoint::balance(Call& call) {
  base::CampaignId id;
  const char* end = call.id.data() + call.id.size();
  const auto read = std::from_chars(call.id.data(), end, id.value);
  if (read.ec != std::errc{} || read.ptr != end) {
    return call.refuse(400, "invalid_request", "id", "a campaign's id is a whole number");
  }
  const auto* book = control_.journal().ledger().find_campaign(id);
  if (book == nullptr) return call.refuse(404, "not_found", "id", "the ledger knows no such campaign");
  // A campaign that has left the catalogue keeps its books; its day is then counted in UTC.
  const auto index = control_.catalogue().campaign_index.find(id.value);
  const ledger::BudgetDay today =
      index != control_.catalogue().campaign_index.end()
          ? control_.today(index->second)
          : ledger::BudgetDay{static_cast<std::uint32_t>(clock_.wall().seconds() / 86'400)};
  call.json(balance_json(*book, today));
}

void AdminEndpoint::decisions(Call& call) {
  ordered_json out = {{"decisions", ordered_json::array()}};
  base::Arena arena;
  control_.recent_decisions().newest(kDecisionsListed, [&](base::DecisionId id, std::string_view bytes) {
    arena.reset();
    const auto record = protocol::event::decode_decision(bytes, arena);
    if (!record) return;
    const domain::DecisionRecord& one = **record;
    out["decisions"].push_back(
        {{"id", id_text(id)},
         {"at_ns", std::to_string(one.at.ns)},
         {"first_party", one.first_party},
         {"bids", one.bids},
         {"no_bid", one.bids > 0 ? ordered_json(nullptr) : ordered_json(domain::name_of(one.no_bid))},
         {"duration_ns", one.duration_ns}});
  });
  call.json(out);
}

void AdminEndpoint::decision(Call& call) {
  base::DecisionId id;
  if (call.id.size() != 32 || !base::parse_id(call.id.data(), call.id.size(), id)) {
    return call.refuse(400, "invalid_request", "id", "a decision's or bid's id is 32 hexadecimal digits");
  }
  const std::string_view format = http::query_value(call.request.query, "format").value_or("json");
  if (format != "json" && format != "text")
    return call.refuse(400, "invalid_request", "format", "json or text");
  const std::string_view bytes = control_.recent_decisions().find(id);
  if (bytes.empty()) {
    return call.refuse(404, "not_found", "id",
                       "not among the latest " + std::to_string(control_.recent_decisions().records_max()) +
                           " decisions; the log has more: bandstand explain ID --data DIR");
  }
  base::Arena arena;
  const auto record = protocol::event::decode_decision(bytes, arena);
  if (!record) return call.refuse(500, "corrupt", "", "the record could not be read");
  ExplainContext context;
  context.catalogue = &control_.catalogue();
  for (const auto& exchange : control_.settings().exchanges) context.exchanges.push_back(exchange.name);
  context.with_request = http::query_value(call.request.query, "request") == "1";
  if (format == "text") return call.text(200, kText, explain_text(**record, context));
  call.text(200, kJson, explain_json(**record, context));
}

/// The funnel: how often targeting refused each line item, and why those that came past it left after all.
void AdminEndpoint::refusals(Call& call) {
  std::uint32_t only = 0;
  if (const auto given = http::query_value(call.request.query, "line_item")) {
    const auto read = std::from_chars(given->data(), given->data() + given->size(), only);
    if (read.ec != std::errc{} || read.ptr != given->data() + given->size()) {
      return call.refuse(400, "invalid_request", "line_item", "a line item's id is a whole number");
    }
  }
  std::uint64_t decisions = 0;
  const auto late = late_refusals(control_, decisions);
  std::vector<std::uint32_t> ids;
  for (const auto& item : control_.catalogue().line_items) {
    if (only == 0 || item.id.value == only) ids.push_back(item.id.value);
  }
  if (only != 0 && ids.empty())
    return call.refuse(404, "not_found", "line_item", "the catalogue has no such line item");
  const std::size_t total = ids.size();
  ids.resize(std::min(ids.size(), kLineItemsListed));
  ordered_json out = {
      {"decisions", decisions}, {"line_items_total", total}, {"line_items", ordered_json::array()}};
  const ExplainContext context{&control_.catalogue(), {}, false};
  const RefusalTally none;
  for (const std::uint32_t id : ids) {
    const auto early = control_.refusals().find(id);
    const auto found = late.find(id);
    const RefusalTally& tally = found == late.end() ? none : found->second;
    out["line_items"].push_back(
        {{"line_item", id},
         {"name", std::string(line_item_name(context, id))},
         {"targeting",
          early == control_.refusals().end() ? ordered_json::object() : reasons_json(early->second)},
         {"candidate", tally.candidate},
         {"bids", tally.bids},
         {"left", reasons_json(tally.by_reason)}});
  }
  call.json(out);
}

namespace {

/// Whether there is anything of that id to stop. To stop what a typing error names would stop nothing and say "done".
bool is_served(const domain::Catalogue& catalogue, KillScope scope, std::uint32_t id) {
  const auto is_it = [&](const auto& one) { return one.id.value == id; };
  switch (scope) {
    case KillScope::everything:
    case KillScope::exchange: return true;
    case KillScope::advertiser: return std::any_of(catalogue.advertisers.begin(), catalogue.advertisers.end(), is_it);
    case KillScope::campaign: return catalogue.campaign_index.count(id) != 0;
    case KillScope::line_item: return catalogue.line_item_index.count(id) != 0;
    case KillScope::creative: return catalogue.creative_index.count(id) != 0;
    case KillScope::count_: break;
  }
  return false;
}

}  // namespace

void AdminEndpoint::kill(Call& call) {
  const Method method = call.request.method;
  if (method == Method::get || method == Method::head) return call.json(kill_json(control_));
  const auto body = nlohmann::json::parse(call.request.body, nullptr, false);
  if (!body.is_object())
    return call.refuse(400, "invalid_request", "", R"(expected {"scope": "campaign", "id": 100})");
  KillScope scope{};
  if (!body.contains("scope") || !body["scope"].is_string() ||
      !parse_kill_scope(body["scope"].get<std::string>(), scope)) {
    return call.refuse(400, "invalid_request", "scope",
                       "one of everything, exchange, advertiser, campaign, line_item, creative");
  }
  std::uint32_t id = 0;
  const auto given = body.find("id");
  bool known = scope == KillScope::everything;
  if (!known && given != body.end() && scope == KillScope::exchange) {
    const auto& exchanges = control_.settings().exchanges;
    for (std::size_t i = 0; i < exchanges.size() && !known; ++i) {
      known = *given == exchanges[i].name;
      id = static_cast<std::uint32_t>(i);
    }
  } else if (!known && given != body.end() && given->is_number_unsigned() &&
             given->get<std::uint64_t>() <= UINT32_MAX) {
    id = given->get<std::uint32_t>();
    known = id > 0;
  }
  if (known && method == Method::post && !is_served(control_.catalogue(), scope, id)) {
    return call.refuse(404, "not_found", "id", "the catalogue has none of that id: nothing was stopped");
  }
  auto switches = control_.kill_switches();
  if (!known || !throw_switch(switches, scope, id, method == Method::post)) {
    return call.refuse(
        400, "invalid_request", "id",
        scope == KillScope::exchange ? "the name of an exchange in the settings" : "a whole number above 0");
  }
  if (const auto stored = control_.set_kill_switches(switches); !stored) {
    return call.refuse(503, "not_stored", "",
                       std::string("in force, but gone after a restart: the disk would not take it: ") +
                           stored.error().what);
  }
  call.json(kill_json(control_));
}

void AdminEndpoint::reload(Call& call) {
  if (!options_.reload)
    return call.refuse(501, "not_implemented", "", "this server cannot read its catalogue again");
  const ReloadReport report = options_.reload();
  if (report.result == telemetry::ReloadResult::refused) {
    std::string message = "what was served goes on";
    for (const std::string& problem : report.problems) message += "\n" + problem;
    return call.refuse(422, "invalid_files", "", message);
  }
  const bool taken = report.result == telemetry::ReloadResult::taken;
  call.json({{"reload", taken ? "taken" : "unchanged"}, {"catalogue", hex_text(control_.catalogue().version)}});
}

void AdminEndpoint::models(Call& call) {
  if (control_.models() == nullptr) return call.refuse(501, "not_implemented", "", "this server serves no models");
  call.json(models_json(*control_.models()));
}

namespace {

int status_of(base::Code code) {
  switch (code) {
    case base::Code::not_found: return 404;
    case base::Code::forbidden:
    case base::Code::conflict: return 409;
    case base::Code::corrupt:
    case base::Code::invalid_input: return 422;
    default: return 503;
  }
}

}  // namespace

void AdminEndpoint::refuse_model(Call& call, const ModelRefusal& why) {
  call.refuse(status_of(why.code), base::name_of(why.code), "", why.what);
}

/// The agent that the path names; refused if there is none.
std::optional<ModelAgent> AdminEndpoint::agent_of(Call& call) {
  const auto agent = model_agent_named(call.id);
  if (!agent) call.refuse(404, "not_found", "agent", "no agent of that name takes a model: creative, bid, fraud or profile");
  return agent;
}

void AdminEndpoint::publish_model(Call& call) {
  const auto agent = agent_of(call);
  if (!agent) return;
  const auto version = control_.publish_model(*agent, call.request.body);
  if (!version) return refuse_model(call, version.error());
  call.json({{"agent", name_of(*agent)}, {"version", *version}, {"model", model::model_id(call.request.body)}});
}

void AdminEndpoint::roll_out(Call& call) {
  const auto agent = agent_of(call);
  if (!agent) return;
  const auto body = nlohmann::json::parse(call.request.body, nullptr, false);
  const auto text = [&](const char* field) {
    return body.contains(field) && body[field].is_string() ? body[field].get<std::string>() : std::string{};
  };
  if (!body.is_object()) return call.refuse(400, "invalid_request", "", R"(expected {"version": 1, "rollout": "shadow"})");
  const auto rollout = parse_rollout(text("rollout"));
  if (!rollout) return call.refuse(400, "invalid_request", "rollout", "one of off, shadow, percent:N (N from 0 to 100), live");
  if (!body.contains("version") || !body["version"].is_number_unsigned() ||
      body["version"].get<std::uint64_t>() > UINT32_MAX) {
    return call.refuse(400, "invalid_request", "version", "the number under which the model was published");
  }
  const std::string evaluation = body.contains("evaluation") ? body["evaluation"].dump() : std::string{};
  const auto done =
      control_.roll_out(*agent, body["version"].get<std::uint32_t>(), *rollout, evaluation, text("override"));
  if (!done) return refuse_model(call, done.error());
  call.json(models_json(*control_.models()));
}

void AdminEndpoint::roll_back(Call& call) {
  const auto agent = agent_of(call);
  if (!agent) return;
  const auto version = control_.roll_back(*agent);
  if (!version) return refuse_model(call, version.error());
  call.json(models_json(*control_.models()));
}

void AdminEndpoint::erase_user(Call& call) {
  const auto body = nlohmann::json::parse(call.request.body, nullptr, false);
  const auto user = body.is_object() ? body.find("user") : body.end();
  if (!body.is_object() || user == body.end() || !user->is_string() || user->get_ref<const std::string&>().empty())
    return call.refuse(400, "invalid_request", "user", R"(expected {"user": "the id that requests send"})");
  call.json({{"erased", control_.erase_user(user->get_ref<const std::string&>())}});
}

void AdminEndpoint::openapi(Call& call) { call.text(200, kJson, kOpenApi); }

}  // namespace bandstand::serving
