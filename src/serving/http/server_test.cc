// server_test: requests, answers, their order, and the end of a server.
#include "serving/http/server.h"

#include <malloc.h>

#include <thread>

#include "serving/http/client.h"
#include "serving/http/gzip.h"
#include "serving/http/server_fixture.h"

namespace bandstand::serving::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using Server = ServerTest;

TEST_F(Server, AnswersAndKeepsTheConnection) {
  start();
  Raw peer = connect();
  EXPECT_EQ(peer.say(post("/bid/x?a=1", "hello")).await("hello"),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 16\r\n\r\n/bid/x?a=1 hello");
  peer.forget();
  EXPECT_THAT(peer.say(get("/second")).await("/second "), EndsWith("\r\n\r\n/second "));
  EXPECT_EQ(server->connections(), 1u);
}

TEST_F(Server, ShowsTheRequestToItsHandler) {
  handler.function = [&](const Request& r, Response& response) {
    EXPECT_EQ(r.method, Method::post);
    EXPECT_EQ(r.path, "/bid/a");
    EXPECT_EQ(r.query, "x=1&y=%20");
    EXPECT_EQ(r.header(Header::content_type), "application/json");
    EXPECT_EQ(r.header(Header::x_openrtb_version), "2.6");
    EXPECT_EQ(r.header(Header::user_agent), "ua/1 (x)");
    EXPECT_EQ(r.header(Header::cookie), "");
    EXPECT_EQ(r.peer.ip_text(), "127.0.0.1");
    EXPECT_EQ(r.received, clock.mono());
    for (std::size_t i = 0; i < kBodyPaddingBytes; ++i) {
      [[maybe_unused]] const volatile char readable = r.body.data()[r.body.size() + i];
    }
    response.send(204);
  };
  start();
  Raw peer = connect();
  peer.say(post(
      "/bid/a?x=1&y=%20", "{}",
      "content-TYPE:application/json \r\nX-OpenRTB-Version: 2.6\r\nUser-Agent:\tua/1 (x)\r\nX-Other: y\r\n"));
  EXPECT_EQ(peer.await("\r\n\r\n"), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_F(Server, AnswersAPipelineWithOneWriteInOrder) {
  start();
  Raw peer = connect();
  std::string all;
  for (int i = 0; i < 20; ++i) all += post("/p" + std::to_string(i), "b");
  const std::string got = peer.say(all).await("/p19 b");
  std::size_t at = 0;
  for (int i = 0; i < 20; ++i) {
    at = got.find("/p" + std::to_string(i) + " b", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST_F(Server, HoldsLaterAnswersBackUntilTheDeferredOneIsGiven) {
  std::vector<ResponseHandle> handles;
  handler.function = [&](const Request& r, Response& response) {
    if (r.path == "/later") {
      handles.push_back(response.defer());
    } else {
      response.send(200, "text/plain", r.path);
    }
  };
  start();
  Raw peer = connect();
  peer.say(get("/a") + get("/later") + get("/b") + get("/later") + get("/c"));
  EXPECT_THAT(peer.await("/a"), EndsWith("/a"));
  pump_until([&] { return handles.size() == 2; });
  EXPECT_EQ(server->answers_owed(), 2u);
  EXPECT_TRUE(server->complete(handles[1], Answer{200, "text/plain", "second", {}}));
  step();
  EXPECT_THAT(peer.hear(), EndsWith("/a")) << "nothing may overtake";
  EXPECT_TRUE(server->complete(handles[0], 204));
  const std::string got = peer.await("/c");
  EXPECT_THAT(got, EndsWith("/c"));
  EXPECT_LT(got.find("204 No Content"), got.find("/b"));
  EXPECT_LT(got.find("/b"), got.find("second"));
  EXPECT_FALSE(server->complete(handles[0], 204)) << "twice";
  EXPECT_EQ(server->answers_owed(), 0u);
}

TEST_F(Server, CountsADeferredAnswerWhoseConnectionHasGone) {
  ResponseHandle handle;
  handler.function = [&](const Request&, Response& response) { handle = response.defer(); };
  start();
  {
    Raw peer = connect();
    peer.say(get("/"));
    pump_until([&] { return handle.valid(); });
    const linger hard{1, 0};
    ::setsockopt(peer.fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }
  pump_until([&] { return server->connections() == 0; });
  EXPECT_EQ(server->connections(), 0u);
  Raw next = connect();  // takes the same slot
  pump_until([&] { return server->connections() == 1; });
  EXPECT_FALSE(server->complete(handle, 204));
  EXPECT_EQ(metrics.http_orphans.value(), 1);
  EXPECT_EQ(server->answers_owed(), 0u);
}

TEST_F(Server, StillAnswersAPeerThatHasSaidItsLast) {
  ResponseHandle handle;
  handler.function = [&](const Request&, Response& response) { handle = response.defer(); };
  start();
  Raw peer = connect();
  peer.say(get("/")).shut();
  pump_until([&] { return handle.valid(); });
  step();
  EXPECT_TRUE(server->complete(handle, 204));
  EXPECT_EQ(peer.await_end(), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_F(Server, JoinsChunks) {
  start();
  Raw peer = connect();
  const std::string head = "POST /c HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
  peer.say(head + "5\r\nhello\r\n1;ext=\"x\"\r\n \r\n005\r\nworld\r\n0\r\nTrailer: x\r\n\r\n" + get("/next"));
  EXPECT_THAT(peer.await("/next "), HasSubstr("/c hello worldHTTP/1.1 200"));
  EXPECT_EQ(seen[0], "/c hello world");
}

TEST_F(Server, ReadsABodyThatComesByteByByte) {
  start();
  Raw peer = connect();
  const std::string request =
      "POST /c HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  for (const char c : request + post("/d", "xyz")) peer.say({&c, 1});
  EXPECT_THAT(peer.await("/d xyz"), HasSubstr("/c abcde"));
}

TEST_F(Server, MovesALongBodyToALargeBufferAndBack) {
  start();
  Raw peer = connect();
  std::string body(200'000, 'x');
  body.replace(0, 5, "begin");
  body.replace(body.size() - 3, 3, "end");
  handler.function = [&](const Request& r, Response& response) { response.send(r.body == body ? 200 : 500); };
  for (int i = 0; i < 3; ++i) {
    peer.forget();
    EXPECT_THAT(peer.say(post("/long", body) + post("/long", body))
                    .await("200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK"),
                Not(HasSubstr("500")));
  }
}

TEST_F(Server, SendsNoBodyToHead) {
  start();
  Raw peer = connect();
  const std::string got = peer.say("HEAD /h HTTP/1.1\r\nHost: t\r\n\r\n" + get("/g")).await("/g ");
  EXPECT_THAT(
      got,
      StartsWith("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nHTTP/1.1 200 OK"));
}

TEST_F(Server, LetsABodyComeThatAsksFirst) {
  start();
  Raw peer = connect();
  peer.say("POST /e HTTP/1.1\r\nHost: t\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(peer.await("Continue\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(peer.say("abc").await("/e abc"), EndsWith("/e abc"));
  Raw other = connect();
  other.say("POST /e HTTP/1.1\r\nHost: t\r\nExpect: miracles\r\nContent-Length: 3\r\n\r\n");
  EXPECT_THAT(other.await_end(), StartsWith("HTTP/1.1 417 "));
}

TEST_F(Server, InvitesABodyAfterTheAnswersOwedBeforeIt) {
  ResponseHandle handle;
  handler.function = [&](const Request& r, Response& response) {
    if (r.path == "/later") {
      handle = response.defer();
    } else {
      response.send(200, "text/plain", r.body);
    }
  };
  start();
  Raw peer = connect();
  peer.say(get("/later") + "POST /e HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  ASSERT_TRUE(pump_until([&] { return handle.valid(); }));
  pass(std::chrono::milliseconds(1500));  // longer than a body may take
  EXPECT_EQ(peer.hear(), "");
  EXPECT_TRUE(server->complete(handle, 204));
  EXPECT_EQ(peer.await("Continue\r\n\r\n"), "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
  step();
  EXPECT_THAT(peer.say("abc").await("abc"), EndsWith("\r\n\r\nabc"));
}

TEST_F(Server, CountsIdlenessFromTheLastAnswer) {
  ResponseHandle handle;
  handler.function = [&](const Request&, Response& response) { handle = response.defer(); };
  start();
  Raw peer = connect();
  peer.say(get("/"));
  ASSERT_TRUE(pump_until([&] { return handle.valid(); }));
  pass(std::chrono::seconds(15));
  EXPECT_TRUE(server->complete(handle, 204));
  peer.await("\r\n\r\n");
  pass(std::chrono::seconds(9));
  EXPECT_EQ(server->connections(), 1u);
  pass(std::chrono::seconds(2));
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(Server, ClosesWhenAskedAndFor10) {
  start();
  Raw peer = connect();
  EXPECT_THAT(peer.say(get("/x", "Connection: close\r\n") + get("/ignored")).await_end(),
              HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(seen.size(), 1u);
  Raw old = connect();
  EXPECT_THAT(old.say("GET /old HTTP/1.0\r\n\r\n").await_end(), EndsWith("/old "));
  Raw kept = connect();
  kept.say("GET /kept HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(kept.await("/kept "), HasSubstr("Connection: keep-alive\r\n"));
  EXPECT_FALSE(kept.ended());
}

TEST_F(Server, CompressesWhatIsLongEnoughForWhoAcceptsIt) {
  const std::string body(5000, 'a');
  handler.function = [&](const Request& r, Response& response) {
    response.send(200, "application/json", r.path == "/long" ? std::string_view(body) : "{}");
  };
  start();
  Raw peer = connect();
  peer.say(get("/long", "Accept-Encoding: br, gzip;q=0.5\r\n"));
  const std::string got = peer.await("\r\n\r\n");
  EXPECT_THAT(got, HasSubstr("Content-Encoding: gzip\r\n"));
  Inflater inflater({1u << 20, 1000, 0});
  const auto inflated = inflater.inflate(std::string_view(got).substr(got.find("\r\n\r\n") + 4));
  ASSERT_TRUE(inflated);
  EXPECT_EQ(*inflated, body);
  peer.forget();
  EXPECT_THAT(peer.say(get("/short", "Accept-Encoding: gzip\r\n")).await("{}"), Not(HasSubstr("gzip")));
  peer.forget();
  EXPECT_THAT(peer.say(get("/long", "Accept-Encoding: gzip;q=0, br\r\n")).await(body),
              Not(HasSubstr("gzip")));
}

TEST_F(Server, InflatesBodiesAndRefusesBadOnes) {
  start();
  Raw peer = connect();
  Deflater deflater;
  const std::string zipped(deflater.deflate("the body"));
  EXPECT_THAT(peer.say(post("/z", zipped, "Content-Encoding: gzip\r\n")).await("the body"),
              EndsWith("/z the body"));
  peer.forget();
  EXPECT_EQ(peer.say(post("/z", "rubbish", "Content-Encoding: gzip\r\n")).await("\r\n\r\n"),
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  peer.forget();
  EXPECT_THAT(peer.say(post("/z", "x", "Content-Encoding: br\r\n")).await("\r\n\r\n"),
              StartsWith("HTTP/1.1 415 "));
  peer.forget();
  const std::string bomb(deflater.deflate(std::string(8u << 20, '0')));
  EXPECT_THAT(peer.say(post("/z", bomb, "Content-Encoding: gzip\r\n")).await("\r\n\r\n"),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_EQ(limit(telemetry::HttpLimit::inflate), 1);
  peer.forget();
  EXPECT_THAT(peer.say(get("/alive")).await("/alive "), EndsWith("/alive "))
      << "the connection is none the worse";
  EXPECT_EQ(seen.size(), 2u);
}

TEST_F(Server, LeavesOutAHeaderThatWouldSplitTheAnswer) {
  handler.function = [&](const Request&, Response& response) {
    const HeaderField fields[] = {{"Location", "https://x/\r\nSet-Cookie: a=b"}, {"X-Fine", "yes"}};
    response.send(Answer{302, {}, {}, fields});
  };
  start();
  Raw peer = connect();
  const std::string got = peer.say(get("/")).await("\r\n\r\n");
  EXPECT_THAT(got, Not(HasSubstr("Set-Cookie")));
  EXPECT_THAT(got, HasSubstr("X-Fine: yes\r\n"));
}

TEST_F(Server, AnswersForAHandlerThatDoesNot) {
  handler.function = [](const Request&, Response&) {};
  start();
  Raw peer = connect();
  EXPECT_THAT(peer.say(get("/")).await("\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
}

TEST_F(Server, SaysWhatAddressItCannotBind) {
  start();
  telemetry::Metrics other_metrics;
  HttpServer other(loop, handler, other_metrics, {.reuse_port = false});
  const std::string taken = server->bound().text();
  EXPECT_FALSE(other.listen(taken));
  EXPECT_EQ(other.listen_error(), "address already in use: " + taken);
  std::string error;
  EXPECT_FALSE(HttpServer::check_free(taken, error)) << "although it could be shared";
  EXPECT_EQ(error, "address already in use: " + taken);
  EXPECT_TRUE(HttpServer::check_free("127.0.0.1:0", error));
  EXPECT_FALSE(other.listen("nonsense"));
  EXPECT_THAT(other.listen_error(), HasSubstr("not an address"));
  HttpServer sharing(loop, handler, other_metrics);
  EXPECT_TRUE(sharing.listen(taken)) << "with reuse_port on both";
}

TEST_F(Server, DrainsWithoutLosingWhatIsUnderWay) {
  ResponseHandle handle;
  handler.function = [&](const Request& r, Response& response) {
    if (r.path == "/later") {
      handle = response.defer();
    } else {
      response.send(200, "text/plain", r.path);
    }
  };
  start();
  Raw owed = connect();
  owed.say(get("/later"));
  Raw busy = connect();
  busy.say("POST /busy HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\na");
  Raw silent = connect();
  pump_until([&] { return handle.valid() && server->connections() == 3; });
  server->drain(clock.mono() + std::chrono::seconds(5));
  EXPECT_TRUE(server->draining());
  EXPECT_THAT(busy.say("b").await_end(), HasSubstr("Connection: close\r\n"));
  busy.close();
  pass(std::chrono::milliseconds(700));
  EXPECT_EQ(silent.await_end(), "");
  EXPECT_EQ(server->connections(), 1u);
  EXPECT_TRUE(server->complete(handle, 204));
  EXPECT_EQ(owed.await_end(), "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  owed.close();
  pump_until([&] { return server->connections() == 0; });
  EXPECT_EQ(server->connections(), 0u);
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(server->bound().port);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_NE(::connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0) << "it listens no more";
  ::close(fd);
}

TEST_F(Server, EndsADrainAtItsDeadline) {
  start();
  Raw stuck = connect();
  stuck.say("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\na");
  pump_until([&] { return server->connections() == 1; });
  server->drain(clock.mono() + std::chrono::milliseconds(600));
  pass(std::chrono::milliseconds(500));
  EXPECT_EQ(server->connections(), 1u);
  pass(std::chrono::milliseconds(200));
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(Server, SurvivesEveryPrefixOfARequestAndAClose) {
  start();
  Deflater deflater;
  const std::string zipped(deflater.deflate("some body"));
  const std::string requests[] = {
      post("/p?q=1", "0123456789", "User-Agent: x\r\nConnection: keep-alive\r\n"),
      "POST /c HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: x\r\n\r\n",
      post("/z", zipped, "Content-Encoding: gzip\r\nExpect: 100-continue\r\n"),
  };
  std::size_t whole = 0;
  for (const std::string& request : requests) {
    for (std::size_t size = 0; size <= request.size(); ++size) {
      Raw peer = connect();
      peer.say(std::string_view(request).substr(0, size)).shut();
      const std::string got = peer.await_end();
      EXPECT_THAT(got, Not(HasSubstr("(still open)"))) << size;
      whole += got.find("200 OK") != std::string::npos ? 1 : 0;
    }
  }
  EXPECT_EQ(whole, 3u) << "only whole requests reach the handler";
  EXPECT_EQ(seen.size(), 3u);
  pump_until([&] { return server->connections() == 0; });
  EXPECT_EQ(server->connections(), 0u);
}

TEST_F(Server, IsAsGoodAsNewAfterTenThousandRequests) {
  start();
  struct Count final : ReplyHandler {
    void on_reply(const Reply& reply) override {
      (reply.status == 200 && reply.body == "/n body" ? good : bad)++;
    }
    int good = 0;
    int bad = 0;
  } count;
  HttpClient client(loop, server->bound(), count, {.connections = 64, .pipeline_max = 4});
  int left = 10'000;
  pump_until([&] {
    while (left > 0 && client.waiting() == 0 && client.submit({.target = "/n", .body = "body"})) --left;
    return left == 0 && client.under_way() == 0;
  });
  EXPECT_EQ(count.good, 10'000);
  EXPECT_EQ(count.bad, 0);
  EXPECT_EQ(client.connects(), 64u);
  EXPECT_EQ(metrics.http_responses.value(telemetry::StatusClass::s2xx), 10'000);
  EXPECT_EQ(metrics.http_connections.value(), 64);
}

TEST_F(Server, AllocatesNothingOnceItIsWarm) {
  handler.function = [](const Request&, Response& response) { response.send(204); };
  start();
  Raw peer = connect();
  const std::string request = post("/bid/x", std::string(2000, 'b'), "Content-Type: application/json\r\n");
  const std::string answer = "HTTP/1.1 204 No Content\r\n\r\n";
  char buffer[256];
  std::size_t in_use = 0;
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(::send(peer.fd(), request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
    ssize_t n = -1;
    for (int tries = 0; n <= 0 && tries < 10'000; ++tries) {
      loop.poll(std::chrono::milliseconds(1));
      n = ::recv(peer.fd(), buffer, sizeof buffer, 0);
    }
    ASSERT_EQ(std::string_view(buffer, static_cast<std::size_t>(n)), answer);
    if (i == 100) in_use = mallinfo2().uordblks;
  }
  EXPECT_EQ(mallinfo2().uordblks, in_use);
}

TEST_F(Server, ThreadMayWakeTheLoopToGiveAnswers) {
  std::vector<ResponseHandle> handles;
  handler.function = [&](const Request&, Response& response) { handles.push_back(response.defer()); };
  std::atomic<int> durable{0};
  int given = 0;
  loop.on_wake([&] {
    for (; given < durable.load(); ++given) server->complete(handles[static_cast<std::size_t>(given)], 204);
  });
  start();
  Raw peer = connect();
  peer.say(get("/1") + get("/2") + get("/3"));
  pump_until([&] { return handles.size() == 3; });
  std::thread ledger([&] {
    for (int i = 0; i < 3; ++i) {
      durable.fetch_add(1);
      loop.wake();
    }
  });
  pump_until(
      [&] { return peer.hear().size() == 3 * std::string_view("HTTP/1.1 204 No Content\r\n\r\n").size(); });
  ledger.join();
  EXPECT_EQ(peer.hear().size(), 3 * std::string_view("HTTP/1.1 204 No Content\r\n\r\n").size());
}

TEST_F(Server, DatesItsAnswersByTheSecond) {
  clock.jump_wall(base::WallTime{784'111'777'900'000'000} - clock.wall());  // the example of RFC 9110, 5.6.7
  start({}, true);
  Raw peer = connect();
  peer.say(get("/"));
  EXPECT_THAT(peer.await("\r\n\r\n"), HasSubstr("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
  peer.forget();
  pass(std::chrono::milliseconds(200));
  handler.function = [](const Request&, Response& response) { response.send(204); };
  peer.say(get("/"));
  EXPECT_EQ(peer.await("\r\n\r\n"), "HTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:38 GMT\r\n\r\n");
  peer.forget();
  handler.function = [](const Request&, Response& response) { response.send(400); };
  peer.say(get("/"));
  EXPECT_THAT(peer.await("\r\n\r\n"), HasSubstr("\r\nDate: Sun, 06 Nov 1994 08:49:38 GMT\r\n"));
}

}  // namespace
}  // namespace bandstand::serving::http
