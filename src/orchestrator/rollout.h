// rollout: which policy answers, as a value: off, shadow, percent, live.
#pragma once

#include <cstdint>
#include <memory>

#include "base/hash.h"
#include "base/rng.h"
#include "orchestrator/breaker.h"

namespace bandstand::orchestrator {

enum class Mode : std::uint8_t {
  off,      ///< not asked
  shadow,   ///< asked and logged, not used
  percent,  ///< answers for a sticky share of users
  live      ///< answers for all
};

struct Rollout {
  Mode mode = Mode::off;
  std::uint32_t percent = 0;      ///< 0..100, for Mode::percent
  std::uint64_t salt = 0;         ///< of the experiment: who is in the share of one says nothing about another

  /// Is this subject (user key, else a hash of the auction id) in the share?
  [[nodiscard]] bool includes(std::uint64_t subject) const noexcept {
    return mode == Mode::live || (mode == Mode::percent && base::mix64(subject ^ salt) % 100 < percent);
  }
};

/// The place of one agent: the policy that answers, and a challenger with its rollout. The baseline is always there.
template <class Agent>
struct Seat {
  std::unique_ptr<Agent> baseline;
  std::unique_ptr<Agent> challenger;
  Rollout rollout;
  bool enabled = true;            ///< false: the stage uses its fallback (or fails closed) at once
  Breaker baseline_breaker, challenger_breaker;

  /// Who answers for this subject.
  [[nodiscard]] bool challenger_answers(std::uint64_t subject) const noexcept {
    return challenger != nullptr && rollout.includes(subject);
  }
  [[nodiscard]] bool has_shadow(std::uint64_t subject) const noexcept {
    return challenger != nullptr && rollout.mode == Mode::shadow && !challenger_answers(subject);
  }
};

}  // namespace bandstand::orchestrator
