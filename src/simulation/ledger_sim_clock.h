// ledger_sim_clock: the world's time as a Clock, for the parts that ask for one.
#pragma once

#include "base/clock.h"
#include "simulation/ledger_sim_world.h"

namespace bandstand::simulation {

/// Reads the world's own variables.
class LedgerWorld::SimClock final : public base::Clock {
 public:
  SimClock(const std::int64_t& now, const std::int64_t& jump) : now_(now), jump_(jump) {}
  [[nodiscard]] base::MonoTime mono() const noexcept override { return {now_ + 1'000'000'000}; }
  [[nodiscard]] base::WallTime wall() const noexcept override { return {kStart + now_ + jump_}; }

 private:
  static constexpr std::int64_t kStart = 1'700'000'000'000'000'000;
  const std::int64_t& now_;
  const std::int64_t& jump_;
};

}  // namespace bandstand::simulation
