// replay_buffer: a ring of flat arrays.
#include "learning/control/replay_buffer.h"

#include <algorithm>

#include "base/check.h"

namespace bandstand::learning {

void ReplayBuffer::add_episode(std::span<const Step> episode, int n, float discount) {
  for (std::size_t t = 0; t < episode.size(); ++t) {
    BANDSTAND_CHECK(episode[t].state.size() == width_);
    const std::size_t end = std::min(episode.size(), t + static_cast<std::size_t>(n));
    float reward = 0;
    float weight = 1;
    for (std::size_t i = t; i < end; ++i, weight *= discount) reward += weight * episode[i].reward;
    if (size() < capacity_) {
      state_.resize(state_.size() + width_);
      next_.resize(next_.size() + width_);
      action_.push_back(0);
      reward_.push_back(0);
      going_.push_back(0);
    }
    std::copy(episode[t].state.begin(), episode[t].state.end(), state_.begin() + static_cast<std::ptrdiff_t>(at_ * width_));
    const auto next = next_.begin() + static_cast<std::ptrdiff_t>(at_ * width_);
    const bool goes_on = end < episode.size();
    if (goes_on) {
      std::copy(episode[end].state.begin(), episode[end].state.end(), next);
    } else {
      std::fill_n(next, width_, 0.0f);
    }
    action_[at_] = episode[t].action;
    reward_[at_] = reward;
    going_[at_] = goes_on ? weight : 0;
    at_ = (at_ + 1) % capacity_;
  }
}

StepBatch ReplayBuffer::draw(std::size_t rows, base::Rng& rng) const {
  BANDSTAND_CHECK(size() > 0);
  const auto height = static_cast<Eigen::Index>(rows);
  const auto width = static_cast<Eigen::Index>(width_);
  StepBatch batch{StepBatch::Matrix(height, width), StepBatch::Matrix(height, width), {}, {}, {}};
  for (std::size_t row = 0; row < rows; ++row) {
    const auto from = static_cast<std::size_t>(rng.below(size()));
    std::copy_n(state_.begin() + static_cast<std::ptrdiff_t>(from * width_), width_, batch.state.data() + row * width_);
    std::copy_n(next_.begin() + static_cast<std::ptrdiff_t>(from * width_), width_, batch.next.data() + row * width_);
    batch.action.push_back(action_[from]);
    batch.reward.push_back(reward_[from]);
    batch.going.push_back(going_[from]);
  }
  return batch;
}

}  // namespace bandstand::learning
