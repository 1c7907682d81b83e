// choice: the chance that each of several uncertain scores is the highest: Thompson sampling with its propensities known.
//
// Thompson sampling plays an arm with the probability that it is the best one. Instead of drawing the scores and guessing that
// probability afterwards, it is computed here by integration, and the arm is drawn from it: what is logged as propensity is by
// construction the probability that was used, whatever the error of the integral.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace bandstand::agents::creative {

inline constexpr std::size_t kChoiceMax = 16;

/// A score believed to be N(mean, deviation^2).
struct Belief {
  float mean = 0;
  float deviation = 0;  ///< 0: certain
};

/// P(score i is the highest) for independent scores, summing to 1:
///   p_i = integral over t of (product over j != i of Phi((t - m_j) / s_j)) d Phi((t - m_i) / s_i)
/// over 32 cells of the range in which the highest one lies. Error below 0.01 of probability against exact integration.
/// At most kChoiceMax beliefs. About 0.1 us a belief; deterministic.
void best_probabilities(std::span<const Belief> beliefs, std::span<float> out) noexcept;

}  // namespace bandstand::agents::creative
