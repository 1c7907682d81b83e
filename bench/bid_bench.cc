// bid_bench: what learned bidding adds to a decision: the network of a control, the bid with its residual,
// the shaded bid by context.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "agents/bid/bid_learned.h"
#include "agents/bid/context_landscape.h"
#include "agents/bid/control_policy.h"
#include "base/clock.h"
#include "base/rng.h"

namespace bandstand::bench {
namespace {

namespace bid = agents::bid;

/// Median of nine runs of `calls` calls, with the fastest and the slowest.
template <class Call>
void measure(const char* name, int calls, Call&& call) {
  const base::SystemClock clock;
  std::array<double, 9> runs{};
  for (double& ns : runs) {
    const base::MonoTime start = clock.mono();
    for (int i = 0; i < calls; ++i) call(i);
    ns = static_cast<double>((clock.mono() - start).count()) / calls;
  }
  std::sort(runs.begin(), runs.end());
  std::printf("%-44s %8.1f ns  (%.1f to %.1f)\n", name, runs[4], runs.front(), runs.back());
}

/// A network of the size that `bandstand-lab train bid` writes, with weights by chance.
bid::ControlPolicyPtr control() {
  base::Rng rng(1);
  model::ModelFile file{.kind = std::string(bid::kResidualModel),
                        .schema = std::string(bid::kControlSchema),
                        .training = "{}",
                        .tensors = {}};
  const std::array<std::size_t, 4> sizes = {bid::kControlFeatures, 64, 64, 11};
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    std::vector<float> weight(sizes[i] * sizes[i + 1]);
    for (float& w : weight) w = static_cast<float>(0.2 * rng.normal());
    file.tensors["q." + std::to_string(i) + ".weight"] = {{sizes[i + 1], sizes[i]}, weight};
    file.tensors["q." + std::to_string(i) + ".bias"] = {{sizes[i + 1]}, std::vector<float>(sizes[i + 1])};
  }
  const auto steps = bid::residual_steps();
  file.tensors["steps"] = {{steps.size()}, {steps.begin(), steps.end()}};
  return bid::ControlPolicy::from(file, bid::kResidualModel).value();
}

void run() {
  base::Rng rng(2);
  std::vector<bid::ControlState> states(64);
  for (bid::ControlState& state : states)
    state = {rng.uniform(), rng.uniform(), -rng.uniform(), rng.normal(), rng.normal(), 0.3, 0, 0, 0};
  const auto policy = control();
  double sum = 0;
  measure("control: 10 features, 64, 64, 11 scores", 100'000,
          [&](int i) { sum += policy->step(states[static_cast<std::size_t>(i) % 64]); });

  base::Arena arena;
  agents::AgentContext context{.now = {}, .rng = rng, .arena = arena};
  bid::BidInput input{.value = 4e6, .mu = 1, .floor = {0}, .cap = {100'000'000}, .at = 2, .market = {}};
  bid::BidRules rules({5}, {});
  bid::BidLearned learned({6}, bid::BidRules({5}, {}), 1);
  const auto price = [&](bid::BidAgent& agent) {
    const auto decided = agent.decide(input, context);
    sum += static_cast<double>(std::get<bid::Price>(decided->value).price.value);
  };
  measure("bid by the rules, second price", 100'000, [&](int) { price(rules); });
  measure("bid with a residual, second price", 100'000, [&](int i) {
    input.residual = .01f * static_cast<float>(i % 16);
    price(learned);
  });

  bid::ContextLandscapeLearner learner(bid::PriceGrid::linear(1, 301), 16, 64, {});
  for (int i = 0; i < 20'000; ++i) {
    const std::array<std::uint32_t, 2> x{static_cast<std::uint32_t>(rng.below(32)),
                                         static_cast<std::uint32_t>(32 + rng.below(32))};
    learner.observe_price({static_cast<std::uint32_t>(rng.below(16)), x},
                          static_cast<std::int64_t>(1 + rng.below(300)));
  }
  const bid::ContextLandscape law = learner.publish();
  const std::array<std::uint32_t, 2> x{3, 40};
  measure("shaded bid, context law, 200 prices below", 20'000, [&](int i) {
    sum += law.best_first_price_bid({static_cast<std::uint32_t>(i) % 16, x}, 200).surplus;
  });
  std::printf("(%g)\n", sum);  // so that nothing is left out
}

}  // namespace
}  // namespace bandstand::bench

int main() { bandstand::bench::run(); }
