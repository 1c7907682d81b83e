// admin_test: the operators' port of a running server: its answers fit their description, and only operators
// change things.
#include "serving/admin.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <thread>

#include "agents/creative/learned_response.h"
#include "schema_check.h"
#include "server_fixture.h"

namespace bandstand::app {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kBearer = "Authorization: Bearer open-sesame\r\n";

std::string learned_file() {
  const agents::creative::ResponseModel untaught;
  return model::encode_model(agents::creative::to_file(untaught, R"({"seed":1})")).value();
}

class AdminPort : public ServerThread {
 protected:
  AdminPort() {
    const std::string budget = "budget: \"15.00\"";
    catalogue_.replace(catalogue_.find(budget), budget.size(), budget + ", daily_budget: \"12.00\"");
  }

  std::unique_ptr<serving::http::Handler> operators(
      serving::Control& control, std::span<const telemetry::MetricSet* const> sets) override {
    serving::AdminOptions admin;
    admin.token = token_;
    admin.reload = [this] {
      ++reloads_;
      return server_->reload_now();
    };
    return std::make_unique<serving::AdminEndpoint>(control, admin, sets, clock_);
  }

  serving::LoadedCatalogue load(const serving::ServingSettings& settings) override {
    return broken_ ? parse_catalogue("campaigns: [{id: 1}]", "spring.yaml", settings) : ServerThread::load(settings);
  }

  Got admin(const std::string& method, const std::string& target, const std::string& body = "",
            const std::string& headers = kBearer) {
    return call(server_->admin_address(), method, target, body, headers);
  }
  int bid_status() { return call(server_->public_address(), "POST", "/openrtb2/bid/alpha", kRequest).status; }
  /// Asks for bids until the answer is `status`: leases and switches take a round or two.
  bool bids_until(int status) {
    return eventually([&] { return bid_status() == status; });
  }
  /// A decision with a bid, once the control thread has it.
  std::string decision_with_bid() {
    EXPECT_TRUE(bids_until(200));
    std::string id;
    eventually([&] {
      const json latest = json::parse(admin("GET", "/api/v1/decisions").body);
      for (const json& one : latest["decisions"]) {
        if (one["bids"] == 1) id = one["id"];
      }
      return !id.empty();
    });
    return id;
  }

  base::SystemClock clock_;
  std::string token_ = "open-sesame";
  std::atomic<int> reloads_{0};
  std::atomic<bool> broken_{false};
};

/// One call that a description must cover.
struct Case {
  const char* path;  ///< as in the description
  const char* method;
  std::string target;
  int status;
  std::string body = "";
  std::string headers = kBearer;
};

std::vector<Case> cases(const std::string& id) {
  const std::string none(32, '0');
  const std::string foreign = std::string(kBearer) + "Origin: https://evil.example\r\n";
  const char* kill = "/api/v1/kill";
  const char* publish = "/api/v1/models/{agent}";
  const char* rollout = "/api/v1/models/{agent}/rollout";
  const char* rollback = "/api/v1/models/{agent}/rollback";
  const char* erase = "/api/v1/users/erase";
  const char* decision = "/api/v1/decisions/{id}";
  const char* balance = "/api/v1/campaigns/{id}/balance";
  return {{"/", "get", "/", 200},
          {"/status.js", "get", "/status.js", 200},
          {"/status.css", "get", "/status.css", 200},
          {"/healthz", "get", "/healthz", 200},
          {"/readyz", "get", "/readyz", 200},
          {"/metrics", "get", "/metrics", 200},
          {"/api/v1/status", "get", "/api/v1/status", 200},
          {"/api/v1/status/history", "get", "/api/v1/status/history", 200},
          {"/api/v1/campaigns", "get", "/api/v1/campaigns", 200},
          {balance, "get", "/api/v1/campaigns/100/balance", 200},
          {balance, "get", "/api/v1/campaigns/spring/balance", 400},
          {balance, "get", "/api/v1/campaigns/4294967296/balance", 400},
          {balance, "get", "/api/v1/campaigns/999/balance", 404},
          {"/api/v1/decisions", "get", "/api/v1/decisions", 200},
          {decision, "get", "/api/v1/decisions/" + id, 200},
          {decision, "get", "/api/v1/decisions/" + id + "?request=1", 200},
          {decision, "get", "/api/v1/decisions/" + id.substr(0, 30) + "01", 200},
          {decision, "get", "/api/v1/decisions/" + id + "?format=text", 200},
          {decision, "get", "/api/v1/decisions/" + id + "?format=xml", 400},
          {decision, "get", "/api/v1/decisions/xyz", 400},
          {decision, "get", "/api/v1/decisions/" + none, 404},
          {"/api/v1/refusals", "get", "/api/v1/refusals", 200},
          {"/api/v1/refusals", "get", "/api/v1/refusals?line_item=1000", 200},
          {"/api/v1/refusals", "get", "/api/v1/refusals?line_item=x", 400},
          {"/api/v1/refusals", "get", "/api/v1/refusals?line_item=5", 404},
          {"/api/v1/openapi.json", "get", "/api/v1/openapi.json", 200},
          {kill, "get", kill, 200},
          {kill, "post", kill, 200, R"({"scope":"creative","id":10})"},
          {kill, "post", kill, 404, R"({"scope":"creative","id":77})"},
          {kill, "post", kill, 200, R"({"scope":"exchange","id":"beta"})"},
          {kill, "get", kill, 200},
          {kill, "post", kill, 400, "{"},
          {kill, "post", kill, 400, "[]"},
          {kill, "post", kill, 400, R"({"scope":"universe","id":1})"},
          {kill, "post", kill, 400, R"({"scope":"campaign"})"},
          {kill, "post", kill, 400, R"({"scope":"campaign","id":-1})"},
          {kill, "post", kill, 400, R"({"scope":"campaign","id":4294967296})"},
          {kill, "post", kill, 400, R"({"scope":"exchange","id":"nobody"})"},
          {kill, "post", kill, 401, R"({"scope":"everything"})", ""},
          {kill, "post", kill, 401, R"({"scope":"everything"})", "Authorization: Bearer open-sesam\r\n"},
          {kill, "post", kill, 403, R"({"scope":"everything"})", foreign},
          {kill, "delete", kill, 200, R"({"scope":"creative","id":10})"},
          {kill, "delete", kill, 400, ""},
          {kill, "delete", kill, 401, R"({"scope":"everything"})", "Authorization: Basic open-sesame\r\n"},
          {kill, "delete", kill, 403, R"({"scope":"everything"})", foreign},
          {"/api/v1/models", "get", "/api/v1/models", 200},
          {publish, "post", "/api/v1/models/creative", 200, learned_file()},
          {publish, "post", "/api/v1/models/creative", 422, "no model"},
          {publish, "post", "/api/v1/models/oversight", 404, learned_file()},
          {publish, "post", "/api/v1/models/profile", 422, learned_file()},
          {publish, "post", "/api/v1/models/creative", 401, learned_file(), ""},
          {publish, "post", "/api/v1/models/creative", 403, learned_file(), foreign},
          {rollout, "post", "/api/v1/models/creative/rollout", 200, R"({"version":1,"rollout":"shadow"})"},
          {rollout, "post", "/api/v1/models/creative/rollout", 400, "{"},
          {rollout, "post", "/api/v1/models/creative/rollout", 400, R"({"version":1,"rollout":"half"})"},
          {rollout, "post", "/api/v1/models/creative/rollout", 400, R"({"version":-1,"rollout":"off"})"},
          {rollout, "post", "/api/v1/models/creative/rollout", 404, R"({"version":9,"rollout":"off"})"},
          {rollout, "post", "/api/v1/models/creative/rollout", 409, R"({"version":1,"rollout":"live"})"},
          {rollout, "post", "/api/v1/models/creative/rollout", 401, R"({"version":1,"rollout":"off"})", ""},
          {rollback, "post", "/api/v1/models/creative/rollback", 200},
          {rollback, "post", "/api/v1/models/creative/rollback", 409},
          {rollback, "post", "/api/v1/models/nobody/rollback", 404},
          {"/api/v1/models", "get", "/api/v1/models", 200},
          {erase, "post", erase, 200, R"({"user":"reader-17"})"},
          {erase, "post", erase, 400, R"({"user":""})"},
          {erase, "post", erase, 400, "[]"},
          {erase, "post", erase, 401, R"({"user":"reader-17"})", ""},
          {erase, "post", erase, 403, R"({"user":"reader-17"})", foreign},
          {"/api/v1/reload", "post", "/api/v1/reload", 200},
          {"/api/v1/reload", "post", "/api/v1/reload", 401, "", ""},
          {"/api/v1/reload", "post", "/api/v1/reload", 403, "", foreign}};
}

TEST_F(AdminPort, AnswersAsItsDescriptionSays) {
  const std::string id = decision_with_bid();
  ASSERT_EQ(id.size(), 32u);
  const json document = json::parse(admin("GET", "/api/v1/openapi.json").body);
  const SchemaCheck check(document);
  std::set<std::string> called;
  for (const Case& one : cases(id)) {
    SCOPED_TRACE(std::string(one.method) + " " + one.target + " " + one.body);
    std::string method = one.method;
    called.insert(one.path + (" " + method));
    std::transform(method.begin(), method.end(), method.begin(),
                   [](char c) { return static_cast<char>(c - 32); });
    const Got got = admin(method, one.target, one.body, one.headers);
    EXPECT_EQ(got.status, one.status) << got.body;
    ASSERT_TRUE(document["paths"].contains(one.path));
    const json& responses = document["paths"][one.path][one.method]["responses"];
    ASSERT_TRUE(responses.contains(std::to_string(got.status))) << "status is not described";
    json answer = responses[std::to_string(got.status)];
    if (answer.contains("$ref")) answer = check.resolve(answer["$ref"]);
    const std::string type = got.content_type.substr(0, got.content_type.find(';'));
    const bool any = answer["content"].contains("*/*");
    ASSERT_TRUE(any || answer["content"].contains(type)) << type << " is not described";
    if (type != "application/json") continue;
    const json body = json::parse(got.body, nullptr, false);
    ASSERT_FALSE(body.is_discarded()) << got.body;
    EXPECT_EQ(check.problem(body, answer["content"][type]["schema"]), "") << got.body;
  }
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, description] : methods.items()) {
      EXPECT_TRUE(called.count(path + " " + method)) << path << " " << method << " was never called";
    }
  }
  EXPECT_EQ(reloads_.load(), 1) << "refused calls change nothing";
}

TEST_F(AdminPort, SaysWhatIsWrongWithAReload) {
  const Got same = admin("POST", "/api/v1/reload");
  EXPECT_EQ(json::parse(same.body)["reload"], "unchanged");
  broken_ = true;
  testing::internal::CaptureStderr();
  const Got refused = admin("POST", "/api/v1/reload");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("spring.yaml:1:"));
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(json::parse(refused.body)["code"], "invalid_files");
  EXPECT_THAT(std::string(json::parse(refused.body)["message"]), HasSubstr("spring.yaml:1:"));
  EXPECT_TRUE(bids_until(200)) << "what was served goes on";
}

TEST_F(AdminPort, DescribesEveryPathThatItAnswers) {
  const json document = json::parse(serving::kOpenApi);
  std::map<std::string, std::string> described;
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const char* method : {"get", "post", "delete"}) {
      if (!methods.contains(method)) continue;
      std::string& allow = described[path];
      if (!allow.empty()) allow += ", ";
      allow += std::string(method) == "get" ? "GET, HEAD" : std::string(method) == "post" ? "POST" : "DELETE";
    }
  }
  std::map<std::string, std::string> answered;
  for (const auto& route : serving::AdminEndpoint::routes())
    answered[std::string(route.path)] = route.methods;
  EXPECT_EQ(answered, described);
}

TEST_F(AdminPort, RefusesWhatItDoesNotKnow) {
  for (const char* path : {"/nothing", "/api/v1/campaigns/", "/api/v1/campaigns/1/2/balance",
                           "/api/v1/campaigns//balance", "/api/v1/status/", "/../etc/passwd"}) {
    const Got got = admin("GET", path);
    EXPECT_EQ(got.status, 404) << path;
    EXPECT_EQ(json::parse(got.body)["code"], "not_found");
  }
  for (const char* method : {"POST", "DELETE", "PUT", "OPTIONS", "PATCH"}) {
    EXPECT_EQ(admin(method, "/api/v1/status").status, 405) << method;
    EXPECT_EQ(admin(method, "/").status, 405) << method;
  }
  EXPECT_EQ(admin("GET", "/api/v1/reload").status, 405) << "GET changes nothing";
}

TEST_F(AdminPort, AnswersHeadWithoutABody) {
  const Got got = admin("HEAD", "/api/v1/status");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "");
}

TEST_F(AdminPort, LetsItsOwnPageIn) {
  const std::string host = server_->admin_address();
  const std::string same = std::string(kBearer) + "Origin: http://" + host + "\r\n";
  EXPECT_EQ(admin("POST", "/api/v1/reload", "", same).status, 200);
  EXPECT_EQ(admin("POST", "/api/v1/reload", "", std::string(kBearer) + "Origin: null\r\n").status, 403);
}

TEST_F(AdminPort, KeepsTheUserOfARequestFromThoseWhoDidNotAsk) {
  const std::string id = decision_with_bid();
  EXPECT_THAT(admin("GET", "/api/v1/decisions/" + id).body, Not(HasSubstr("24.5.6.7")));
  EXPECT_THAT(admin("GET", "/api/v1/decisions/" + id + "?format=text").body, Not(HasSubstr("24.5.6.7")));
  EXPECT_THAT(admin("GET", "/api/v1/decisions/" + id + "?request=1").body, HasSubstr("24.5.6.7"));
}

TEST_F(AdminPort, StopsAtOnceAndStaysStoppedOverARestart) {
  ASSERT_TRUE(bids_until(200));
  ASSERT_EQ(admin("POST", "/api/v1/kill", R"({"scope":"campaign","id":100})").status, 200);
  ASSERT_TRUE(bids_until(204));
  stop();
  start();
  const json switches = json::parse(admin("GET", "/api/v1/kill").body)["switches"];
  EXPECT_EQ(switches, json::parse(R"([{"scope":"campaign","id":100}])"));
  // Long enough for leases to be there: the record says that the switch stopped it, not that nothing was
  // ready.
  std::string text;
  eventually([&] {
    EXPECT_EQ(bid_status(), 204);
    const json latest = json::parse(admin("GET", "/api/v1/decisions").body)["decisions"];
    if (!latest.empty())
      text = admin("GET", "/api/v1/decisions/" + latest[0]["id"].get<std::string>() + "?format=text").body;
    return text.find("kill_switch") != std::string::npos;
  });
  EXPECT_THAT(text, HasSubstr("oversight: kill_switch"));
  EXPECT_EQ(admin("DELETE", "/api/v1/kill", R"({"scope":"campaign","id":100})").status, 200);
  EXPECT_TRUE(bids_until(200));
}

TEST_F(AdminPort, CountsWhyTargetingRefusedALineItem) {
  ASSERT_TRUE(bids_until(200));
  std::string small = kRequest;  // no creative of this size
  small.replace(small.find("\"w\":300"), 7, "\"w\":320");
  json counted;
  // Two banks of counters change places each second; what was counted comes with the second change.
  const auto is_counted = [&] {
    call(server_->public_address(), "POST", "/openrtb2/bid/alpha", small);
    counted = json::parse(admin("GET", "/api/v1/refusals?line_item=1000").body)["line_items"][0]["targeting"];
    return counted.contains("size");
  };
  EXPECT_TRUE(eventually(is_counted, std::chrono::milliseconds(100))) << counted;
}

TEST_F(AdminPort, ShowsInItsFiguresWhatHappened) {
  decision_with_bid();
  const json status = json::parse(admin("GET", "/api/v1/status").body);
  EXPECT_TRUE(status["ready"]);
  EXPECT_GE(status["traffic"]["outcomes"]["bid"], 1);
  EXPECT_EQ(status["money"]["imbalance"], "0");
  EXPECT_EQ(status["money"]["funded"], "15000000000");
  EXPECT_EQ(status["campaigns"][0]["name"], "spring");
  EXPECT_GT(status["latency"]["p99_us_since_start"], 0);
  const auto agent = std::find_if(status["agents"].begin(), status["agents"].end(),
                                  [](const json& one) { return one["agent"] == "bid"; });
  ASSERT_NE(agent, status["agents"].end());
  EXPECT_GE((*agent)["calls"], 1);
  const json refusals = json::parse(admin("GET", "/api/v1/refusals").body);
  EXPECT_GE(refusals["decisions"], 1);
  EXPECT_EQ(refusals["line_items"][0]["name"], "everyone");
  EXPECT_GE(refusals["line_items"][0]["bids"], 1);
}

}  // namespace
}  // namespace bandstand::app
