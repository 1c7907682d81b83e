// event_loop: one thread's epoll loop: readiness, timers on an injected clock, and a wake-up from other
// threads.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace bandstand::serving::http {

/// Something with a file descriptor in the loop.
class Watcher {
 public:
  virtual ~Watcher() = default;
  /// `events` as epoll reports them. May watch and unwatch freely; must not destroy a Watcher before the
  /// round ends (park it until on_round_end).
  virtual void on_ready(std::uint32_t events) = 0;
};

/// Something that wants to know when a round is over: to write once what many callbacks have added, to reap,
/// to sweep.
class RoundListener {
 public:
  virtual ~RoundListener() = default;
  virtual void on_round_end() = 0;
};

/// All members on the loop's thread, except wake() and stop(). Level-triggered.
///
/// A round is: wait, readiness, wake-up callback, due timers, round listeners. Time stands still within a
/// round for now(); ask the clock for finer.
class EventLoop {
 public:
  explicit EventLoop(const base::Clock& clock);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void watch(int fd, std::uint32_t events, Watcher& watcher);
  void change(int fd, std::uint32_t events, Watcher& watcher);
  void unwatch(int fd);
  void listen_rounds(RoundListener& listener);
  void forget_rounds(RoundListener& listener);

  using TimerId = std::uint32_t;
  /// Calls `tick` each `interval` of the injected clock, late rather than twice. The first time after one
  /// interval.
  TimerId on_tick(base::Duration interval, std::function<void(base::MonoTime)> tick);
  void cancel(TimerId timer);

  /// What to do after wake(); many wakes may become one call.
  void on_wake(std::function<void()> callback) { on_wake_ = std::move(callback); }
  /// Any thread. A system call, or nothing when a wake-up is pending already.
  void wake() noexcept;

  /// One round; waits at most `wait_max` of real time for something to happen (0: does not wait). Returns the
  /// number of descriptors that were ready.
  int poll(base::Duration wait_max);
  /// Rounds until stop().
  void run();
  /// Any thread; run() returns after the round in progress.
  void stop() noexcept;

  /// Whether callbacks are running, so that the round listeners are still to come.
  [[nodiscard]] bool in_round() const { return in_round_; }
  /// When the round's wait returned.
  [[nodiscard]] base::MonoTime now() const { return now_; }
  /// How long the round before took. What is ready without waiting has been in the kernel for at most this
  /// long, since the round before would have seen it: the queueing that an overload controller wants.
  [[nodiscard]] base::Duration backlog() const { return backlog_; }
  [[nodiscard]] const base::Clock& clock() const { return clock_; }

 private:
  struct Timer {
    TimerId id;
    base::Duration interval;
    base::MonoTime due;
    std::function<void(base::MonoTime)> tick;
  };

  [[nodiscard]] int wait_ms(base::Duration wait_max, base::MonoTime now) const;
  void run_timers();

  const base::Clock& clock_;
  int epoll_ = -1;
  int event_ = -1;
  std::vector<epoll_event> ready_;
  std::vector<Timer> timers_;
  std::vector<RoundListener*> listeners_;
  std::function<void()> on_wake_;
  TimerId last_timer_ = 0;
  base::MonoTime now_;
  bool in_round_ = false;
  base::Duration backlog_{0};
  std::atomic<bool> woken_{false};
  std::atomic<bool> stopped_{false};
};

}  // namespace bandstand::serving::http
