// protocol_delay: one loop, and a score or a chance for each arm.
#include "experiments/protocol_delay.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <span>

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

constexpr double kEpsilon = 0.1;
/// Of 2, 6, 18 and 50, chosen on seeds 101 to 105 over 300,000 steps, at delays 10 and 1000.
constexpr double kSquareGamma = 6;

/// Mean of the belief.
double rate_of(const Arm& arm, double prior) { return (prior + arm.clicks) / (2 * prior + arm.clicks + arm.others); }

std::uint32_t highest(std::span<const double> scores) {
  return static_cast<std::uint32_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

/// The scores of one step, by policy; what is chosen has the highest, but for SquareCB, which draws.
class Chooser {
 public:
  Chooser(std::string_view policy, const DelayProtocol& protocol, std::uint64_t seed)
      : policy_(find(policy)), prior_(protocol.prior), chance_(seed), scores_(protocol.arms) {}

  std::uint32_t choose(std::span<const Arm> arms, std::int64_t step) {
    if (policy_ == Policy::epsilon_greedy && chance_.chance(kEpsilon)) return any(arms);
    // Chapelle and Li 2011, equation 1: delta = sqrt(1 / t).
    const double log_step = 0.5 * std::log(static_cast<double>(step));
    for (std::size_t i = 0; i < arms.size(); ++i) scores_[i] = score(arms[i], log_step);
    return policy_ == Policy::squarecb ? draw_by_gaps(arms) : highest(scores_);
  }

 private:
  enum class Policy : std::uint8_t { thompson, ucb, linucb, squarecb, epsilon_greedy, greedy };
  static Policy find(std::string_view name) {
    const auto& names = delay_policy_names();
    const auto found = std::find(names.begin(), names.end(), name);
    BANDSTAND_CHECK(found != names.end());
    return static_cast<Policy>(found - names.begin());
  }
  std::uint32_t any(std::span<const Arm> arms) { return static_cast<std::uint32_t>(chance_.below(arms.size())); }

  double score(const Arm& arm, double log_step) {
    const double shown = arm.clicks + arm.others;
    switch (policy_) {
      case Policy::thompson: return chance_.beta(prior_ + arm.clicks, prior_ + arm.others);
      case Policy::ucb: {
        if (shown == 0) return 1e9 + chance_.uniform();
        const double rate = arm.clicks / shown;
        return rate + std::sqrt(2 * rate * log_step / shown) + 2 * log_step / shown;
      }
      case Policy::linucb: return arm.clicks / (1 + shown) + 1 / std::sqrt(1 + shown);  // A = 1 + shown, b = clicks
      case Policy::squarecb:
      case Policy::epsilon_greedy:
      case Policy::greedy: return rate_of(arm, prior_);
    }
    return 0;
  }

  /// p = 1 / (K + gamma gap), the rest to the best one.
  std::uint32_t draw_by_gaps(std::span<const Arm> arms) {
    double known = 0;
    for (const Arm& arm : arms) known += arm.clicks + arm.others;
    const auto count = static_cast<double>(arms.size());
    const double gamma = kSquareGamma * std::sqrt(count * known);
    const std::uint32_t best = highest(scores_);
    double left = chance_.uniform();
    for (std::uint32_t i = 0; i < arms.size(); ++i) {
      if (i == best) continue;
      left -= 1 / (count + gamma * (scores_[best] - scores_[i]));
      if (left < 0) return i;
    }
    return best;
  }

  Policy policy_;
  double prior_;
  base::Rng chance_;
  std::vector<double> scores_;
};

}  // namespace

const std::vector<std::string>& delay_policy_names() {
  static const std::vector<std::string> kNames = {"thompson", "ucb", "linucb", "squarecb", "epsilon_greedy", "greedy"};
  return kNames;
}

double run_delay(std::string_view policy, const DelayProtocol& protocol, Feedback feedback, std::int64_t delay,
                 std::uint64_t seed) {
  BANDSTAND_CHECK(delay >= 1 && protocol.arms >= 1);
  base::Rng world(base::mix64(seed));  // the same for every delay
  base::Rng answers(base::mix64(seed ^ 0xA15));
  Chooser chooser(policy, protocol, base::mix64(seed ^ 0xC0FFEE));
  std::vector<Arm> arms(protocol.arms);
  for (Arm& arm : arms) arm.rate = world.beta(protocol.rate_shape, protocol.rate_shape);
  std::deque<Open> open;
  double regret = 0;
  for (std::int64_t step = 1; step <= protocol.steps; ++step) {
    if (world.chance(protocol.retire)) {
      Arm& arm = arms[world.below(arms.size())];
      arm = {world.beta(protocol.rate_shape, protocol.rate_shape), 0, 0, arm.generation + 1};
    }
    double best = 0;
    for (const Arm& arm : arms) best = std::max(best, arm.rate);
    const std::uint32_t chosen = chooser.choose(arms, step);
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
