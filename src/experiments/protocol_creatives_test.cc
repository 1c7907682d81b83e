// protocol_creatives_test: the three protocols in short runs, and what the verb says to wrong usage.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "experiments/creative_production.h"
#include "experiments/protocol_aes.h"
#include "experiments/protocol_creative_world.h"
#include "experiments/protocol_delay.h"
#include "experiments/replay_creatives.h"
#include "experiments/test_data.h"

namespace bandstand::experiments {
namespace {

Loaded<CreativeTable> table_of(const std::string& name) {
  return load_creative_table(test_data("creatives_aes/" + name + ".txt"), test_data("creatives_aes/tree_struct2.txt"));
}

double aes_regret(const CreativeTable& table, const std::string& policy, std::int64_t impressions, std::uint64_t seeds) {
  double sum = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto bandit = make_creative_bandit(policy, table.problem, base::mix64(seed));
    sum += run_aes(table, *bandit, seed, {.horizons = {impressions}})[0];
  }
  return sum / static_cast<double>(seeds);
}

TEST(AesProtocol, RandomLosesWhatTheTablesMeanSays) {
  BANDSTAND_NEEDS_DATA("creatives_aes/ctr_new.txt");
  const auto table = table_of("ctr_new2");
  ASSERT_TRUE(table);
  EXPECT_NEAR(aes_regret(*table, "random", 50'000, 1), 1 - 0.020975 / 0.028214, 0.005);
}

TEST(AesProtocol, StructureBeatsTheMeasuredLinearThompsonSampling) {
  BANDSTAND_NEEDS_DATA("creatives_aes/ctr_new.txt");
  for (const auto& [name, measured] : {std::pair{"ctr_new", 0.104}, {"ctr_new2", 0.175}}) {
    const auto table = table_of(name);
    ASSERT_TRUE(table);
    EXPECT_LT(aes_regret(*table, "structured_ts", 50'000, 10), measured) << name;
    EXPECT_GT(aes_regret(*table, "beta_ts", 50'000, 2), measured) << name;
  }
}

TEST(AesProtocol, TheServersPolicyPlaysToo) {
  BANDSTAND_NEEDS_DATA("creatives_aes/ctr_new.txt");
  const auto table = table_of("ctr_new2");
  ASSERT_TRUE(table);
  const auto bandit = make_production_bandit(*production_named("production_thompson"), table->elements);
  const double regret = run_aes(*table, *bandit, 1, {.horizons = {5000}})[0];
  EXPECT_GT(regret, 0.1);
  EXPECT_LT(regret, 0.3);
}

TEST(DelayProtocol, LateFeedbackCostsAndAOneStepDelayIsABatchOfOne) {
  const DelayProtocol protocol{.steps = 30'000};
  const auto run = [&](Feedback feedback, std::int64_t delay) { return run_delay("thompson", protocol, feedback, delay, 1); };
  const double at_once = run(Feedback::in_batches, 1);
  EXPECT_DOUBLE_EQ(at_once, run(Feedback::late, 1));
  EXPECT_GT(run(Feedback::in_batches, 1000), 1.5 * at_once);
  EXPECT_GT(run(Feedback::late, 1000), run(Feedback::in_batches, 1000));
  // Nine steps in a thousand of a click or less; all of them would be 0.25 a step.
  EXPECT_LT(at_once / 30'000, 0.02);
}

TEST(DelayProtocol, EveryPolicyDoesBetterThanChanceAndTheWideBoundWorseThanThompsonSampling) {
  const DelayProtocol protocol{.steps = 30'000};
  EXPECT_GT(run_delay("ucb", protocol, Feedback::in_batches, 10, 2),
            1.5 * run_delay("thompson", protocol, Feedback::in_batches, 10, 2));  // printed: 2.8 times, after a million steps
  for (const std::string& policy : delay_policy_names()) {
    const double regret = run_delay(policy, protocol, Feedback::in_batches, 10, 2);
    EXPECT_GT(regret, 0) << policy;
    EXPECT_LT(regret, 0.15 * 30'000) << policy;  // an arm taken at random loses 0.25 a step
    EXPECT_EQ(regret, run_delay(policy, protocol, Feedback::in_batches, 10, 2)) << policy;
  }
}

TEST(CreativeWorldProtocol, ThePolicyBesideProductionSeesTheSameTraffic) {
  const agents::creative::WorldOptions options{.impressions = 4000};
  // Before anything is published all are uniform: the same seed gives production and ours the same possible clicks, and a
  // random choice loses about a third in both.
  const double ours = run_creative_world("random", 301, options);
  const double theirs = run_creative_world("production_random", 301, options);
  EXPECT_NEAR(ours, theirs, 0.02);
  EXPECT_EQ(run_creative_world("structured_ts_sparing", 301, options), run_creative_world("structured_ts_sparing", 301, options));
}

TEST(CreativeWorldProtocol, ContextsAreTopicsAndAttributesFactors) {
  const agents::creative::CreativeWorld world(1, {});
  const CreativeProblem problem = problem_of(world, 0.05);
  EXPECT_EQ(problem.cells(), 80u);
  ASSERT_EQ(problem.factors.size(), 8u);
  for (const Factor& factor : problem.factors) {
    ASSERT_EQ(factor.level_of.size(), 80u) << factor.name;
    for (const std::uint32_t level : factor.level_of) ASSERT_LT(level, factor.levels) << factor.name;
  }
  EXPECT_EQ(problem.factors[5].name, "headlinextopic");
}

TEST(ReplayCreatives, PrintsARowAPolicyAndHorizon) {
  BANDSTAND_NEEDS_DATA("creatives_aes/ctr_new.txt");
  std::ostringstream out, err;
  ReplayCreativesOptions options{.policies = "random,structured_ts",
                                 .seeds = "1..2",
                                 .table = test_data("creatives_aes/ctr_new.txt"),
                                 .tree = test_data("creatives_aes/tree_struct2.txt"),
                                 .horizons = "1000,3000",
                                 .format = TableFormat::json};
  ASSERT_EQ(replay_creatives(options, out, err), 0) << err.str();
  const auto rows = nlohmann::json::parse(out.str());
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[3]["policy"], "structured_ts");
  EXPECT_EQ(rows[3]["impressions"], 3000);
  EXPECT_LE(rows[0]["low"], rows[0]["regret"]);
}

TEST(ReplayCreatives, SaysWhatIsWrongWithTheOptions) {
  const auto refused = [](ReplayCreativesOptions options, const std::string& word) {
    std::ostringstream out, err;
    EXPECT_EQ(replay_creatives(options, out, err), 2);
    EXPECT_NE(err.str().find(word), std::string::npos) << err.str();
  };
  refused({.protocol = "sorcery"}, "--protocol");
  refused({.protocol = "world", .seeds = "9"}, "--seeds");
  refused({.protocol = "world", .seeds = "9..1"}, "--seeds");
  refused({.protocol = "aes"}, "--table");
  refused({.protocol = "world", .policies = "sorcery"}, "sorcery");
  refused({.protocol = "world", .baseline = "sorcery"}, "--baseline");
  refused({.protocol = "world", .base_rate = 2}, "--base-rate");
  refused({.protocol = "delay", .steps = 0}, "--steps");
  refused({.protocol = "aes", .table = "a", .tree = "b", .horizons = "5,3"}, "--horizons");
}

}  // namespace
}  // namespace bandstand::experiments
