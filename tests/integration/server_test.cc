// server_test: the server with its sockets and threads: bids, notices, refusals, health, drain and recovery.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "app/serve.h"
#include "app/simulate.h"
#include "serving/http/client.h"

namespace bandstand::app {
namespace {

constexpr const char* kCatalogue = R"(
advertisers: [{id: 1, name: Acme, domain: acme.example, categories: [IAB2]}]
creatives:
  - {id: 10, name: box, advertiser: 1, size: 300x250, markup: "<a href=\"{CLICK_URL}\">x</a>",
     landing_page: "https://acme.example/l"}
campaigns: [{id: 100, name: spring, advertiser: 1, budget: "15.00", pacing: asap}]
line_items: [{id: 1000, name: everyone, campaign: 100, value: "2.50", creatives: [10]}]
)";
constexpr const char* kRequest =
    R"({"id":"r1","at":1,"imp":[{"id":"1","banner":{"w":300,"h":250},"bidfloor":0.5}],"site":{"domain":"news.example"},)"
    R"("device":{"ua":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 )"
    R"((KHTML, like Gecko) Chrome/120.0 Safari/537.36",)"
    R"("ip":"24.5.6.7"},"tmax":200})";

class ServerThread : public testing::Test {
 protected:
  void SetUp() override {
    data_ = std::filesystem::path(testing::TempDir()) /
            ("server-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::remove_all(data_);
    start();
  }
  void TearDown() override {
    stop();
    std::filesystem::remove_all(data_);
  }

  void start() {
    serving::ServingSettings settings = demo_settings(3'600);
    settings.public_url = "";
    serving::ServerOptions options;
    options.data_dir = data_.string();
    options.listen = options.admin = "127.0.0.1:0";
    server_ = std::make_unique<serving::Server>(
        settings, options, [](const serving::ServingSettings& s) { return make_team(s, TeamNames{}); },
        [](serving::Control& control, std::span<const telemetry::MetricSet* const> sets) {
          return make_admin(control, sets);
        },
        [settings] { return parse_catalogue(kCatalogue, "test", settings); });
    ASSERT_TRUE(server_->start()) << server_->error();
    thread_ = std::thread([this] { server_->run(); });
  }
  void stop() {
    if (server_ == nullptr) return;
    server_->stop();
    thread_.join();
    server_.reset();
  }

  struct Got {
    int status = 0;
    std::string body, location;
  };
  Got call(const std::string& address, const char* method, const std::string& target,
           const std::string& body = "") {
    struct Catcher final : serving::http::ReplyHandler {
      void on_reply(const serving::http::Reply& reply) override {
        got = {reply.status, std::string(reply.body), std::string(reply.location)};
        done = true;
      }
      Got got;
      bool done = false;
    } catcher;
    base::SystemClock clock;
    serving::http::EventLoop loop(clock);
    serving::http::HttpClient client(loop, *serving::http::Address::parse(address), catcher);
    serving::http::Call request;
    request.method = method;
    request.target = target;
    request.body = body;
    client.submit(request);
    for (int i = 0; i < 10'000 && !catcher.done; ++i) loop.poll(std::chrono::milliseconds(1));
    return catcher.got;
  }
  Got bid() {
    // Leases take a round or two after the start.
    Got got;
    for (int i = 0; i < 500 && got.status != 200; ++i)
      got = call(server_->public_address(), "POST", "/openrtb2/bid/alpha", kRequest);
    return got;
  }
  static std::string field(const std::string& body, const std::string& name) {
    const auto at = body.find("\"" + name + "\":\"");
    if (at == std::string::npos) return "";
    const auto from = at + name.size() + 4;
    return body.substr(from, body.find('"', from) - from);
  }
  /// Path and query of a notice URL, the macros filled in.
  static std::string target(std::string url, const std::string& price) {
    url.erase(0, url.find("/n/v1/"));
    for (auto at = url.find("${"); at != std::string::npos; at = url.find("${")) {
      const auto end = url.find('}', at);
      url.replace(at, end - at + 1, url.compare(at, 15, "${AUCTION_PRICE") == 0 ? price : "");
    }
    return url;
  }

  std::filesystem::path data_;
  std::unique_ptr<serving::Server> server_;
  std::thread thread_;
};

TEST_F(ServerThread, BidsSettlesAndExplains) {
  const Got answer = bid();
  ASSERT_EQ(answer.status, 200);
  const std::string burl = field(answer.body, "burl");
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(call(server_->public_address(), "GET", target(burl, "1.25")).status, 204);
  const Got balance = call(server_->admin_address(), "GET", "/api/v1/campaigns/100/balance");
  EXPECT_EQ(balance.status, 200);
  EXPECT_EQ(field(balance.body, "charged"), "1250000") << "three notices, one charge: " << balance.body;
  std::string forged = target(burl, "0.01");
  forged[20] = forged[20] == 'A' ? 'B' : 'A';
  EXPECT_EQ(call(server_->public_address(), "GET", forged).status, 403);
  const Got explained = call(server_->admin_address(), "GET",
                             "/api/v1/decisions/" + field(answer.body, "bidid") + "?format=text");
  EXPECT_EQ(explained.status, 200);
  EXPECT_NE(explained.body.find("IN THE ANSWER"), std::string::npos) << explained.body;
}

TEST_F(ServerThread, SettlesAfterARestartThatForgotEverything) {
  const Got answer = bid();
  ASSERT_EQ(answer.status, 200);
  const std::string burl = field(answer.body, "burl");
  stop();
  start();
  EXPECT_EQ(call(server_->public_address(), "GET", target(burl, "1.5")).status, 204);
  EXPECT_EQ(call(server_->public_address(), "GET", target(burl, "1.5")).status, 204);
  EXPECT_EQ(field(call(server_->admin_address(), "GET", "/api/v1/campaigns/100/balance").body, "charged"),
            "1500000");
}

TEST_F(ServerThread, RefusesBadInputAsTheProtocolSays) {
  ASSERT_EQ(bid().status, 200) << "until the first snapshots are there every request is shed with 204";
  const std::string& at = server_->public_address();
  EXPECT_EQ(call(at, "POST", "/openrtb2/bid", "{\"id\":").status, 400);
  EXPECT_EQ(call(at, "POST", "/openrtb2/bid", std::string(100'000, '[')).status, 400);
  EXPECT_EQ(call(at, "POST", "/openrtb2/bid", "{\"id\":\"1\",\"imp\":[]}").status, 204);
  EXPECT_EQ(call(at, "GET", "/openrtb2/bid").status, 405);
  EXPECT_EQ(call(at, "POST", "/openrtb2/bid/nobody", "{}").status, 404);
  EXPECT_EQ(call(at, "GET", "/n/v1/garbage").status, 403);
  const Got decide = call(at, "POST", "/v1/decide", "{\"placements\":[{\"id\":\"a\",\"sizes\":[\"big\"]}]}");
  EXPECT_EQ(decide.status, 400);
  EXPECT_EQ(field(decide.body, "field"), "placements[0].sizes");
}

TEST_F(ServerThread, SendsAClickOnlyToTheStoredLandingPage) {
  bid();
  const Got decided = call(server_->public_address(), "POST", "/v1/decide",
                           R"({"placements":[{"id":"top","sizes":["300x250"]}]})");
  ASSERT_EQ(decided.status, 200);
  std::string click = field(decided.body, "click_url");
  click.erase(0, click.find("/e/v1/"));
  const Got got = call(server_->public_address(), "GET", click + "?url=https://evil.example/");
  EXPECT_EQ(got.status, 302);
  EXPECT_EQ(got.location, "https://acme.example/l");
}

TEST_F(ServerThread, AnswersOperators) {
  const std::string& at = server_->admin_address();
  EXPECT_EQ(call(at, "GET", "/healthz").status, 200);
  EXPECT_EQ(call(at, "GET", "/readyz").status, 200);
  EXPECT_NE(call(at, "GET", "/metrics").body.find("bandstand_build_info"), std::string::npos);
  EXPECT_EQ(call(at, "GET", "/api/v1/campaigns/999/balance").status, 404);
  EXPECT_EQ(call(at, "GET", "/api/v1/decisions/xyz").status, 400);
  ASSERT_EQ(bid().status, 200);
  EXPECT_EQ(call(at, "POST", "/api/v1/kill", R"({"scope":"campaign","id":100})").status, 200);
  Got after;
  for (int i = 0; i < 500; ++i) {
    after = call(server_->public_address(), "POST", "/openrtb2/bid/alpha", kRequest);
    if (after.status == 204) break;
  }
  EXPECT_EQ(after.status, 204) << "the kill switch reaches the shards";
}

}  // namespace
}  // namespace bandstand::app
