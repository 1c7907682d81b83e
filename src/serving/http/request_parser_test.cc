// request_parser_test: the same request however it is cut; the rest is in server_test and the fuzz corpus.
#include "serving/http/request_parser.h"

#include <gtest/gtest.h>

#include <string>

namespace bandstand::serving::http {
namespace {

using Progress = RequestParser::Progress;
constexpr ParserLimits kLimits{1000, 1000, 100};

TEST(RequestParser, ReadsTheSameRequestHoweverItIsCut) {
  const std::string text =
      "POST http://h/p/a?x=1 HTTP/1.1\r\nHOST: h\r\nEmpty:\r\nX-Forwarded-For:  1.2.3.4 \r\nX-Forwarded-For: "
      "second\r\n"
      "Transfer-Encoding: Chunked\r\n\r\na\r\n0123456789\r\nB\r\nabcdefghijk\r\n0\r\n\r\n";
  for (std::size_t cut = 1; cut <= text.size(); ++cut) {
    RequestParser parser(kLimits);
    std::string buffer(text.size(), '\0');
    std::size_t size = 0;
    std::size_t fed = 0;
    Progress progress = Progress::incomplete;
    while (progress == Progress::incomplete && fed < text.size()) {
      const std::size_t take = std::min(cut, text.size() - fed);
      text.copy(buffer.data() + size, take, fed);
      size += take;
      fed += take;
      progress = parser.parse(buffer.data(), size);
    }
    ASSERT_EQ(progress, Progress::ready) << cut;
    Request request;
    parser.describe(buffer.data(), request);
    EXPECT_EQ(parser.consumed(), size);
    EXPECT_EQ(request.path, "/p/a");
    EXPECT_EQ(request.query, "x=1");
    EXPECT_EQ(request.body, "0123456789abcdefghijk");
    EXPECT_EQ(request.header(Header::host), "h");
    EXPECT_EQ(request.header(Header::x_forwarded_for), "1.2.3.4");
    EXPECT_EQ(request.header(Header::cookie), "");
  }
}

TEST(RequestParser, KnowsAllHeadersItPromises) {
  const char* const kNames[] = {"Host",
                                "Content-Type",
                                "Content-Encoding",
                                "Accept",
                                "Accept-Encoding",
                                "Accept-Language",
                                "Authorization",
                                "Cookie",
                                "Expect",
                                "Forwarded",
                                "If-None-Match",
                                "Origin",
                                "Referer",
                                "Sec-GPC",
                                "DNT",
                                "traceparent",
                                "User-Agent",
                                "X-Forwarded-For",
                                "X-OpenRTB-Version",
                                "X-Real-IP",
                                "Idempotency-Key"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(Header::count_));
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    RequestParser parser(kLimits);
    const std::string value =
        static_cast<Header>(i) == Header::expect ? "100-continue" : "v" + std::to_string(i);
    std::string text = std::string("GET / HTTP/1.1\r\n") + kNames[i] + ": " + value + "\r\n";
    if (static_cast<Header>(i) != Header::host) text += "Host: h\r\n";
    text += "\r\n";
    std::size_t size = text.size();
    ASSERT_EQ(parser.parse(text.data(), size), Progress::ready) << kNames[i];
    Request request;
    parser.describe(text.data(), request);
    EXPECT_EQ(request.headers[i], value);
  }
}

TEST(Message, DecodesQueriesAndAddresses) {
  EXPECT_EQ(query_value("a=1&b=%20x&c&a=2", "a"), "1");
  EXPECT_EQ(query_value("a=1&b=%20x&c&a=2", "b"), "%20x");
  EXPECT_EQ(query_value("a=1&b=%20x&c&a=2", "c"), "");
  EXPECT_FALSE(query_value("a=1&bb=2", "b").has_value());
  std::string out;
  EXPECT_TRUE(percent_decode("a%2Fb+c", true, out));
  EXPECT_EQ(out, "a/b c");
  EXPECT_FALSE(percent_decode("a%2", false, out));
  EXPECT_FALSE(percent_decode("%zz", false, out));
  EXPECT_EQ(Address::parse("127.0.0.1:80")->text(), "127.0.0.1:80");
  EXPECT_EQ(Address::parse(":80")->text(), "0.0.0.0:80");
  EXPECT_EQ(Address::parse("localhost:1")->text(), "127.0.0.1:1");
  EXPECT_EQ(Address::parse("[::1]:8080")->text(), "[::1]:8080");
  for (const char* bad : {"", "80", "1.2.3.4", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:70000", "host.name:80",
                          "1.2.3:80", "[::1:80"}) {
    EXPECT_FALSE(Address::parse(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace bandstand::serving::http
