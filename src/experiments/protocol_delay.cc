// protocol_delay: one loop.
#include "experiments/protocol_delay.h"

#include <algorithm>
#include <deque>
#include <vector>

#include "base/check.h"
#include "base/rng.h"

namespace bandstand::experiments {
namespace {

struct Arm {
  double rate = 0;
  double clicks = 0, others = 0;
  std::uint32_t generation = 0;
};

struct Open {
  std::uint32_t arm, generation;
  bool clicked;
};

void learn(std::vector<Arm>& arms, const Open& open) {
  Arm& arm = arms[open.arm];
  if (arm.generation == open.generation) (open.clicked ? arm.clicks : arm.others) += 1;
}

}  // namespace

double run_delay(const DelayProtocol& protocol, Feedback feedback, std::int64_t delay, std::uint64_t seed) {
  BANDSTAND_CHECK(delay >= 1 && protocol.arms >= 1);
  base::Rng world(base::mix64(seed));  // the same for every delay
  base::Rng answers(base::mix64(seed ^ 0xA15));
  base::Rng chance(base::mix64(seed ^ 0xC0FFEE));
  std::vector<Arm> arms(protocol.arms);
  for (Arm& arm : arms) arm.rate = world.beta(protocol.rate_shape, protocol.rate_shape);
  std::deque<Open> open;
  double regret = 0;
  for (std::int64_t step = 1; step <= protocol.steps; ++step) {
    if (world.chance(protocol.retire)) {
      Arm& arm = arms[world.below(arms.size())];
      arm = {world.beta(protocol.rate_shape, protocol.rate_shape), 0, 0, arm.generation + 1};
    }
    std::uint32_t chosen = 0;
    double highest = -1;
    double best = 0;
    for (std::uint32_t i = 0; i < arms.size(); ++i) {
      best = std::max(best, arms[i].rate);
      const double drawn = chance.beta(protocol.prior + arms[i].clicks, protocol.prior + arms[i].others);
      if (drawn <= highest) continue;
      highest = drawn;
      chosen = i;
    }
    regret += best - arms[chosen].rate;
    open.push_back({chosen, arms[chosen].generation, answers.uniform() < arms[chosen].rate});
    const bool due = feedback == Feedback::late || step % delay == 0;
    const std::size_t kept = feedback == Feedback::late ? static_cast<std::size_t>(delay - 1) : 0;
    while (due && open.size() > kept) {
      learn(arms, open.front());
      open.pop_front();
    }
  }
  return regret;
}

}  // namespace bandstand::experiments
