// model_shelf_test: what is refused, who answers, and that a restart reads the same shelf.
#include "serving/model_shelf.h"

#include <gtest/gtest.h>

#include "log/memory_log.h"

namespace bandstand::serving {
namespace {

using orchestrator::Mode;

struct Learned final : agents::LearnedModel {
  float value = 0;
};

base::Result<std::shared_ptr<const agents::LearnedModel>> read(ModelAgent, const model::ModelFile& file) {
  BANDSTAND_TRY_VOID(model::expect_model(file, "test", "{}"));
  BANDSTAND_TRY(values, model::tensor_of(file, "x", {1}));
  auto out = std::make_shared<Learned>();
  out->value = values->values[0];
  return std::shared_ptr<const agents::LearnedModel>(std::move(out));
}

std::string file_of(float value, const std::string& kind = "test") {
  model::ModelFile file{.kind = kind, .schema = "{}", .training = R"({"seed":1})", .tensors = {{"x", {{1}, {value}}}}};
  return model::encode_model(file).value();
}

std::string verdict_on(const std::string& bytes, const std::string& verdict = "promote") {
  return R"({"model":")" + model::model_id(bytes) + R"(","verdict":")" + verdict + R"("})";
}

class ModelShelfTest : public testing::Test {
 protected:
  base::ManualClock clock_{base::WallTime{1'700'000'000'000'000'000}};
  std::unique_ptr<log::Log> log_ = log::open_memory_log(log::make_memory_store(), clock_);
  std::unique_ptr<ModelShelf> shelf_ = open();

  std::unique_ptr<ModelShelf> open() { return std::move(*ModelShelf::open(*log_, clock_, read)); }
  [[nodiscard]] const ServedModel& served() const { return (*shelf_->served())[0]; }
  [[nodiscard]] float value() const { return dynamic_cast<const Learned&>(*served().model).value; }
};

constexpr ModelAgent kAgent = ModelAgent::creative;
constexpr orchestrator::Rollout kLive{Mode::live, 0, 0}, kShadow{Mode::shadow, 0, 0}, kTen{Mode::percent, 10, 0};

TEST_F(ModelShelfTest, WhatIsDamagedOrForOthersDoesNotEnter) {
  std::string damaged = file_of(1);
  damaged.back() ^= 1;
  EXPECT_EQ(shelf_->publish(kAgent, damaged).error().code, base::Code::corrupt);
  EXPECT_EQ(shelf_->publish(kAgent, file_of(1, "other")).error().code, base::Code::conflict);
  EXPECT_EQ(shelf_->publish(kAgent, "").error().code, base::Code::corrupt);
  EXPECT_TRUE(shelf_->seat(kAgent).models.empty());
  EXPECT_EQ(served().version, 0u);
}

TEST_F(ModelShelfTest, PublishingAnswersNobodyAndTwiceIsOnce) {
  EXPECT_EQ(shelf_->publish(kAgent, file_of(1)).value(), 1u);
  EXPECT_EQ(shelf_->publish(kAgent, file_of(2)).value(), 2u);
  EXPECT_EQ(shelf_->publish(kAgent, file_of(1)).value(), 1u);
  EXPECT_EQ(shelf_->seat(kAgent).models.size(), 2u);
  EXPECT_EQ(served().version, 0u);
}

TEST_F(ModelShelfTest, TheWorldAtLargeNeedsAVerdictOnThisModel) {
  const std::string one = file_of(1), two = file_of(2);
  ASSERT_TRUE(shelf_->publish(kAgent, one));
  EXPECT_EQ(shelf_->roll_out(kAgent, 1, kLive, "", "").error().code, base::Code::forbidden);
  EXPECT_EQ(shelf_->roll_out(kAgent, 1, kTen, "", "").error().code, base::Code::forbidden);
  EXPECT_FALSE(shelf_->roll_out(kAgent, 1, kLive, verdict_on(two), ""));
  EXPECT_FALSE(shelf_->roll_out(kAgent, 1, kLive, verdict_on(one, "cannot_tell"), ""));
  EXPECT_FALSE(shelf_->roll_out(kAgent, 1, kLive, "not json", ""));
  EXPECT_EQ(shelf_->roll_out(kAgent, 2, kShadow, "", "").error().code, base::Code::not_found);
  EXPECT_EQ(served().version, 0u);
  EXPECT_TRUE(shelf_->roll_out(kAgent, 1, kShadow, "", ""));
  EXPECT_EQ(served().rollout.mode, Mode::shadow);
  EXPECT_TRUE(shelf_->roll_out(kAgent, 1, kTen, verdict_on(one), ""));
  EXPECT_EQ(served().rollout.percent, 10u);
  EXPECT_TRUE(shelf_->roll_out(kAgent, 1, kLive, "", "no traffic to judge by"));
  EXPECT_EQ(shelf_->seat(kAgent).changes.back().reason, "override: no traffic to judge by");
}

TEST_F(ModelShelfTest, ARestartReadsTheSameShelf) {
  for (const float value : {1.0f, 2.0f}) ASSERT_TRUE(shelf_->publish(kAgent, file_of(value)));
  ASSERT_TRUE(shelf_->roll_out(kAgent, 2, kTen, verdict_on(file_of(2)), ""));
  const auto before = served();
  shelf_ = open();
  EXPECT_EQ(served().version, 2u);
  EXPECT_EQ(served().rollout.percent, 10u);
  EXPECT_EQ(served().rollout.salt, before.rollout.salt);  // the same users stay in the share
  EXPECT_EQ(value(), 2);
  EXPECT_EQ(shelf_->seat(kAgent).models.front().training, R"({"seed":1})");
  EXPECT_EQ(shelf_->publish(kAgent, file_of(3)).value(), 3u);
}

TEST_F(ModelShelfTest, RollsBackToWhatWasLiveAndThenToTheDefault) {
  for (const float value : {1.0f, 2.0f}) ASSERT_TRUE(shelf_->publish(kAgent, file_of(value)));
  ASSERT_TRUE(shelf_->roll_out(kAgent, 1, kLive, "", "test"));
  ASSERT_TRUE(shelf_->roll_out(kAgent, 2, kShadow, "", ""));
  ASSERT_TRUE(shelf_->roll_out(kAgent, 2, kLive, "", "test"));
  EXPECT_EQ(value(), 2);
  EXPECT_EQ(shelf_->roll_back(kAgent).value(), 1u);
  EXPECT_EQ(value(), 1);
  EXPECT_EQ(served().rollout.mode, Mode::live);
  EXPECT_EQ(shelf_->roll_back(kAgent).value(), 0u);
  EXPECT_EQ(served().version, 0u);
  EXPECT_EQ(shelf_->roll_back(kAgent).error().code, base::Code::conflict);
  shelf_ = open();
  EXPECT_EQ(served().version, 0u);
}

TEST(Rollouts, ReadAndPrint) {
  for (const char* text : {"off", "shadow", "percent:0", "percent:10", "percent:100", "live"})
    EXPECT_EQ(print_rollout(parse_rollout(text).value()), text);
  for (const char* text : {"", "on", "percent:", "percent:101", "percent:1x", "percent:-1", "live "})
    EXPECT_FALSE(parse_rollout(text).has_value()) << text;
}

}  // namespace
}  // namespace bandstand::serving
