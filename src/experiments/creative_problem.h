// creative_problem: which of several creatives, in which context: what a policy is told before the first impression.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bandstand::experiments {

/// One way to tell cells apart: a headline, a colour, a headline and a topic together, the creative itself.
struct Factor {
  std::string name;
  std::uint32_t levels = 0;
  std::vector<std::uint32_t> level_of;  ///< [cell]
  bool interaction = false;             ///< of two factors that are listed themselves
};

/// Every pair of a context and an arm is a cell, whose click rate is unknown and the same for ever.
struct CreativeProblem {
  std::uint32_t arms = 0;
  std::uint32_t contexts = 1;
  /// In the order of their names; what policies "without structure" do not look at.
  std::vector<Factor> factors;
  double base_rate = 0.02;  ///< about: scales the noise of linear policies and their priors

  [[nodiscard]] std::uint32_t cells() const { return arms * contexts; }
  [[nodiscard]] std::uint32_t cell(std::uint32_t context, std::uint32_t arm) const { return context * arms + arm; }
};

}  // namespace bandstand::experiments
