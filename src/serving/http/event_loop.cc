// event_loop: epoll, eventfd and a short list of timers.
#include "serving/http/event_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/check.h"

namespace bandstand::serving::http {
namespace {

constexpr std::size_t kReadyMax = 1024;
constexpr int kForeverMs = 60'000;
constexpr base::Duration kSleptAtLeast = std::chrono::microseconds(20);

}  // namespace

EventLoop::EventLoop(const base::Clock& clock)
    : clock_(clock),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      ready_(kReadyMax),
      now_(clock.mono()) {
  BANDSTAND_CHECK(epoll_ >= 0 && event_ >= 0);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  BANDSTAND_CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, event_, &event) == 0);
}

EventLoop::~EventLoop() {
  ::close(event_);
  ::close(epoll_);
}

void EventLoop::watch(int fd, std::uint32_t events, Watcher& watcher) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watcher;
  BANDSTAND_CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0);
}

void EventLoop::change(int fd, std::uint32_t events, Watcher& watcher) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watcher;
  BANDSTAND_CHECK(epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) == 0);
}

void EventLoop::unwatch(int fd) { epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr); }

void EventLoop::listen_rounds(RoundListener& listener) { listeners_.push_back(&listener); }

void EventLoop::forget_rounds(RoundListener& listener) { std::erase(listeners_, &listener); }

EventLoop::TimerId EventLoop::on_tick(base::Duration interval, std::function<void(base::MonoTime)> tick) {
  timers_.push_back({++last_timer_, interval, clock_.mono() + interval, std::move(tick)});
  return last_timer_;
}

void EventLoop::cancel(TimerId timer) {
  std::erase_if(timers_, [timer](const Timer& t) { return t.id == timer; });
}

void EventLoop::wake() noexcept {
  if (woken_.exchange(true, std::memory_order_acq_rel)) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written =
      ::write(event_, &one, sizeof one);  // fails only when it is set already
}

void EventLoop::stop() noexcept {
  stopped_.store(true, std::memory_order_release);
  wake();
}

int EventLoop::wait_ms(base::Duration wait_max, base::MonoTime now) const {
  std::int64_t ns = std::max<std::int64_t>(wait_max.count(), 0);
  for (const Timer& timer : timers_) ns = std::clamp<std::int64_t>((timer.due - now).count(), 0, ns);
  return static_cast<int>(std::min<std::int64_t>((ns + 999'999) / 1'000'000, kForeverMs));
}

void EventLoop::run_timers() {
  // By index: a tick may add timers or cancel its own.
  for (std::size_t i = 0; i < timers_.size(); ++i) {
    if (now_ < timers_[i].due) continue;
    timers_[i].due = std::max(timers_[i].due + timers_[i].interval, now_);
    const auto tick = timers_[i].tick;
    tick(now_);
  }
}

int EventLoop::poll(base::Duration wait_max) {
  const base::MonoTime before = clock_.mono();
  const base::Duration last_round = before - now_;
  const int count =
      epoll_wait(epoll_, ready_.data(), static_cast<int>(ready_.size()), wait_ms(wait_max, before));
  now_ = clock_.mono();
  // Who had to wait found nothing ready, so what came has come just now.
  backlog_ = now_ - before > kSleptAtLeast ? base::Duration{0} : last_round;
  BANDSTAND_CHECK(count >= 0 || errno == EINTR);
  in_round_ = true;
  bool woken = false;
  for (int i = 0; i < count; ++i) {
    auto* watcher = static_cast<Watcher*>(ready_[static_cast<std::size_t>(i)].data.ptr);
    if (watcher != nullptr) {
      watcher->on_ready(ready_[static_cast<std::size_t>(i)].events);
    } else {
      woken = true;
    }
  }
  if (woken) {
    std::uint64_t times = 0;
    [[maybe_unused]] const auto got = ::read(event_, &times, sizeof times);
    // Cleared before the callback: what another thread posts from here on wakes again.
    woken_.exchange(false, std::memory_order_acq_rel);
    if (on_wake_) on_wake_();
  }
  run_timers();
  for (std::size_t i = 0; i < listeners_.size(); ++i) listeners_[i]->on_round_end();
  in_round_ = false;
  return std::max(count, 0);
}

void EventLoop::run() {
  while (!stopped_.load(std::memory_order_acquire)) poll(std::chrono::seconds(1));
}

}  // namespace bandstand::serving::http
