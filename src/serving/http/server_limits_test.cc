// server_limits_test: what is too large, too slow, too many or ambiguous is refused, and counted.
#include <sys/resource.h>

#include "serving/http/server_fixture.h"

namespace bandstand::serving::http {
namespace {

using telemetry::ConnectionEvent;
using telemetry::HttpLimit;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using ServerLimits = ServerTest;

TEST_F(ServerLimits, RefusesALongBodyBeforeItComes) {
  start();
  Raw peer = connect();
  peer.say("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 262145\r\n\r\n");
  EXPECT_EQ(peer.await("\r\n\r\n"),
            "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  Raw chunked = connect();
  chunked.say("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n40001\r\n");
  EXPECT_THAT(chunked.await("\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
  EXPECT_EQ(limit(HttpLimit::body), 2);
  Raw fits = connect();
  fits.say(post("/", std::string(262144, 'x')));
  EXPECT_THAT(fits.await("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerLimits, RefusesABodyOfTinyChunks) {
  start({.body_bytes_max = 1000});
  Raw peer = connect();
  peer.say("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 300; ++i) peer.say("1\r\nx\r\n");
  EXPECT_THAT(peer.await("\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
}

TEST_F(ServerLimits, RefusesLongHeaders) {
  start();
  Raw whole = connect();
  whole.say(get("/", "X-Long: " + std::string(17'000, 'h') + "\r\n"));
  EXPECT_THAT(whole.await("\r\n\r\n"), StartsWith("HTTP/1.1 431 "));
  Raw endless = connect();
  endless.say("GET / HTTP/1.1\r\nHost: t\r\n");
  for (int i = 0; i < 2000 && !endless.ended(); ++i)
    endless.say("X-Header-" + std::to_string(i) + ": v\r\n").hear();
  EXPECT_THAT(endless.await("\r\n\r\n"), StartsWith("HTTP/1.1 431 "));
  Raw fits = connect();
  fits.say(get("/", "X-Long: " + std::string(16'000, 'h') + "\r\n"));
  EXPECT_THAT(fits.await("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(limit(HttpLimit::header), 2);
}

TEST_F(ServerLimits, RefusesALongTarget) {
  start();
  Raw peer = connect();
  peer.say(get("/" + std::string(8192, 'u')));
  EXPECT_THAT(peer.await("\r\n\r\n"), StartsWith("HTTP/1.1 414 "));
  Raw endless = connect();
  endless.say("GET /" + std::string(9000, 'u'));
  EXPECT_THAT(endless.await("\r\n\r\n"), StartsWith("HTTP/1.1 414 "));
  Raw fits = connect();
  fits.say(get("/" + std::string(8191, 'u')));
  EXPECT_THAT(fits.await("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerLimits, RefusesAmbiguousFraming) {
  start();
  const std::string chunks = "0\r\n\r\n";
  const std::string head = "POST / HTTP/1.1\r\nHost: t\r\n";
  const std::string te = "Transfer-Encoding: chunked\r\n";
  const std::pair<const char*, std::string> kAmbiguous[] = {
      {"length and encoding", head + "Content-Length: 5\r\n" + te + "\r\n" + chunks},
      {"encoding and length", head + te + "Content-Length: 5\r\n\r\n" + chunks},
      {"two lengths", head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"},
      {"the same length twice", head + "Content-Length: 1\r\nContent-Length: 1\r\n\r\na"},
      {"a list of lengths", head + "Content-Length: 1, 1\r\n\r\na"},
      {"signed length", head + "Content-Length: +1\r\n\r\na"},
      {"negative length", head + "Content-Length: -1\r\n\r\na"},
      {"hexadecimal length", head + "Content-Length: 0x1\r\n\r\na"},
      {"length with a gap", head + "Content-Length: 1 1\r\n\r\na"},
      {"empty length", head + "Content-Length:\r\n\r\n"},
      {"length beyond 64 bits", head + "Content-Length: 18446744073709551617\r\n\r\n"},
      {"two encodings", head + te + te + "\r\n" + chunks},
      {"unknown encoding", head + "Transfer-Encoding: xchunked\r\n\r\n" + chunks},
      {"chunked not last", head + "Transfer-Encoding: chunked, identity\r\n\r\n" + chunks},
      {"gzip, chunked", head + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunks},
      {"identity", head + "Transfer-Encoding: identity\r\n\r\n"},
      {"quoted encoding", head + "Transfer-Encoding: \"chunked\"\r\n\r\n" + chunks},
      {"vertical tab", head +
                           "Transfer-Encoding:\x0b"
                           "chunked\r\n\r\n" +
                           chunks},
      {"blank before the colon", head + "Transfer-Encoding : chunked\r\n\r\n" + chunks},
      {"blank in a name", head + "Content Length: 1\r\n\r\na"},
      {"folded line", head + "X: a\r\n b\r\n" + te + "\r\n" + chunks},
      {"folded encoding", head + "Transfer-Encoding:\r\n chunked\r\n\r\n" + chunks},
      {"bare line feed", head + "X: a\n" + te + "\r\n" + chunks},
      {"bare line feed at the end", head + te + "\n" + chunks},
      {"bare carriage return", head + "X: a\rTransfer-Encoding: chunked\r\n\r\n"},
      {"CR and no LF at the end of the head", head + "Content-Length: 0\r\n\rX"},
      {"CR and no LF after an empty value", head + "X:\rYContent-Length: 1\r\n\r\na"},
      {"NUL in a value", head + std::string("X: a\0b\r\n\r\n", 10)},
      {"no colon", head + "nonsense\r\n\r\n"},
      {"chunks in HTTP/1.0", "POST / HTTP/1.0\r\nHost: t\r\n" + te + "\r\n" + chunks},
      {"no host", "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"},
      {"two hosts", head + "Host: u\r\nContent-Length: 0\r\n\r\n"},
      {"chunk size with a sign", head + te + "\r\n+1\r\na\r\n0\r\n\r\n"},
      {"chunk size 0x", head + te + "\r\n0x1\r\na\r\n0\r\n\r\n"},
      {"chunk size with a blank", head + te + "\r\n 1\r\na\r\n0\r\n\r\n"},
      {"no chunk size", head + te + "\r\n\r\na\r\n0\r\n\r\n"},
      {"chunk size ended by LF", head + te + "\r\n1\na\r\n0\r\n\r\n"},
      {"chunk size ended by CR", head + te + "\r\n1\rXa\r\n0\r\n\r\n"},
      {"chunk longer than its size", head + te + "\r\n1\r\nabc\r\n0\r\n\r\n"},
      {"chunk ended by LF", head + te + "\r\n1\r\na\n0\r\n\r\n"},
      {"line feed in a chunk extension", head + te + "\r\n1;a\nb\r\na\r\n0\r\n\r\n"},
      {"trailer ended by LF", head + te + "\r\n0\r\nT: x\n\r\n"},
      {"end without CR", head + te + "\r\n0\r\n\n"},
      {"tunnel", "CONNECT a:80 HTTP/1.1\r\nHost: t\r\n\r\n"},
      {"no version", "GET /\r\n\r\n"},
      {"not HTTP", "\x16\x03\x01\x02\x03\x01\x01"},
  };
  for (const auto& [name, request] : kAmbiguous) {
    SCOPED_TRACE(name);
    Raw peer = connect();
    const std::string got = peer.say(request + get("/smuggled")).await_end();
    EXPECT_THAT(got, StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(got, HasSubstr("Connection: close\r\n"));
  }
  EXPECT_TRUE(seen.empty()) << seen[0];
  EXPECT_EQ(limit(HttpLimit::framing), static_cast<std::int64_t>(std::size(kAmbiguous)));
  Raw future = connect();
  EXPECT_THAT(future.say("GET / HTTP/2.0\r\nHost: t\r\n\r\n").await("\r\n\r\n"), StartsWith("HTTP/1.1 505 "));
}

TEST_F(ServerLimits, GivesAHeaderItsTimeAndNoMore) {
  start();
  Raw peer = connect();
  peer.say("GET / HTTP/1.1\r\nHos");
  pump_until([&] { return server->connections() == 1; });
  step();
  for (int i = 0; i < 4; ++i) {
    pass(std::chrono::milliseconds(1200));
    peer.say("t");  // dripping does not buy time
  }
  EXPECT_EQ(peer.hear(), "");
  pass(std::chrono::milliseconds(400));
  EXPECT_THAT(peer.await_end(), StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(limit(HttpLimit::header_time), 1);
}

TEST_F(ServerLimits, GivesABodyItsTimeAndNoMore) {
  start();
  Raw peer = connect();
  peer.say("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc");
  pump_until([&] { return metrics.http_received.value() > 0; });
  pass(std::chrono::milliseconds(900));
  peer.say("d");
  EXPECT_EQ(peer.hear(), "");
  pass(std::chrono::milliseconds(200));
  EXPECT_THAT(peer.await_end(), StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(limit(HttpLimit::body_time), 1);
}

TEST_F(ServerLimits, ClosesIdleConnections) {
  start();
  Raw never = connect();
  Raw once = connect();
  once.say(get("/")).await("/ ");
  once.forget();
  pass(std::chrono::milliseconds(9'900));
  EXPECT_EQ(server->connections(), 2u);
  pass(std::chrono::milliseconds(300));
  EXPECT_EQ(server->connections(), 0u);
  EXPECT_EQ(once.await_end(), "");
  EXPECT_EQ(metrics.http_connection_events.value(ConnectionEvent::closed_idle), 2);
}

TEST_F(ServerLimits, StopsReadingFromAPeerThatDoesNotRead) {
  const std::string large(100'000, 'x');
  int handled = 0;
  handler.function = [&](const Request&, Response& response) {
    ++handled;
    response.send(200, "text/plain", large);
  };
  start();
  Raw peer = connect();
  std::string many;
  for (int i = 0; i < 400; ++i) many += get("/");
  ::send(peer.fd(), many.data(), many.size(), MSG_NOSIGNAL);
  for (int i = 0; i < 200; ++i) step();
  const int before = handled;
  EXPECT_LT(before, 200) << "40 MB of answers are not kept for it";
  EXPECT_GE(limit(HttpLimit::output), 1);
  std::size_t got = 0;
  pump_until([&] {
    peer.forget();
    got += peer.hear().size();
    return handled == 400 && got >= 400u * large.size();
  });
  EXPECT_EQ(handled, 400) << "once it reads, it is served on";
}

TEST_F(ServerLimits, ClosesAPeerThatLeavesItsAnswerUnread) {
  const std::string large(20'000'000, 'x');
  handler.function = [&](const Request&, Response& response) { response.send(200, "text/plain", large); };
  start();
  Raw peer = connect();
  peer.say(get("/"));
  for (int i = 0; i < 50; ++i) step();
  pass(std::chrono::milliseconds(4'900));
  EXPECT_EQ(server->connections(), 1u);
  pass(std::chrono::milliseconds(300));
  EXPECT_EQ(server->connections(), 0u);
  EXPECT_EQ(limit(HttpLimit::write_time), 1);
}

TEST_F(ServerLimits, LetsOnlySoManyAnswersBeOwedToAConnection) {
  std::vector<ResponseHandle> handles;
  handler.function = [&](const Request&, Response& response) { handles.push_back(response.defer()); };
  start({.pipeline_max = 4});
  Raw peer = connect();
  std::string many;
  for (int i = 0; i < 10; ++i) many += get("/");
  peer.say(many);
  for (int i = 0; i < 20; ++i) step();
  EXPECT_EQ(handles.size(), 4u);
  EXPECT_GE(limit(HttpLimit::pipeline), 1);
  for (std::size_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(pump_until([&] { return handles.size() > i; }));
    EXPECT_TRUE(server->complete(handles[i], 204));
    step();
  }
  EXPECT_EQ(handles.size(), 10u);
  EXPECT_TRUE(
      pump_until([&] { return peer.hear().size() == 10 * std::strlen("HTTP/1.1 204 No Content\r\n\r\n"); }));
}

TEST_F(ServerLimits, LimitsConnectionsInAllAndByAddress) {
  start({.connections_max = 3});
  std::vector<Raw> peers;
  for (int i = 0; i < 5; ++i) peers.push_back(connect());
  pump_until([&] { return limit(HttpLimit::connections) == 2; });
  EXPECT_EQ(server->connections(), 3u);
  EXPECT_EQ(limit(HttpLimit::connections), 2);
  peers.clear();
  pump_until([&] { return server->connections() == 0; });
  start({.connections_per_address_max = 2});
  for (int i = 0; i < 3; ++i) peers.push_back(connect());
  pump_until([&] { return limit(HttpLimit::address) == 1; });
  EXPECT_EQ(server->connections(), 2u);
  EXPECT_EQ(limit(HttpLimit::address), 1);
  EXPECT_EQ(metrics.http_connection_events.value(ConnectionEvent::refused), 3);
}

TEST_F(ServerLimits, PausesAcceptingWithoutDescriptorsAndResumes) {
  start();
  Raw first = connect();
  pump_until([&] { return server->connections() == 1; });
  Raw second(*this);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  pump_until([&] { return server->connections() == 2; });
  // The next peer has its own descriptor already; none is left for the server's end of it.
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(fd) + 1;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(server->bound().port);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name);
  pump_until([&] { return limit(HttpLimit::descriptors) == 1; });
  for (int i = 0; i < 10; ++i) step();
  EXPECT_EQ(limit(HttpLimit::descriptors), 1) << "it does not spin";
  EXPECT_THAT(first.say(get("/still")).await("/still "), HasSubstr("/still "));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  pass(std::chrono::milliseconds(100));
  EXPECT_TRUE(pump_until([&] { return server->connections() == 3; }));
  ::close(fd);
}

TEST_F(ServerLimits, BeyondTheLimitLetsInAReserveForOneAnswerEach) {
  std::vector<bool> reserved;
  handler.function = [&](const Request& request, Response& response) {
    reserved.push_back(request.reserved);
    response.send(204);
  };
  start({.connections_max = 2, .connections_reserved = 1});
  Raw first = connect();
  Raw second = connect();
  for (Raw* peer : {&first, &second}) {
    peer->say(get("/"));
    EXPECT_EQ(peer->await("\r\n\r\n"), "HTTP/1.1 204 No Content\r\n\r\n");
  }
  Raw third = connect();
  Raw fourth = connect();
  EXPECT_EQ(fourth.await_end(), "") << "beyond the reserve too";
  third.say(get("/"));
  EXPECT_EQ(third.await_end(), "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  third.close();
  pump_until([&] { return server->connections() == 2; });
  Raw fifth = connect();
  fifth.say(get("/"));
  EXPECT_THAT(fifth.await_end(), StartsWith("HTTP/1.1 204 ")) << "the reserve is free again";
  EXPECT_EQ(reserved, (std::vector<bool>{false, false, true, true}));
  EXPECT_EQ(limit(HttpLimit::connections), 3);
}

}  // namespace
}  // namespace bandstand::serving::http
