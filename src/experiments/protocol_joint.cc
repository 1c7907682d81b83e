// protocol_joint: a seed at a time: train each arm, judge all on the same days, then look for who could do better alone.
#include "experiments/protocol_joint.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <numeric>
#include <ostream>

#include "base/rng.h"
#include "experiments/joint_game.h"
#include "learning/joint/maddpg.h"

namespace bandstand::experiments {
namespace {

using learning::JointLearner;
using learning::JointOptions;

constexpr std::size_t kFeatures = agents::bid::kControlFeatures;
constexpr float kWide = 0.5f;          // bound of what I, A and best responses may add
constexpr int kTerms = 3;              // of a linear policy: constant, traffic left, pace
constexpr int kCandidates = 12, kElite = 3, kSearchDays = 5;
constexpr int kLearnEvery = 2;         // windows a step of learning
constexpr double kRewardScale = 10;    // differences to a twin are some per cent of a window's worth
constexpr int kCheckEvery = 100;       // training days between two looks at the validation days
constexpr int kCheckDays = 30;

// Days of different use never meet: test, validation, search, training.
std::uint64_t day_of(std::uint64_t seed, std::uint64_t use, std::uint64_t day) {
  return base::mix64(base::mix64(seed * 8 + use) + day);
}
enum Use : std::uint64_t { kTest = 1, kCheck = 2, kSearch = 3, kTrain = 4 };

using Actions = std::vector<float>;
using Policy = std::function<Actions(std::span<const float>)>;

Actions nothing(std::span<const float>) { return Actions(kGameAgents, 0.0f); }

/// One linear policy an agent, of its campaign's view; bounded by kWide.
struct Linear {
  std::array<std::array<float, kTerms>, kGameAgents> weights{};
  [[nodiscard]] float action(std::size_t agent, std::span<const float> views) const {
    const auto view = views.subspan(agent / kGameRoles * kFeatures, kFeatures);
    const auto& w = weights[agent];
    return std::clamp(w[0] + w[1] * (view[0] - 0.5f) + w[2] * view[2], -kWide, kWide);
  }
};

Policy plus(Policy policy, Linear linear) {
  return [policy = std::move(policy), linear](std::span<const float> views) {
    Actions actions = policy(views);
    for (std::size_t i = 0; i < actions.size(); ++i) actions[i] += linear.action(i, views);
    return actions;
  };
}

GameFigures play(const GameWorld& world, GameStart start, const Policy& policy, std::uint64_t day) {
  JointGame game(world, start);
  game.reset(day);
  GameFigures figures;
  while (!game.over()) figures.add(game.step(policy(game.views())));
  return figures;
}

std::vector<GameFigures> play_days(const GameWorld& world, GameStart start, const Policy& policy, std::uint64_t seed, Use use,
                                   int days) {
  std::vector<GameFigures> out;
  for (int day = 0; day < days; ++day) {
    out.push_back(play(world, start, policy, day_of(seed, use, static_cast<std::uint64_t>(day))));
  }
  return out;
}

double mean_worth(const GameWorld& world, std::span<const GameFigures> days, int campaign = -1) {
  double sum = 0;
  for (const auto& day : days) sum += campaign < 0 ? day.worth(world) : day.worth(world, static_cast<std::size_t>(campaign));
  return sum / static_cast<double>(days.size());
}

/// Cross-entropy search for what `agents` of one campaign would add to the policy if the others went on as they are. Starts
/// from `found` and returns the better of both on the search's days.
Linear best_response(const GameWorld& world, GameStart start, const Policy& policy, Linear found,
                     std::span<const std::size_t> agents, int campaign, int rounds, std::uint64_t seed) {
  base::Rng rng(day_of(seed, kSearch, agents[0]));
  const auto score = [&](const Linear& linear, int round) {
    double sum = 0;
    for (int d = 0; d < kSearchDays; ++d) {
      const auto day = static_cast<std::uint64_t>(round * kSearchDays + d);
      const auto figures = play(world, start, plus(policy, linear), day_of(seed, kSearch, day));
      sum += figures.worth(world, static_cast<std::size_t>(campaign));
    }
    return sum;
  };
  const Linear before = found;
  float deviation = 0.25f;
  for (int round = 0; round < rounds; ++round) {
    std::vector<std::pair<double, Linear>> tried;
    for (int c = 0; c < kCandidates; ++c) {
      Linear candidate = found;
      for (const std::size_t agent : agents) {
        for (float& weight : candidate.weights[agent]) {
          weight += c == 0 ? 0 : deviation * static_cast<float>(rng.normal());  // the first is the mean itself
        }
      }
      tried.emplace_back(score(candidate, round), candidate);
    }
    std::stable_sort(tried.begin(), tried.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    for (const std::size_t agent : agents) {
      for (std::size_t t = 0; t < kTerms; ++t) {
        float sum = 0;
        for (int e = 0; e < kElite; ++e) sum += tried[static_cast<std::size_t>(e)].second.weights[agent][t];
        found.weights[agent][t] = sum / kElite;
      }
    }
    deviation *= 0.7f;
  }
  return score(found, rounds) > score(before, rounds) ? found : before;
}

/// Trains on days of its own. What is learned from is the difference to the same day under the start alone (common random
/// numbers): that differs from the reward by what no action changes. Keeps the best of what it saw on validation days.
Policy train(const GameWorld& world, GameStart start, const JointOptions& options, const JointProtocol& protocol,
             std::uint64_t seed) {
  auto learner = std::make_shared<JointLearner>(options, day_of(seed, kTrain, 1u << 20));
  const auto policy_of = [](std::shared_ptr<const JointLearner> of) {
    return [of](std::span<const float> views) { return of->act(views); };
  };
  Policy best = nothing;
  double best_worth = mean_worth(world, play_days(world, start, best, seed, kCheck, kCheckDays));
  int steps = 0;
  for (int day = 0; day < protocol.training_days; ++day) {
    JointGame game(world, start), twin(world, start);
    const std::uint64_t traffic = day_of(seed, kTrain, static_cast<std::uint64_t>(day));
    game.reset(traffic);
    twin.reset(traffic);
    while (!game.over()) {
      learning::JointStep step;
      step.views = game.views();
      step.actions = learner->explore(step.views, {});
      const GameFigures earned = game.step(step.actions);
      const GameFigures usual = twin.step(nothing({}));
      for (std::size_t i = 0; i < kGameCampaigns; ++i) {
        const double money = world.campaigns[i].money;
        const double scale = kRewardScale * kGameWindows / (world.campaigns[i].budget * std::max(0.1, money));
        const double gain = earned.value[i] - usual.value[i] - money * (earned.cost[i] - usual.cost[i]);
        step.rewards.push_back(static_cast<float>(gain * scale));
      }
      step.next = game.views();
      step.last = game.over();
      learner->add(std::move(step));
      if (++steps % kLearnEvery == 0) learner->learn();
    }
    if ((day + 1) % kCheckEvery != 0) continue;
    const Policy now = policy_of(std::make_shared<const JointLearner>(*learner));
    const double worth = mean_worth(world, play_days(world, start, now, seed, kCheck, kCheckDays));
    if (worth > best_worth) {
      best_worth = worth;
      best = now;
    }
  }
  return best;
}

JointOptions learner_options(bool shared, float limit) {
  JointOptions options;
  options.agents = kGameAgents;
  options.features = static_cast<int>(kFeatures);
  options.owners = kGameCampaigns;
  for (int agent = 0; agent < kGameAgents; ++agent) options.owner.push_back(agent / kGameRoles);
  options.shared_critic = shared;
  options.limit = limit;
  return options;
}

struct Arm {
  const char* name;
  GameStart start;
  enum class Training : std::uint8_t { none, independent, alternating, shared } training;
};
constexpr Arm kArms[] = {{"naive", GameStart::naive, Arm::Training::none},
                         {"I", GameStart::naive, Arm::Training::independent},
                         {"A", GameStart::naive, Arm::Training::alternating},
                         {"D", GameStart::dual, Arm::Training::none},
                         {"R", GameStart::dual, Arm::Training::independent},
                         {"J", GameStart::dual, Arm::Training::shared}};
constexpr std::size_t kDual = 3, kJoint = 5;

Policy trained(const Arm& arm, const GameWorld& world, const JointProtocol& protocol, std::uint64_t seed) {
  const float limit = arm.start == GameStart::naive ? kWide : protocol.trust;
  switch (arm.training) {
    case Arm::Training::none: return nothing;
    case Arm::Training::independent: return train(world, arm.start, learner_options(false, limit), protocol, seed);
    case Arm::Training::shared: return train(world, arm.start, learner_options(true, limit), protocol, seed);
    case Arm::Training::alternating: break;
  }
  Linear found;
  for (int pass = 0; pass < 2; ++pass) {
    for (std::size_t agent = 0; agent < kGameAgents; ++agent) {
      const std::size_t one[] = {agent};
      found = best_response(world, arm.start, nothing, found, one, static_cast<int>(agent) / kGameRoles, protocol.search_rounds,
                            seed + static_cast<std::uint64_t>(pass) * 1'000'003);
    }
  }
  return plus(nothing, found);
}

/// What one arm came to under one seed; by campaign from the smallest budget to the largest.
struct Outcome {
  double worth = 0, value = 0, use = 0, over = 0, clearing = 0, exploitability = 0, seconds = 0;
  std::array<double, kGameCampaigns> campaigns{};
  std::array<double, kGameRoles> without{};  ///< worth if the role adds nothing; J alone
};

Outcome judge(const Arm& arm, const GameWorld& world, const Policy& policy, const JointProtocol& protocol, std::uint64_t seed) {
  const auto days = play_days(world, arm.start, policy, seed, kTest, protocol.test_days);
  Outcome out;
  out.worth = mean_worth(world, days);
  GameFigures sum;
  for (const auto& day : days) {
    sum.add(day);
    for (std::size_t i = 0; i < kGameCampaigns; ++i) out.over += day.cost[i] > world.campaigns[i].budget * (1 + 1e-9) ? 1 : 0;
  }
  const auto number = static_cast<double>(days.size());
  double budgets = 0;
  for (const auto& campaign : world.campaigns) budgets += campaign.budget;
  out.value = std::accumulate(sum.value.begin(), sum.value.end(), 0.0) / number;
  out.use = std::accumulate(sum.cost.begin(), sum.cost.end(), 0.0) / number / budgets;
  out.clearing = sum.clearing / sum.auctions;
  for (int c = 0; c < kGameCampaigns; ++c) {
    const double own = mean_worth(world, days, c);
    out.campaigns[static_cast<std::size_t>(c)] = own;
    if (protocol.search_rounds == 0) continue;
    const auto first = static_cast<std::size_t>(c * kGameRoles);
    const std::size_t agents[] = {first, first + 1, first + 2};
    const Linear response = best_response(world, arm.start, policy, {}, agents, c, protocol.search_rounds, seed);
    const auto answered = play_days(world, arm.start, plus(policy, response), seed, kTest, protocol.test_days);
    out.exploitability += std::max(0.0, mean_worth(world, answered, c) / own - 1) / kGameCampaigns;
  }
  return out;
}

double without_role(int role, const Arm& arm, const GameWorld& world, const Policy& policy, const JointProtocol& protocol,
                    std::uint64_t seed) {
  const Policy less = [&](std::span<const float> views) {
    Actions actions = policy(views);
    for (std::size_t i = static_cast<std::size_t>(role); i < actions.size(); i += kGameRoles) actions[i] = 0;
    return actions;
  };
  return mean_worth(world, play_days(world, arm.start, less, seed, kTest, protocol.test_days));
}

using Outcomes = std::vector<std::array<Outcome, std::size(kArms)>>;

template <class Figure>
Interval over_seeds(const Outcomes& outcomes, Figure&& figure) {
  std::vector<double> values;
  for (const auto& arms : outcomes) values.push_back(figure(arms));
  return mean_interval(values);
}

Table arms_table(const Outcomes& outcomes) {
  Table table({"arm", "worth", "vs D %", "value", "spend/budget", "over", "clearing vs D %", "worse off", "exploitability %",
               "train s"});
  for (std::size_t a = 0; a < std::size(kArms); ++a) {
    const auto mean = [&](auto member) {
      return over_seeds(outcomes, [&](const auto& arms) { return arms[a].*member; });
    };
    const auto against = [&](auto member) {
      return over_seeds(outcomes, [&](const auto& arms) { return 100 * (arms[a].*member / (arms[kDual].*member) - 1); });
    };
    const Interval worse = over_seeds(outcomes, [&](const auto& arms) {
      double lose = 0;
      for (std::size_t c = 0; c < kGameCampaigns; ++c) lose += arms[a].campaigns[c] < arms[kDual].campaigns[c] ? 1 : 0;
      return lose / kGameCampaigns;
    });
    table.add({cell(kArms[a].name), cell(mean(&Outcome::worth).value, 1), cell(against(&Outcome::worth), 1, 2),
               cell(mean(&Outcome::value).value, 1), cell(mean(&Outcome::use).value, 3), cell(mean(&Outcome::over).value, 1),
               cell(against(&Outcome::clearing), 1, 2), cell(worse.value, 2), cell(mean(&Outcome::exploitability), 100, 2),
               cell(mean(&Outcome::seconds).value, 1)});
  }
  return table;
}

Table agents_table(const Outcomes& outcomes) {
  Table table({"who", "J - D, %"});
  static constexpr const char* kNames[] = {"campaign with the smallest budget", "campaign in the middle",
                                           "campaign with the largest budget"};
  for (std::size_t c = 0; c < kGameCampaigns; ++c) {
    table.add({cell(kNames[c]), cell(over_seeds(outcomes,
                                                [&](const auto& arms) {
                                                  return 100 * (arms[kJoint].campaigns[c] / arms[kDual].campaigns[c] - 1);
                                                }),
                                     1, 2)});
  }
  table.add({cell("campaign that fares worst"), cell(over_seeds(outcomes,
                                                                [](const auto& arms) {
                                                                  double worst = 1e9;
                                                                  for (std::size_t c = 0; c < kGameCampaigns; ++c) {
                                                                    worst = std::min(worst, arms[kJoint].campaigns[c] /
                                                                                                arms[kDual].campaigns[c]);
                                                                  }
                                                                  return 100 * (worst - 1);
                                                                }),
                                                     1, 2)});
  static constexpr const char* kRoles[] = {"by what budget agents add", "by what bid agents add", "by what creative agents add"};
  for (std::size_t r = 0; r < kGameRoles; ++r) {
    table.add({cell(kRoles[r]), cell(over_seeds(outcomes,
                                                [&](const auto& arms) {
                                                  return 100 * (arms[kJoint].worth - arms[kJoint].without[r]) / arms[kDual].worth;
                                                }),
                                     1, 2)});
  }
  return table;
}

/// Campaigns sorted by budget, so that a row of the table means something over seeds.
GameWorld world_of(std::uint64_t seed) {
  GameWorld world = GameWorld::draw(seed);
  std::sort(world.campaigns.begin(), world.campaigns.end(), [](const auto& a, const auto& b) { return a.budget < b.budget; });
  return world;
}

void decide(const Outcomes& outcomes, JointResult& result) {
  const Interval gain = over_seeds(
      outcomes, [](const auto& arms) { return 100 * (arms[kJoint].worth / arms[kDual].worth - 1); });
  const auto exploitability = [&](std::size_t arm) {
    return 100 * over_seeds(outcomes, [&](const auto& arms) { return arms[arm].exploitability; }).value;
  };
  const bool gains = gain.low > 0;
  const bool safe = exploitability(kJoint) <= exploitability(kDual);
  result.accepted = gains && safe;
  char text[240];
  std::snprintf(text, sizeof text, "J is %s: J - D = %+.2f %% [%+.2f, %+.2f]%s, exploitability %.2f %% against D's %.2f %%%s.",
                result.accepted ? "accepted" : "not accepted", gain.value, gain.low, gain.high, gains ? "" : " (not above 0)",
                exploitability(kJoint), exploitability(kDual), safe ? "" : " (more)");
  result.verdict = text;
}

}  // namespace

JointResult run_joint_protocol(const JointProtocol& protocol) {
  Outcomes outcomes;
  for (int s = 0; s < protocol.seeds; ++s) {
    const std::uint64_t seed = protocol.first_seed + static_cast<std::uint64_t>(s);
    const GameWorld world = world_of(seed);
    auto& arms = outcomes.emplace_back();
    for (std::size_t a = 0; a < std::size(kArms); ++a) {
      const auto before = protocol.clock == nullptr ? base::MonoTime{} : protocol.clock->mono();
      const Policy policy = trained(kArms[a], world, protocol, seed);
      const auto after = protocol.clock == nullptr ? before : protocol.clock->mono();
      arms[a] = judge(kArms[a], world, policy, protocol, seed);
      arms[a].seconds = std::chrono::duration<double>(after - before).count();
      for (int role = 0; a == kJoint && role < kGameRoles; ++role) {
        arms[a].without[static_cast<std::size_t>(role)] = without_role(role, kArms[a], world, policy, protocol, seed);
      }
      if (protocol.progress != nullptr) {
        char line[120];
        std::snprintf(line, sizeof line, "seed %llu  %-5s  worth %8.1f  exploitability %5.2f %%  training %5.1f s\n",
                      static_cast<unsigned long long>(seed), kArms[a].name, arms[a].worth, 100 * arms[a].exploitability,
                      arms[a].seconds);
        *protocol.progress << line << std::flush;
      }
    }
  }
  JointResult result;
  result.arms = arms_table(outcomes);
  result.agents = agents_table(outcomes);
  decide(outcomes, result);
  return result;
}

}  // namespace bandstand::experiments
