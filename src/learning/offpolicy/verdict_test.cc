// verdict_test: each rule refuses alone, and says why.
#include "learning/offpolicy/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bandstand::learning {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Estimate with_difference(double low, double high) {
  Estimate out;
  out.estimator = Estimator::dr;
  out.effective_rounds = 5000;
  out.difference = {.value = (low + high) / 2, .error = (high - low) / 4, .low = low, .high = high};
  return out;
}

Diagnostics good() {
  return {.rounds = 10'000,
          .effective_rounds = 5000,
          .weight_max = 8,
          .weight_mean = 1.001,
          .weight_mean_error = .01,
          .largest_share = .001,
          .effective_rewards = 400};
}

TEST(Verdict, FollowsTheIntervalWhereNothingSpeaksAgainst) {
  const Verdict better = judge(with_difference(.01, .03), good());
  EXPECT_EQ(better.answer, Answer::promote);
  EXPECT_THAT(better.reasons, ElementsAre(HasSubstr("0.02 a round more")));
  const Verdict worse = judge(with_difference(-.03, -.01), good());
  EXPECT_EQ(worse.answer, Answer::do_not);
  EXPECT_THAT(worse.reasons, ElementsAre(HasSubstr("less")));
  const Verdict open = judge(with_difference(-.01, .03), good());
  EXPECT_EQ(open.answer, Answer::cannot_tell);
  EXPECT_THAT(open.reasons, ElementsAre(HasSubstr("covers 0")));
}

TEST(Verdict, RefusesWithTheReasonInWords) {
  const auto refused = [](auto change, const char* word) {
    Diagnostics d = good();
    change(d);
    const Verdict v = judge(with_difference(.01, .03), d);
    EXPECT_EQ(v.answer, Answer::cannot_tell);
    EXPECT_THAT(v.reasons, ElementsAre(HasSubstr(word)));
  };
  refused([](Diagnostics& d) { d.effective_rounds = 199; }, "worth 199 rounds");
  refused([](Diagnostics& d) { d.without_support = .02; }, "support is missing: 2.0 %");
  refused([](Diagnostics& d) { d.weight_mean = 1.05; }, "propensities are wrong");
  refused([](Diagnostics& d) { d.largest_share = .2; }, "weights are too large");
  refused([](Diagnostics& d) { d.effective_rewards = 12; }, "too few rewards");
}

TEST(Verdict, DoesNotLetAnEstimatorDecideWhoseIntervalLeavesOutTheModel) {
  for (const Estimator which : {Estimator::dm, Estimator::switch_dr, Estimator::dros}) {
    Estimate e = with_difference(.01, .03);
    e.estimator = which;
    EXPECT_THAT(judge(e, good()).reasons, ElementsAre(HasSubstr("leaves out the error of the model")));
  }
}

TEST(Verdict, CountsTheRoundsThatReplayKept) {
  Estimate e = with_difference(.01, .03);
  e.estimator = Estimator::replay;
  e.effective_rounds = 57;
  EXPECT_THAT(judge(e, good()).reasons, ElementsAre(HasSubstr("worth 57 rounds")));
}

TEST(Verdict, NeedsAnInterval) {
  Estimate none;
  none.effective_rounds = 5000;
  EXPECT_THAT(judge(none, good()).reasons, ElementsAre(HasSubstr("no interval")));
}

TEST(Diagnose, CountsWhatTheWeightsSay) {
  const std::vector<double> weight{3, 0, 1, 0};
  const std::vector<double> reward{1, 1, 0, 0};
  const Diagnostics d = diagnose({weight, reward}, {}, {});
  EXPECT_EQ(d.rounds, 4u);
  EXPECT_DOUBLE_EQ(d.effective_rounds, 1.6);
  EXPECT_DOUBLE_EQ(d.weight_mean, 1);
  EXPECT_DOUBLE_EQ(d.largest_share, .9);
  EXPECT_DOUBLE_EQ(d.effective_rewards, 1);
  EXPECT_DOUBLE_EQ(d.silent, .5);
  EXPECT_EQ(d.without_support, 0);
}

TEST(Diagnose, MeasuresWhatLiesOnActionsNeverPlayed) {
  const std::vector<double> weight{1, 1};
  const std::vector<double> reward{1, 0};
  const std::vector<double> distribution{.5, .1, .4, .5, .3, .2};  // the third was never played
  const std::vector<std::uint32_t> action{0, 1};
  EXPECT_DOUBLE_EQ(diagnose({weight, reward}, distribution, action).without_support, .3);
}

TEST(Diagnose, TakesAMeanBelowOneForMissingSupport) {
  std::vector<double> weight(1000);
  for (std::size_t i = 0; i < weight.size(); ++i) weight[i] = i % 2 == 0 ? .9 : .7;
  EXPECT_NEAR(diagnose({weight, weight}, {}, {}).without_support, .2, 1e-12);
}

}  // namespace
}  // namespace bandstand::learning
