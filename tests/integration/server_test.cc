// server_test: the server with its sockets and threads: bids, notices, refusals, health, drain and recovery.
#include "server_fixture.h"

namespace bandstand::app {
namespace {

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
  const auto stopped = [&] { return call(server_->public_address(), "POST", "/openrtb2/bid/alpha", kRequest).status == 204; };
  EXPECT_TRUE(eventually(stopped)) << "the kill switch reaches the shards";
}

}  // namespace
}  // namespace bandstand::app
