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

/// A score, believed to lie around a mean with a standard deviation.
struct Belief {
  float mean = 0;
  float deviation = 0;  ///< 0: certain
};

/// P(score i is the highest) for independent scores, summing to 1:
///   p_i = integral over t of (product over j != i of F_j(t)) dF_i(t),  over 32 cells of the range where the highest one lies.
/// F is the triweight of that mean and deviation, which is nearly normal (|difference| < 0.01), a polynomial, and ends at three
/// deviations: what is hopeless has probability 0. Within 0.03 of what drawing normal scores gives. At most kChoiceMax
/// beliefs; about 30 ns each; deterministic.
void best_probabilities(std::span<const Belief> beliefs, std::span<float> out) noexcept;

}  // namespace bandstand::agents::creative
