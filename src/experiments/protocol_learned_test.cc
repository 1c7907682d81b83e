// protocol_learned_test: a control that changes nothing is its base, rewards add up to the regret, training
// is reproducible.
#include "experiments/protocol_learned.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/rng.h"
#include "experiments/control_training.h"
#include "experiments/pacing_day.h"

namespace bandstand::experiments {
namespace {

/// A made-up campaign: log-normal prices, rates that vary by a factor of ten.
struct Campaign {
  CampaignInfo info;
  std::vector<RecordedAuction> auctions;

  explicit Campaign(std::uint64_t seed) {
    base::Rng rng(seed);
    info.clicks = 30;
    for (int i = 0; i < 12'000; ++i) {
      const auto price =
          static_cast<std::int32_t>(std::min(300L, std::lround(50 * std::exp(0.7 * rng.normal()))));
      const double theta = 0.005 * std::exp(0.8 * rng.normal());
      if (i < 6000) {
        ++info.impressions;
        info.cost += price;
        ++info.price_counts[static_cast<std::size_t>(price)];
      } else {
        auctions.push_back({theta, price, rng.chance(theta)});
      }
    }
  }
};

/// A model whose best step is always `step`.
agents::bid::ControlPolicyPtr constant_policy(std::size_t step) {
  model::ModelFile file{.kind = std::string(agents::bid::kResidualModel),
                        .schema = std::string(agents::bid::kControlSchema),
                        .training = "{}",
                        .tensors = {}};
  const auto steps = agents::bid::residual_steps();
  std::vector<float> bias(steps.size());
  bias[step] = 1;
  file.tensors["q.0.weight"] = {{steps.size(), agents::bid::kControlFeatures},
                                std::vector<float>(steps.size() * agents::bid::kControlFeatures)};
  file.tensors["q.0.bias"] = {{steps.size()}, bias};
  file.tensors["steps"] = {{steps.size()}, {steps.begin(), steps.end()}};
  return agents::bid::ControlPolicy::from(file, agents::bid::kResidualModel).value();
}

class LearnedProtocolTest : public testing::Test {
 protected:
  Campaign campaign_{11};
  std::vector<double> law_ = campaign_.info.price_law();
  Day day_ = make_day(campaign_.auctions, {.name = "", .diurnal = true, .price_shock = 1.3, .deviations = {}},
                      std::floor(campaign_.info.cost_mean() * 0.2 * 6000));
  PacerSetup setup_{
      .lambda = 1.5 * day_.lambda, .budget = day_.budget, .traffic = day_.traffic, .training_law = law_};
  DayOutcome run(Pacer& pacer) const {
    base::Rng rng(1);
    return run_day(day_, pacer, Ties::win, rng);
  }
};

TEST_F(LearnedProtocolTest, AResidualOfNothingIsItsBase) {
  for (const char* name : {"mpc", "mpc_pi"}) {
    const ControlMethod* const method = find_control_method(std::string(name) + "_residual");
    ASSERT_NE(method, nullptr);
    const auto base = make_pacer(name, setup_);
    const auto learned = make_learned_pacer(*method, constant_policy(5), campaign_.info, setup_, 6000);
    const auto dearer = make_learned_pacer(*method, constant_policy(10), campaign_.info, setup_, 6000);
    const DayOutcome expected = run(*base);
    const DayOutcome outcome = run(*learned);
    EXPECT_EQ(outcome.result.cost, expected.result.cost) << name;
    EXPECT_EQ(outcome.result.expected_clicks, expected.result.expected_clicks) << name;
    EXPECT_NE(run(*dearer).result.cost, expected.result.cost) << name;
  }
}

TEST_F(LearnedProtocolTest, RewardsAddUpToTheRegret) {
  class Random final : public StepChooser {
   public:
    std::size_t choose(const agents::bid::ControlFeatures&) override { return rng_.below(11); }
    void earned(double reward) override { sum += reward; }
    double sum = 0;

   private:
    base::Rng rng_{3};
  } chooser;
  const auto steps = agents::bid::residual_steps();
  LearnedPacer pacer({.budget = day_.budget,
                      .traffic = day_.traffic,
                      .mu_start = day_.lambda,
                      .steps = {steps.begin(), steps.end()},
                      .lambda = day_.lambda},
                     make_pacer("mpc", setup_), chooser);
  const DayOutcome outcome = run(pacer);
  double dual = day_.lambda * day_.budget;  // an upper bound of R*, and close to it
  for (const RecordedAuction& auction : day_.auctions)
    dual += std::max(0.0, auction.theta - day_.lambda * auction.price);
  const double left = day_.lambda * (day_.budget - static_cast<double>(outcome.result.cost));
  EXPECT_NEAR(chooser.sum - left, outcome.result.expected_clicks - dual, 1e-6);
  EXPECT_NEAR(dual, day_.optimum, 0.01 * day_.optimum);
}

TEST_F(LearnedProtocolTest, TrainingIsReproducibleAndItsFileIsRead) {
  const ControlTraining training{.horizon = {.windows = 96, .auctions = 2000}, .days = 3, .seed = 4};
  for (const ControlMethod& method : control_methods()) {
    const model::ModelFile file = train_control(method, campaign_.info, campaign_.auctions, training);
    EXPECT_EQ(file, train_control(method, campaign_.info, campaign_.auctions, training)) << method.name;
    const auto bytes = model::encode_model(file);
    ASSERT_TRUE(bytes) << method.name;
    const auto policy = agents::bid::ControlPolicy::from(model::decode_model(*bytes).value(), method.kind());
    ASSERT_TRUE(policy) << method.name << policy.error().what;
    EXPECT_EQ((*policy)->actions(), 11u);
  }
}

TEST_F(LearnedProtocolTest, ADayOfTrainingAlreadyHoldsTheBudgetBetterThanNothing) {
  LearnedProtocol protocol{
      .budgets = *parse_budgets("1/8"), .policies = {"flb", "dqn"}, .baseline = "mpc", .seeds = 2};
  protocol.training_days = 60;
  protocol.day = 2000;
  protocol.bootstrap = 100;
  const auto half = campaign_.auctions.size() / 2;
  const std::span<const RecordedAuction> all = campaign_.auctions;
  const auto table = run_learned_days(campaign_.info, all.first(half), all.subspan(half), protocol);
  ASSERT_TRUE(table) << table.error();
  ASSERT_EQ(table->rows(), 2u * 4u);
  EXPECT_EQ(table->at(0, 1), "flb");
  EXPECT_EQ(table->at(1, 1), "dqn");
  EXPECT_GT(std::stod(table->at(1, 4)), std::stod(table->at(0, 4)) + 0.05);
}

TEST_F(LearnedProtocolTest, RivalsWhoReactMakeABurstDear) {
  Day still = day_;
  still.lambda =
      day_.lambda / 3;  // a bid three times too high wins nearly all for as long as the money lasts
  Day moved = still;
  moved.reaction = 1;
  const auto price_a_win = [&](const Day& day) {
    PacerSetup setup = setup_;
    setup.lambda = day.lambda;
    const auto pacer = make_pacer("flb", setup);
    base::Rng rng(1);
    const EpisodeResult result = run_day(day, *pacer, Ties::win, rng).result;
    return static_cast<double>(result.cost) / static_cast<double>(result.impressions);
  };
  EXPECT_GT(price_a_win(moved), 1.1 * price_a_win(still));
}

TEST_F(LearnedProtocolTest, PrintsEpisodesBudgetByBudgetAndTheirSum) {
  LearnedProtocol protocol{
      .budgets = *parse_budgets("1/8,1/4"), .policies = {"lin", "mpc", "iql"}, .baseline = "mpc", .seeds = 2};
  protocol.training_days = 5;
  protocol.bootstrap = 100;
  const std::span<const RecordedAuction> all = campaign_.auctions;
  const auto table = run_learned_episodes(campaign_.info, all.first(3000), all.subspan(3000), protocol);
  ASSERT_TRUE(table) << table.error();
  ASSERT_EQ(table->rows(), 3u * 3u);
  EXPECT_EQ(table->at(5, 0), "mpc");
  EXPECT_EQ(table->at(5, 1), "all");
  for (const std::size_t column : {6u, 7u, 8u})
    EXPECT_EQ(std::stod(table->at(5, column)), 0) << "the baseline against itself";
}

}  // namespace
}  // namespace bandstand::experiments
