// world_shock: what goes wrong in the world, when, and by how much: a list of steps, for experiments.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/clock.h"

namespace bandstand::simulation {

struct Shock {
  enum class Kind : std::uint8_t {
    price,          ///< factor on what everybody else pays
    traffic,        ///< factor on the arrival rate
    rival_budget,   ///< factor on the budgets of the rivals
    notice_outage,  ///< no notice or event gets through while it lasts
  };
  Kind kind = Kind::price;
  double factor = 1;
  base::Duration from{0};  ///< since the world's start
  base::Duration until{std::numeric_limits<std::int64_t>::max()};
};

/// Product of the factors that hold at `since_start`.
inline double factor_at(std::span<const Shock> shocks, Shock::Kind kind, base::Duration since_start) {
  double factor = 1;
  for (const Shock& shock : shocks) {
    if (shock.kind == kind && since_start >= shock.from && since_start < shock.until) factor *= shock.factor;
  }
  return factor;
}

/// Whether notices are cut off.
inline bool outage_at(std::span<const Shock> shocks, base::Duration since_start) {
  for (const Shock& shock : shocks) {
    if (shock.kind == Shock::Kind::notice_outage && since_start >= shock.from && since_start < shock.until)
      return true;
  }
  return false;
}

}  // namespace bandstand::simulation
