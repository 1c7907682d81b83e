// replay_buffer: steps that were taken and what came of them, to be drawn from by chance.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/rng.h"
#include "learning/neural/parameter.h"

namespace bandstand::learning {

/// One step of an episode as it was lived. `state` has as many values as the buffer's width.
struct Step {
  std::vector<float> state;
  int action = 0;
  float reward = 0;
};

/// A minibatch, one step a row.
struct StepBatch {
  using Matrix = Parameter::Matrix;
  Matrix state;               ///< [rows, width]
  Matrix next;                ///< [rows, width]; zeros after the last step
  std::vector<int> action;
  std::vector<float> reward;  ///< of `n` steps, discounted
  std::vector<float> going;   ///< discount^n, or 0 if the episode ended within these steps
};

/// A ring of steps in flat arrays. One thread.
class ReplayBuffer {
 public:
  /// `capacity` steps of `width` state values.
  ReplayBuffer(std::size_t width, std::size_t capacity) : width_(width), capacity_(capacity) {}

  /// Adds an episode, oldest steps first; each step is credited with the rewards of `n` steps (n-step returns, Sutton 1988).
  void add_episode(std::span<const Step> episode, int n, float discount);
  [[nodiscard]] std::size_t size() const { return action_.size(); }
  /// `rows` steps, each as likely, with replacement. Needs size() > 0.
  [[nodiscard]] StepBatch draw(std::size_t rows, base::Rng& rng) const;

 private:
  std::size_t width_;
  std::size_t capacity_;
  std::size_t at_ = 0;  ///< next to be overwritten, once full
  std::vector<float> state_, next_, reward_, going_;
  std::vector<int> action_;
};

}  // namespace bandstand::learning
