// clock: the machine's clocks, asked nowhere else.
#include "base/clock.h"

#include <ctime>

namespace bandstand::base {
namespace {

std::int64_t read(clockid_t id) noexcept {
  timespec t{};
  clock_gettime(id, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

MonoTime SystemClock::mono() const noexcept { return {read(CLOCK_MONOTONIC)}; }
WallTime SystemClock::wall() const noexcept { return {read(CLOCK_REALTIME)}; }

}  // namespace bandstand::base
