// obd_test: the men's campaign of the Open Bandit Dataset gives the figures that are known of it.
#include "learning/offpolicy/obd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "learning/offpolicy/evaluation.h"

namespace bandstand::learning {
namespace {

using ::testing::HasSubstr;

std::string data(const std::string& name) {
  const char* const root = std::getenv("BANDSTAND_DATA");
  return (root != nullptr ? std::string(root) : std::string(BANDSTAND_SOURCE_DIR "/../shared/data")) +
         "/obd/" + name;
}

class Obd : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(data("prior_bts.yaml")))
      GTEST_SKIP() << "no " << data("") << ": set BANDSTAND_DATA";
  }
  static ObdLog men(const std::string& policy) {
    const std::vector<std::string> files{data(policy + "/men/men.csv.xz")};
    auto log = load_obd(files);
    EXPECT_TRUE(log) << log.error();
    return std::move(*log);
  }
  static const Estimate& row(const Evaluation& e, Estimator which) {
    return *std::find_if(e.estimates.begin(), e.estimates.end(),
                         [&](const Estimate& r) { return r.estimator == which; });
  }
};

TEST_F(Obd, LogsHoldWhatTheirReadmeSays) {
  const ObdLog random = men("random");
  EXPECT_EQ(random.rounds.size(), 10'000u);
  EXPECT_EQ(random.rounds.actions, 34u);
  EXPECT_EQ(std::accumulate(random.rounds.reward.begin(), random.rounds.reward.end(), 0.0), 46);
  for (const double p : random.rounds.propensity) EXPECT_DOUBLE_EQ(p, 1. / 34);
  const ObdLog bts = men("bts");
  EXPECT_EQ(std::accumulate(bts.rounds.reward.begin(), bts.rounds.reward.end(), 0.0), 69);
  EXPECT_EQ(bts.rounds.context.size(), bts.rounds.size() * bts.rounds.features);
}

TEST_F(Obd, ThompsonOnRandomHasTheKnownFigures) {
  const auto prior = load_obd_prior(data("prior_bts.yaml"), "men");
  ASSERT_TRUE(prior) << prior.error();
  const ObdLog random = men("random");
  const PolicyColumns bts = in_rounds(random, thompson_positions(*prior, 400'000, 1));
  const Evaluation e = evaluate(random.rounds, bts, std::nullopt, {});
  EXPECT_NEAR(row(e, Estimator::ips).value.value, .0045, .00006);
  EXPECT_NEAR(row(e, Estimator::snips).value.value, .0046, .00006);
  EXPECT_NEAR(e.diagnostics.effective_rounds, 2470, 10);
  EXPECT_NEAR(e.diagnostics.weight_max, 10.7, .1);
  EXPECT_EQ(e.verdict.answer, Answer::cannot_tell);  // 46 clicks
  EXPECT_THAT(e.verdict.reasons, ::testing::Contains(HasSubstr("too few rewards")));
}

TEST_F(Obd, UniformOnThompsonIsRefusedForItsWeights) {
  const ObdLog log = men("bts");
  const PolicyColumns uniform = in_rounds(log, std::vector<double>(kObdPositions * 34, 1. / 34));
  const Evaluation e = evaluate(log.rounds, uniform, std::nullopt, {});
  EXPECT_NEAR(e.diagnostics.effective_rounds, 656, 1);
  EXPECT_NEAR(e.diagnostics.weight_max, 178, .5);
  EXPECT_EQ(e.verdict.answer, Answer::cannot_tell);
  EXPECT_THAT(e.verdict.reasons, ::testing::Contains(HasSubstr("weights are too large")));
}

TEST(ThompsonPositions, ShowsTheThreeLargestInOrder) {
  // Two of four items are sure to be above the others, which are alike.
  const auto table = thompson_positions({.alpha = {1e6, 5e5, 1, 1}, .beta = {1, 5e5, 9e5, 9e5}}, 20'000, 1);
  EXPECT_EQ(table[0], 1);
  EXPECT_EQ(table[4 + 1], 1);
  EXPECT_NEAR(table[8 + 2], .5, .02);
  EXPECT_NEAR(table[8 + 3], .5, .02);
  for (const double p : thompson_positions({.alpha = {2, 2, 2}, .beta = {5, 5, 5}}, 20'000, 1))
    EXPECT_NEAR(p, 1. / 3, .02);
}

TEST(ObdReader, FaultsNameFileAndLine) {
  const std::string path = ::testing::TempDir() + "obd_" + std::to_string(::getpid());
  const auto fault = [&](const std::string& row) {
    std::ofstream(path) << ",timestamp,item_id,position,click,propensity_score,user_feature_0,user_feature_1,"
                           "user_feature_2,user_feature_3\n"
                        << row << "\n";
    const std::vector<std::string> files{path};
    const auto log = load_obd(files);
    return log ? std::string("none") : log.error().substr(path.size());
  };
  EXPECT_EQ(fault("0,now,3,1,1,.5,a,b,c,d"), "none");
  EXPECT_EQ(fault("0,now,3,4,1,.5,a,b,c,d"), ":2: column 4 (position): '4' is not from 1 to 3");
  EXPECT_EQ(fault("0,now,3.5,1,1,.5,a,b,c,d"), ":2: column 3 (item_id): '3.5' is not an integer");
  EXPECT_EQ(fault("0,now,3,1,.3,.5,a,b,c,d"), ":2: column 5 (click): '.3' is not 0 or 1");
  EXPECT_THAT(fault("0,now,3,1,1,0,a,b,c,d"), HasSubstr(":2: column 6 (propensity_score): '0' is not"));
  std::ofstream(path) << "men:\n  alpha: [1, 2, 3]\n  beta: [1, x, 3]\n";
  EXPECT_THAT(load_obd_prior(path, "men").error(), HasSubstr(":3: beta: expected a number above 0"));
  EXPECT_THAT(load_obd_prior(path, "women").error(), HasSubstr("no campaign 'women'"));
  std::ofstream(path) << "men: [\n";
  EXPECT_FALSE(load_obd_prior(path, "men"));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace bandstand::learning
