// client_test: every request gets one reply, if only to say that there is none.
#include "serving/http/client.h"

#include "serving/http/server_fixture.h"

namespace bandstand::serving::http {
namespace {

class Collect final : public ReplyHandler {
 public:
  struct Got {
    std::uint64_t token;
    int status;
    std::string body;
    std::string location;
    base::Duration latency;
  };
  void on_reply(const Reply& reply) override {
    got.push_back(
        {reply.token, reply.status, std::string(reply.body), std::string(reply.location), reply.latency});
    if (then) then(reply);
  }
  std::vector<Got> got;
  std::function<void(const Reply&)> then;
};

using Client = ServerTest;

TEST_F(Client, GetsItsAnswers) {
  handler.function = [](const Request& r, Response& response) {
    const HeaderField fields[] = {{"Location", "https://landing/"}};
    response.send(Answer{302, "text/plain", r.body, fields});
  };
  start();
  Collect replies;
  HttpClient client(loop, server->bound(), replies, {.connections = 2});
  EXPECT_TRUE(client.submit({.target = "/x", .headers = "X-A: b\r\n", .body = "one", .token = 7}));
  EXPECT_EQ(client.under_way(), 1u);
  ASSERT_TRUE(pump_until([&] { return replies.got.size() == 1; }));
  EXPECT_EQ(replies.got[0].token, 7u);
  EXPECT_EQ(replies.got[0].status, 302);
  EXPECT_EQ(replies.got[0].body, "one");
  EXPECT_EQ(replies.got[0].location, "https://landing/");
  EXPECT_EQ(client.under_way(), 0u);
}

TEST_F(Client, PipelinesInOrderAndMaySubmitFromItsCallback) {
  start();
  Collect replies;
  HttpClient client(loop, server->bound(), replies, {.connections = 1, .pipeline_max = 8});
  std::uint64_t next = 8;
  replies.then = [&](const Reply&) {
    if (next < 100) client.submit({.body = "b", .token = next++});
  };
  for (std::uint64_t i = 0; i < 8; ++i) client.submit({.body = "b", .token = i});
  ASSERT_TRUE(pump_until([&] { return replies.got.size() == 100; }));
  for (std::uint64_t i = 0; i < 100; ++i) EXPECT_EQ(replies.got[i].token, i);
  EXPECT_EQ(client.connects(), 1u);
}

TEST_F(Client, CountsLatencyFromWhenARequestWasDue) {
  start();
  Collect replies;
  HttpClient client(loop, server->bound(), replies);
  const base::MonoTime due = clock.mono();
  clock.advance(std::chrono::milliseconds(30));
  client.submit({.token = 1, .due = due});
  ASSERT_TRUE(pump_until([&] { return replies.got.size() == 1; }));
  EXPECT_EQ(replies.got[0].latency, std::chrono::milliseconds(30));
}

TEST_F(Client, UnderstandsHeadAndClosingServers) {
  start();
  Collect replies;
  HttpClient client(loop, server->bound(), replies);
  client.submit({.method = "HEAD", .token = 1});
  client.submit({.method = "GET", .headers = "Connection: close\r\n", .token = 2});
  client.submit({.method = "GET", .token = 3});
  ASSERT_TRUE(pump_until([&] { return replies.got.size() == 3; }));
  for (const auto& got : replies.got) EXPECT_EQ(got.status, 200);
  EXPECT_EQ(client.connects(), 2u);
}

TEST_F(Client, RepliesZeroWhenNobodyAnswersAndTriesAgainLater) {
  start();
  const Address gone = server->bound();
  server.reset();
  Collect replies;
  HttpClient client(loop, gone, replies);
  client.submit({.token = 1});
  ASSERT_TRUE(pump_until([&] { return replies.got.size() == 1; }));
  EXPECT_EQ(replies.got[0].status, 0);
  client.submit({.token = 2});
  for (int i = 0; i < 10; ++i) step();
  EXPECT_EQ(client.connects(), 1u) << "it waits before it tries again";
  EXPECT_EQ(client.waiting(), 1u);
  pass(std::chrono::milliseconds(50));
  ASSERT_TRUE(pump_until([&] { return replies.got.size() == 2; }));
  EXPECT_EQ(client.connects(), 2u);
}

TEST_F(Client, GivesUpAfterItsTimeout) {
  handler.function = [](const Request&, Response& response) { static_cast<void>(response.defer()); };
  start();
  Collect replies;
  HttpClient client(loop, server->bound(), replies, {.connections = 1, .timeout = std::chrono::seconds(1)});
  client.submit({.token = 1});
  client.submit({.token = 2});  // queued
  pump_until([&] { return server->answers_owed() == 1; });
  pass(std::chrono::milliseconds(1100));
  ASSERT_TRUE(pump_until([&] { return replies.got.size() == 2; }));
  EXPECT_EQ(replies.got[0].status, 0);
  EXPECT_EQ(replies.got[1].status, 0);
}

TEST_F(Client, RefusesMoreThanItsQueueHolds) {
  start();
  Collect replies;
  HttpClient client(loop, server->bound(), replies, {.connections = 1, .queue_max = 2});
  EXPECT_TRUE(client.submit({}));
  EXPECT_TRUE(client.submit({}));
  EXPECT_TRUE(client.submit({}));
  EXPECT_FALSE(client.submit({}));
  EXPECT_TRUE(pump_until([&] { return replies.got.size() == 3; }));
}

}  // namespace
}  // namespace bandstand::serving::http
