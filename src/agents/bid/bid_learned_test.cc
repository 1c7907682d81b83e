// bid_learned_test: the residual moves the price within its bound, and nothing without a model or a state.
#include "agents/bid/bid_learned.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "agents/bid/control_policy.h"

namespace bandstand::agents::bid {
namespace {

constexpr std::int64_t kCpm = 1'000'000;

/// Takes step 0 as long as less than half of the budget is left, else the last one.
model::ModelFile two_steps(std::string_view kind) {
  model::ModelFile file{.kind = std::string(kind), .schema = std::string(kControlSchema), .training = "{}", .tensors = {}};
  std::vector<float> weight(2 * kControlFeatures);
  weight[kControlFeatures + 1] = 2;  // score of step 1: twice the share of the budget
  file.tensors["q.0.weight"] = {{2, kControlFeatures}, weight};
  file.tensors["q.0.bias"] = {{2}, {1, 0}};
  file.tensors["steps"] = {{2}, {kResidualMax, -kResidualMax}};
  return file;
}

class BidLearnedTest : public testing::Test {
 protected:
  std::int64_t price(const BidInput& input) {
    decided_ = agent_.decide(input, context_).value();
    const auto* price = std::get_if<Price>(&decided_.value);
    return price == nullptr ? -1 : price->price.value;
  }
  BidInput input_{.value = 4.0 * kCpm, .mu = 1, .floor = {0}, .cap = {100 * kCpm}, .at = 2, .market = {}};
  base::Rng rng_{1};
  base::Arena arena_;
  AgentContext context_{.now = {}, .rng = rng_, .arena = arena_};
  domain::Decided<BidAnswer> decided_{.value = Pass::no_value, .policy = {}};
  BidLearned agent_{domain::PolicyId{77}, BidRules({5}, {}), 9};
};

TEST_F(BidLearnedTest, MovesThePriceByTheResidualAndSaysWhichModel) {
  input_.mu = 2;
  EXPECT_EQ(price(input_), 2 * kCpm);
  EXPECT_EQ(decided_.policy, domain::PolicyId{77});
  EXPECT_EQ(decided_.version, 9u);
  input_.residual = -.1f;
  EXPECT_NEAR(static_cast<double>(price(input_)), 2 * kCpm * std::exp(.1), 10);
  input_.residual = .1f;
  EXPECT_NEAR(static_cast<double>(price(input_)), 2 * kCpm * std::exp(-.1), 10);
  input_.residual = 5;
  EXPECT_NEAR(static_cast<double>(price(input_)), 2 * kCpm * std::exp(-.2), 10) << "whatever the slow loop says";
  input_.residual = -.1f;
  input_.cap = {2 * kCpm};
  EXPECT_EQ(price(input_), 2 * kCpm) << "floor and cap stand above the model";
}

TEST_F(BidLearnedTest, NeverBidsAboveValueWhoDidNot) {
  input_.residual = -.2f;
  EXPECT_EQ(price(input_), 4 * kCpm) << "mu is 1: money is ample already";
  input_.mu = 1.1f;
  EXPECT_EQ(price(input_), 4 * kCpm);
  input_.mu = .5f;
  EXPECT_EQ(price(input_), 8 * kCpm) << "who buys volume at a loss still does";
}

TEST(ControlPolicy, TakesTheStepOfTheLargestScore) {
  const auto policy = *ControlPolicy::from(two_steps(kResidualModel), kResidualModel);
  EXPECT_FLOAT_EQ(static_cast<float>(policy->step({.budget_left = .1})), kResidualMax);
  EXPECT_FLOAT_EQ(static_cast<float>(policy->step({.budget_left = 1})), -kResidualMax);
}

TEST(ControlPolicy, RefusesWhatWouldNotBeBounded) {
  model::ModelFile file = two_steps(kResidualModel);
  file.tensors["steps"].values[0] = 0.3f;
  EXPECT_EQ(ControlPolicy::from(file, kResidualModel).error().code, base::Code::conflict);
  EXPECT_EQ(ControlPolicy::from(two_steps(kDqnModel), kResidualModel).error().code, base::Code::conflict);
  file = two_steps(kResidualModel);
  file.schema = "{}";
  EXPECT_EQ(ControlPolicy::from(file, kResidualModel).error().code, base::Code::conflict);
  file = two_steps(kResidualModel);
  file.tensors["q.0.weight"] = {{2, 3}, std::vector<float>(6)};
  EXPECT_EQ(ControlPolicy::from(file, kResidualModel).error().code, base::Code::conflict);
}

TEST(ControlState, FeaturesStayInRangeWhateverTheStateIs) {
  ControlState state{.traffic_left = -1, .budget_left = 0, .budget_log = 1e9};
  state.spent_log = -std::numeric_limits<double>::infinity();
  state.price_log = std::numeric_limits<double>::quiet_NaN();
  for (const float feature : control_features(state)) {
    EXPECT_GE(feature, -3);
    EXPECT_LE(feature, 3);
  }
}

TEST(ControlState, StepsAreBoundedAndKeepAMiddle) {
  EXPECT_FLOAT_EQ(residual_steps().front(), -kResidualMax);
  EXPECT_FLOAT_EQ(residual_steps().back(), kResidualMax);
  EXPECT_EQ(residual_steps()[5], 0);
  EXPECT_NEAR(drlb_steps().front(), std::log(0.5), 1e-6);
  EXPECT_EQ(drlb_steps()[5], 0);
}

}  // namespace
}  // namespace bandstand::agents::bid
