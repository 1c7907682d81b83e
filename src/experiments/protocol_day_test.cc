// protocol_day_test: the deviation grid as the reference gives it, and what pacing must keep on a stream like
// ours.
#include "experiments/protocol_day.h"

#include <gtest/gtest.h>

#include <map>

#include "experiments/test_data.h"

namespace bandstand::experiments {
namespace {

using Means = std::map<std::string, std::map<std::string, double>>;

class DayProtocol : public testing::Test {
 protected:
  std::vector<DayRun> run(const std::vector<std::string>& policies,
                          const std::vector<DayCondition>& conditions) {
    const auto info = load_campaign_info(test_data("ipinyou_rlb/info/2997.json"));
    const auto auctions = load_auctions(test_data("ipinyou_rlb/2997.test.theta.txt.xz"));
    EXPECT_TRUE(info && auctions);
    return run_day_protocol(*info, *auctions, conditions, *parse_budgets("1/32,1/8,1/2"), policies, Ties::win,
                            1);
  }
  static Means mean_ratios(const std::vector<DayRun>& runs, std::size_t deviations) {
    Means means;
    for (const DayRun& run : runs)
      means[run.policy][run.budget.label] += run.ratio() / static_cast<double>(deviations);
    return means;
  }
};

TEST_F(DayProtocol, MeetsTheReferenceMeansOfTheDeviationGrid) {
  BANDSTAND_NEEDS_DATA("ipinyou_rlb/2997.test.theta.txt.xz");
  const std::vector<DayCondition> grid = {day_conditions()[0]};
  Means means = mean_ratios(run({"flb", "bslb", "log_pi", "dual", "mpc"}, grid), 9);
  const std::map<std::string, std::vector<double>> reference = {{"flb", {.653, .645, .759}},
                                                                {"bslb", {.858, .886, .908}},
                                                                {"log_pi", {.965, .988, .996}},
                                                                {"dual", {.964, .989, .996}},
                                                                {"mpc", {.978, .992, .989}}};
  for (const auto& [policy, expected] : reference) {
    EXPECT_NEAR(means[policy]["1/32"], expected[0], 0.0006) << policy;
    EXPECT_NEAR(means[policy]["1/8"], expected[1], 0.0006) << policy;
    EXPECT_NEAR(means[policy]["1/2"], expected[2], 0.0006) << policy;
  }
}

TEST_F(DayProtocol, FixedBidAtTheHindsightMultiplierIsTheOptimum) {
  BANDSTAND_NEEDS_DATA("ipinyou_rlb/2997.test.theta.txt.xz");
  for (const DayRun& run : run({"flb"}, {{"exact", false, 1, {0}}})) EXPECT_NEAR(run.ratio(), 1, 0.001);
}

TEST_F(DayProtocol, TextbookPiSpendsNextToNothingAndTheClockCostsATenth) {
  BANDSTAND_NEEDS_DATA("ipinyou_rlb/2997.test.theta.txt.xz");
  const auto runs = run({"textbook_pi", "clock_pi", "log_pi"}, {{"diurnal", true, 1, {0}}});
  Means means = mean_ratios(runs, 1);
  for (const char* budget : {"1/32", "1/8", "1/2"}) {
    EXPECT_LT(means["textbook_pi"][budget], 0.05);
    EXPECT_GT(means["log_pi"][budget], means["clock_pi"][budget] + 0.04);
  }
}

TEST_F(DayProtocol, ProductionPacerKeepsItsPlanThroughTheDayAndAPriceShock) {
  BANDSTAND_NEEDS_DATA("ipinyou_rlb/2997.test.theta.txt.xz");
  for (const DayRun& run : run({"mpc_pi"}, {day_conditions()[1], day_conditions()[2]})) {
    EXPECT_LE(run.pacing.use, 1.0);
    EXPECT_GE(run.pacing.use, 0.995) << run.condition << run.budget.label;
    EXPECT_LE(run.pacing.cumulative_deviation, 0.03) << run.condition << run.budget.label;
    EXPECT_GE(run.ratio(), 0.945) << run.condition << run.budget.label;
  }
}

}  // namespace
}  // namespace bandstand::experiments
