// protocol_creative_world: a world as cells and factors.
#include "experiments/protocol_creative_world.h"

#include <map>
#include <string>

#include "base/check.h"
#include "experiments/creative_bandit.h"
#include "experiments/creative_production.h"
#include "experiments/neural_linear.h"

namespace bandstand::experiments {
namespace {

using agents::creative::CreativeWorld;

constexpr std::uint32_t kTopics = CreativeWorld::kTopics;

/// Contexts of the towers: topic, then device.
std::uint32_t number_of(const CreativeWorld::Moment& moment) { return 2 * moment.topic + (moment.phone ? 1 : 0); }

std::vector<agents::creative::Context> tower_contexts() {
  std::vector<agents::creative::Context> contexts;
  const domain::Impression impression;
  for (std::uint32_t i = 0; i < 2 * kTopics; ++i) {
    domain::Auction auction;
    auction.device.type = i % 2 == 1 ? domain::DeviceType::phone : domain::DeviceType::pc;
    contexts.push_back(agents::creative::context_of({auction, impression, 1000 + i / 2, 1.0f, 0}));
  }
  return contexts;
}

using NumberOf = std::uint32_t (*)(const CreativeWorld::Moment&);

double play(CreativeWorld& world, CreativeBandit& bandit, NumberOf number) {
  struct Open {
    std::uint32_t context, creative;
    bool clicked;
  };
  using Moment = CreativeWorld::Moment;
  using Shown = CreativeWorld::Shown;
  return world
      .play([&](const Moment& moment, base::Rng& chance) { return Shown{bandit.choose(number(moment), chance).arm, 0}; },
            [&](const Moment& moment, const Shown& shown, bool clicked) {
              return Open{number(moment), shown.creative, clicked};
            },
            [&](const Open& open) { bandit.learn(open.context, open.creative, open.clicked); }, [&] { bandit.refresh(); })
      .regret;
}

/// Levels by the name that a creative has for it; crossed with the topic on request.
Factor factor_of(const domain::Catalogue& catalogue, std::size_t attribute, bool with_topic) {
  Factor factor{.name = {}, .levels = 0, .level_of = {}, .interaction = with_topic};
  std::map<std::pair<std::string, std::uint32_t>, std::uint32_t> numbers;
  for (std::uint32_t topic = 0; topic < kTopics; ++topic) {
    for (const domain::Creative& creative : catalogue.creatives) {
      const std::string& name = creative.features[attribute];
      factor.name = name.substr(0, name.find('=')) + (with_topic ? "xtopic" : "");
      const auto next = static_cast<std::uint32_t>(numbers.size());
      factor.level_of.push_back(numbers.try_emplace({name, with_topic ? topic : 0}, next).first->second);
    }
  }
  factor.levels = static_cast<std::uint32_t>(numbers.size());
  return factor;
}

}  // namespace

CreativeProblem problem_of(const CreativeWorld& world, double base_rate) {
  const domain::Catalogue& catalogue = world.catalogue();
  const auto arms = static_cast<std::uint32_t>(catalogue.creatives.size());
  CreativeProblem problem{.arms = arms, .contexts = kTopics, .factors = {}, .base_rate = base_rate};
  Factor self{.name = "creative", .levels = arms, .level_of = {}};
  Factor topic{.name = "topic", .levels = kTopics, .level_of = {}};
  for (std::uint32_t cell = 0; cell < problem.cells(); ++cell) {
    self.level_of.push_back(cell % arms);
    topic.level_of.push_back(cell / arms);
  }
  problem.factors = {self, topic};
  for (const bool with_topic : {false, true}) {
    for (std::size_t attribute = 0; attribute < catalogue.creatives.front().features.size(); ++attribute) {
      problem.factors.push_back(factor_of(catalogue, attribute, with_topic));
    }
  }
  return problem;
}

double run_creative_world(std::string_view policy, std::uint64_t seed,
                          const agents::creative::WorldOptions& options) {
  CreativeWorld world(seed, options);
  if (const auto production = production_named(policy)) return world.run(*production).regret;
  if (policy == "neural_linear") {
    NeuralLinear bandit(world.catalogue(), tower_contexts(), options.base_rate, base::mix64(seed));
    return play(world, bandit, &number_of);
  }
  const auto bandit = make_creative_bandit(policy, problem_of(world, options.base_rate), base::mix64(seed));
  BANDSTAND_CHECK(bandit != nullptr);
  return play(world, *bandit, [](const CreativeWorld::Moment& moment) { return moment.topic; });
}

}  // namespace bandstand::experiments
