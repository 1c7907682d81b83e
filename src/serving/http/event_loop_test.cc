// event_loop_test: timers follow the injected clock, wakes are not lost.
#include "serving/http/event_loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace bandstand::serving::http {
namespace {

constexpr base::Duration kNoWait{0};

TEST(EventLoop, TicksByTheInjectedClockAndNotTwiceWhenLate) {
  base::ManualClock clock;
  EventLoop loop(clock);
  int ticks = 0;
  const auto timer = loop.on_tick(std::chrono::milliseconds(10), [&](base::MonoTime) { ++ticks; });
  loop.poll(kNoWait);
  EXPECT_EQ(ticks, 0);
  clock.advance(std::chrono::milliseconds(10));
  loop.poll(kNoWait);
  EXPECT_EQ(ticks, 1);
  clock.advance(std::chrono::seconds(1));
  loop.poll(kNoWait);
  EXPECT_EQ(ticks, 2);
  loop.cancel(timer);
  clock.advance(std::chrono::seconds(1));
  loop.poll(kNoWait);
  EXPECT_EQ(ticks, 2);
}

TEST(EventLoop, TurnsManyWakesIntoOneCall) {
  base::ManualClock clock;
  EventLoop loop(clock);
  int wakes = 0;
  loop.on_wake([&] { ++wakes; });
  loop.wake();
  loop.wake();
  loop.poll(kNoWait);
  EXPECT_EQ(wakes, 1);
  loop.poll(kNoWait);
  EXPECT_EQ(wakes, 1);
  loop.wake();
  loop.poll(kNoWait);
  EXPECT_EQ(wakes, 2);
}

TEST(EventLoopThread, LosesNoWakeAndStops) {
  const base::SystemClock clock;
  EventLoop loop(clock);
  std::atomic<int> posted{0};
  int seen = 0;
  loop.on_wake([&] {
    seen = posted.load();
    if (seen == 1000) loop.stop();
  });
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) {
      posted.fetch_add(1);
      loop.wake();
    }
  });
  loop.run();
  other.join();
  EXPECT_EQ(seen, 1000);
}

}  // namespace
}  // namespace bandstand::serving::http
