// decision_log_test: what is read from the log is what the server learned from; a policy judged on its own log weighs 1.
#include "app/decision_log.h"

#include <gtest/gtest.h>

#include "app/judged_log.h"
#include "app/serve.h"
#include "app/simulate.h"
#include "outcomes/rewards.h"
#include "simulation/demo_catalogue.h"
#include "simulation/local_bandstand.h"
#include "simulation/world.h"

namespace bandstand::app {
namespace {

class DecisionLogTest : public testing::Test {
 protected:
  void SetUp() override {
    constexpr double kSeconds = 60, kRate = 100;
    simulation::DemoCatalogueOptions demo;
    demo.requests_per_second = kRate;
    demo.seconds = kSeconds;
    const auto settings = demo_settings(kSeconds);
    auto loaded = parse_catalogue(simulation::demo_catalogue_json(demo), "test", settings);
    auto options = demo_world(3, kSeconds, kRate);
    local_ = std::make_unique<simulation::LocalBandstand>(
        settings, [](const serving::ServingSettings& s) { return make_team(s, TeamNames{}); }, loaded.catalogue, loaded.text,
        options.start);
    simulation::World world(options, loaded.catalogue);
    world.run_until(options.start + std::chrono::seconds(60), *local_);
    local_->settle();
  }
  std::unique_ptr<simulation::LocalBandstand> local_;
};

TEST_F(DecisionLogTest, IsWhatTheServerLearnedFrom) {
  const auto read = read_decision_log(local_->log(), local_->settings(), TeamNames{});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->unreadable, 0u);
  EXPECT_GT(read->decisions, 500u);
  base::Nanos reward;
  for (const auto& outcome : read->outcomes) {
    const auto item = read->catalogue->line_item_index.at(outcome.facts.line_item.value);
    reward += outcomes::reward_added(outcome, read->catalogue->line_items[item]);
  }
  EXPECT_EQ(reward, local_->control().totals().reward);
  EXPECT_NE(reward, base::Nanos{});
}

TEST_F(DecisionLogTest, TheModelThatWroteTheLogWeighsAboutOne) {
  const auto model = std::make_shared<const agents::creative::ResponseModel>(local_->control().response_model());
  const auto judged = judge_creative_log(local_->log(), local_->settings(), TeamNames{}, model, {});
  ASSERT_TRUE(judged);
  ASSERT_GT(judged->rounds.size(), 500u);
  double weights = 0;
  for (std::size_t i = 0; i < judged->rounds.size(); ++i)
    weights += judged->target.logged[i] / judged->rounds.propensity[i];
  EXPECT_NEAR(weights / static_cast<double>(judged->rounds.size()), 1, .15);
}

}  // namespace
}  // namespace bandstand::app
