// train_profile_test: the verb from files to table, model file and back, and what it says when it cannot.
#include "app/train_profile.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "model/safetensors.h"

namespace bandstand::app {
namespace {

class TrainProfileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "train_profile_" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
    std::ofstream train(path("train"));
    for (int i = 0; i < 40; ++i) train << 100 + i % 4 << ' ' << 100 + (i + 1) % 4 << ' ' << 100 + (i + 2) % 4 << '\n';
    std::ofstream(path("test")) << "100 101\t102\n100\t101\n103\t777\n";
    options_.data = path("train");
    options_.test = path("test");
    options_.width = options_.hidden = 8;
    options_.batch = 8;
    options_.rate = .02;
    options_.epochs = 3;
    options_.holdout = .1;
    options_.bootstrap = 20;
    options_.json = true;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }

  int run() {
    out_.str("");
    err_.str("");
    return train_profile(options_, clock_, out_, err_);
  }
  nlohmann::json result() { return nlohmann::json::parse(out_.str()); }

  std::string folder_;
  TrainProfileOptions options_;
  base::ManualClock clock_;
  std::ostringstream out_, err_;
};

TEST_F(TrainProfileTest, EveryModelGivesFigures) {
  for (const std::string& model : profile_models()) {
    options_.model = model;
    ASSERT_EQ(run(), 0) << model << err_.str();
    const auto figures = result();
    EXPECT_EQ(figures["targets"], 3) << model;
    EXPECT_EQ(figures["visits"], 2) << model;
    EXPECT_EQ(figures["hits"], 2) << model;  // four items: all are in the list but 777, which no model can know
    EXPECT_LE(figures["recall_20_95"][0], figures["recall_20"]) << model;
  }
}

TEST_F(TrainProfileTest, AModelFileJudgesAsItsTrainingDid) {
  options_.out = path("model");
  ASSERT_EQ(run(), 0) << err_.str();
  const auto trained = result();
  EXPECT_NE(err_.str().find("epoch 3: loss"), std::string::npos);
  options_.from = options_.out;
  options_.data = options_.out = "";
  ASSERT_EQ(run(), 0) << err_.str();
  EXPECT_EQ(result()["hits"], trained["hits"]);
  EXPECT_EQ(result()["mrr_20"], trained["mrr_20"]);
  EXPECT_EQ(result()["training"]["curve"].size(), 3u);
}

TEST_F(TrainProfileTest, StoppedAndResumedIsTheSameModel) {
  options_.out = path("straight");
  ASSERT_EQ(run(), 0);
  options_.out = path("stopped");
  options_.epochs = 2;
  ASSERT_EQ(run(), 0);
  options_.resume = path("stopped.state");
  options_.epochs = 3;
  ASSERT_EQ(run(), 0) << err_.str();
  EXPECT_EQ(model::read_model(path("stopped")).value().tensors, model::read_model(path("straight")).value().tensors);
  options_.hidden = 9;
  EXPECT_EQ(run(), 1);
  EXPECT_NE(err_.str().find("stopped.state: "), std::string::npos) << err_.str();
}

TEST_F(TrainProfileTest, SaysWhatIsWrong) {
  const auto wrong = [&](int code, const std::string& text) {
    EXPECT_EQ(run(), code);
    EXPECT_NE(err_.str().find(text), std::string::npos) << err_.str();
  };
  options_.model = "narn";
  wrong(2, "--model 'narn': no such model; did you mean 'narm'?");
  options_.model = "pop";
  options_.out = path("model");
  wrong(2, "for narm and sasrec");
  options_.out = "";
  options_.format = "session";
  wrong(1, "no format of visits 'session'; did you mean 'sessions'?");
  options_.format = "sessions";
  options_.data = path("missing");
  wrong(1, "missing");
  std::ofstream(path("empty")) << "1\nx y\n";
  options_.data = path("empty");
  wrong(1, "no visit of two clicks or more");
  wrong(1, "line 2: an item that is no number");
  options_.data = "";
  wrong(2, "--data or --from");
}

}  // namespace
}  // namespace bandstand::app
