// decision: what every answer of an agent carries, so that it can be explained, replayed and learned from.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace bandstand::domain {

/// A policy's name, as a small number registered in orchestrator/policies (stable over versions of the program).
struct PolicyId {
  std::uint16_t value = 0;
  friend constexpr bool operator==(PolicyId, PolicyId) = default;
};

enum class Source : std::uint8_t { live, shadow, fallback };

/// An answer and where it came from.
template <class T>
struct Decided {
  T value;
  PolicyId policy;
  std::uint32_t version = 0;     ///< of the snapshot the policy used; 0 = none
  Source source = Source::live;
  float propensity = 1.0f;       ///< P(this action | input, policy), in (0, 1]; learners divide by it
};

}  // namespace bandstand::domain
