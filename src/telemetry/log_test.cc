// log_test: a line stays a line, a flood stays small, and the caller never waits.
#include "telemetry/log.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <thread>

namespace bandstand::telemetry {
namespace {

/// A pipe whose content is read at the end.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe(ends_), 0); }
  ~Pipe() { ::close(ends_[0]); }
  [[nodiscard]] int in() const { return ends_[1]; }
  std::string content() {
    ::close(ends_[1]);
    std::string out;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(ends_[0], buffer, sizeof buffer)) > 0;)
      out.append(buffer, static_cast<std::size_t>(n));
    return out;
  }

 private:
  int ends_[2] = {-1, -1};
};

TEST(Log, WritesTheFieldsOfALineAsJson) {
  base::ManualClock clock({1'700'000'000'123'000'000});
  Pipe pipe;
  LogWriter writer(clock, pipe.in());
  Log& log = writer.open("shard0");
  log.write({Level::warning, "bid request refused", "missing", "request.imp[0].id", "exchange a", 0xabc, 3,
             "bytes"});
  EXPECT_EQ(writer.drain(), 1u);
  EXPECT_EQ(pipe.content(),
            "{\"ts\":\"2023-11-14T22:13:20.123Z\",\"level\":\"warning\",\"svc\":\"shard0\",\"msg\":\"bid "
            "request refused\","
            "\"reason\":\"missing\",\"field\":\"request.imp[0].id\",\"detail\":\"exchange a\","
            "\"auction_hash\":\"0000000000000abc\",\"value\":3,\"unit\":\"bytes\"}\n");
}

TEST(Log, EscapesHostileText) {
  std::string out;
  append_json_text("a\"b\\c\nd\x01\x7f", out);
  EXPECT_EQ(out, "a\\\"b\\\\c\\u000ad\\u0001\\u007f");
  out.clear();
  append_json_text("\xC3\xA9 \xFF \xC0\x80 \xED\xA0\x80 \xE2\x80\xA8 \xF0\x9F\x98\x80 \xF0\x9F", out);
  EXPECT_EQ(out,
            "\xC3\xA9 \\u00ff \\u00c0\\u0080 \\u00ed\\u00a0\\u0080 \\u2028 \xF0\x9F\x98\x80 \\u00f0\\u009f");
}

TEST(Log, LimitsEachMessageAndSaysHowManyWereLeftOut) {
  base::ManualClock clock;
  Pipe pipe;
  LogWriter writer(clock, pipe.in(), {.ring_lines = 64, .burst = 2, .least = Level::info});
  Log& log = writer.open("s");
  for (int i = 0; i < 100; ++i) log.info("flood");
  log.info("other message");
  EXPECT_EQ(log.suppressed(), 98u);
  clock.advance(std::chrono::seconds(1));
  log.info("flood");
  EXPECT_EQ(writer.drain(), 4u);
  EXPECT_THAT(pipe.content(), ::testing::HasSubstr("\"msg\":\"flood\",\"left_out\":98}\n"));
}

TEST(Log, DropsAndCountsWhenTheRingIsFull) {
  base::ManualClock clock;
  Pipe pipe;
  LogWriter writer(clock, pipe.in(), {.ring_lines = 8, .burst = 1000, .least = Level::info});
  Log& log = writer.open("s");
  for (int i = 0; i < 20; ++i) log.info("line");
  EXPECT_EQ(log.dropped(), 12u);
  EXPECT_EQ(writer.drain(), 8u);
}

TEST(Log, CutsWhatIsTooLongAndLeavesDebugOut) {
  base::ManualClock clock;
  Pipe pipe;
  LogWriter writer(clock, pipe.in());
  Log& log = writer.open("s");
  log.write({Level::debug, "unseen"});
  log.info("long", std::string(5000, 'x'));
  EXPECT_EQ(writer.drain(), 1u);
  EXPECT_LT(pipe.content().size(), 400u);
}

TEST(Log, DoesNotWaitForAPipeThatNobodyReads) {
  base::ManualClock clock;
  Pipe pipe;
  LogWriter writer(clock, pipe.in(), {.ring_lines = 512, .burst = 100'000, .least = Level::info});
  Log& log = writer.open("s");
  const std::string detail(150, 'x');
  for (int round = 0; round < 4; ++round) {  // 4 x 500 lines of 230 bytes into a pipe of 64 KiB
    for (int i = 0; i < 500; ++i) log.info("line", detail);
    EXPECT_EQ(writer.drain(), 500u);
  }
  EXPECT_GE(writer.lost(), 1500u);
  EXPECT_EQ(writer.dropped(), writer.lost());
}

TEST(LogThread, MayBeDrainedWhileItIsWritten) {
  base::ManualClock clock;
  Pipe pipe;
  LogWriter writer(clock, pipe.in(), {.ring_lines = 16, .burst = 1'000'000, .least = Level::info});
  Log& log = writer.open("s");
  std::thread thread([&] {
    for (int i = 0; i < 400; ++i) log.info("line");
  });
  std::size_t lines = 0;
  for (int i = 0; i < 50; ++i) lines += writer.drain();
  thread.join();
  lines += writer.drain();
  EXPECT_EQ(lines + log.dropped(), 400u);
}

}  // namespace
}  // namespace bandstand::telemetry
