// train_response_test: the verb from file to table and model file, and what it says where it cannot.
#include "app/train_response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/train_response_segments.h"
#include "app/train_response_split.h"
#include "base/rng.h"
#include "learning/dataset/data_for_tests.h"
#include "model/safetensors.h"

namespace bandstand::app {
namespace {

using nlohmann::json;
using testing::HasSubstr;

struct Ran {
  int code = 0;
  std::string out, err;
};

Ran run(const TrainResponseOptions& options) {
  const base::ManualClock clock;
  std::ostringstream out, err;
  Ran ran;
  ran.code = train_response(options, clock, out, err);
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

TrainResponseOptions world(const std::string& data) {
  TrainResponseOptions options;
  options.data = data;
  options.format = "click_world";
  options.split = "time:0.8";
  options.bits = 14;
  options.bootstrap = 20;
  options.json = true;
  return options;
}

TEST(TrainResponse, PrintsFiguresOfTheModelAndOfTheTruth) {
  const Ran ran = run(world("linear,rows=50000"));
  ASSERT_EQ(ran.code, 0) << ran.err;
  const json report = json::parse(ran.out);
  ASSERT_EQ(report["metrics"].size(), 2u);
  EXPECT_EQ(report["metrics"][0]["predictor"], "given");
  EXPECT_EQ(report["metrics"][1]["predictor"], "ftrl");
  EXPECT_EQ(report["metrics"][1]["n"], 10000);
  EXPECT_GT(report["metrics"][0]["auc"], report["metrics"][1]["auc"]);
  EXPECT_GT(report["metrics"][1]["auc"], 0.6);
  EXPECT_THAT(ran.err, HasSubstr("epoch 1/1  40000 of 40000 rows"));
}

TEST(TrainResponse, CalibratesOnRowsThatTheModelHasNotSeen) {
  TrainResponseOptions options = world("pairs,rows=100000");
  options.model = "fwfm";
  options.holdout = 0.2;
  options.won_at = 1;
  const Ran ran = run(options);
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("64000 train, 16000 calibrate, 20000 judge"));
  const json metrics = json::parse(ran.out)["metrics"];
  ASSERT_EQ(metrics.size(), 10u);
  EXPECT_EQ(metrics[6]["predictor"], "isotonic");
  EXPECT_NEAR(metrics[6]["calibration"].get<double>(), 1, 0.15);
  EXPECT_EQ(metrics[7]["rows"], "won");
  EXPECT_LT(metrics[7]["n"], 20000);
}

TEST(TrainResponse, WritesAModelThatGoesOnAsIfNeverStopped) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "train_response_test";
  std::filesystem::remove_all(folder);
  const auto at = [&](const char* name) { return (folder / name).string(); };
  TrainResponseOptions options = world("linear,rows=5000");
  options.out = at("whole");
  options.epochs = 2;
  ASSERT_EQ(run(options).code, 0);
  options.epochs = 1;
  options.out = at("half");
  ASSERT_EQ(run(options).code, 0);
  options.resume = at("half");
  options.out = at("resumed");
  ASSERT_EQ(run(options).code, 0);
  const auto whole = model::read_model(at("whole")).value();
  EXPECT_EQ(whole.tensors, model::read_model(at("resumed")).value().tensors);
  EXPECT_EQ(whole.kind, "response.ftrl");
  const json training = json::parse(whole.training);
  EXPECT_EQ(training["seed"], 1);
  EXPECT_THAT(training["data_hash"].get<std::string>(), HasSubstr("xxh3:"));
  EXPECT_GT(training["metrics"][1]["auc"], 0.5);
  options.bits = 13;
  EXPECT_THAT(run(options).err, HasSubstr("a model of another feature schema"));
  std::filesystem::remove_all(folder);
}

TEST(TrainResponse, EachModelLearnsAndIsTheSameTwice) {
  for (const char* model : {"ftrl", "fwfm", "dcn"}) {
    TrainResponseOptions options = world("linear,rows=20000");
    options.model = model;
    const Ran first = run(options);
    ASSERT_EQ(first.code, 0) << first.err;
    const json report = json::parse(first.out);
    EXPECT_EQ(report["metrics"][1]["predictor"], model);
    EXPECT_GT(report["metrics"][1]["auc"], 0.6);
    EXPECT_EQ(report["metrics"], json::parse(run(options).out)["metrics"]);
  }
}

TEST(TrainResponse, LearnsWhatABaselineLeaves) {
  TrainResponseOptions options = world("linear,rows=50000");
  options.baseline = "f3";
  options.residual = true;
  const Ran ran = run(options);
  ASSERT_EQ(ran.code, 0) << ran.err;
  const json report = json::parse(ran.out);
  EXPECT_EQ(report["metrics"][0]["predictor"], "rate of f3");
  EXPECT_GT(report["auc_difference"]["given less rate of f3"]["auc_95"][0], 0);
  EXPECT_GT(report["metrics"][2]["auc"].get<double>(), report["metrics"][0]["auc"].get<double>() + 0.05);
  options.epochs = 2;
  EXPECT_EQ(run(options).code, 2);
}

TEST(TrainResponse, LearnsInTimeOrderWhateverTheOrderOfTheFile) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "train_response_order_test";
  std::filesystem::create_directories(folder);
  const auto at = [&](const char* name) { return (folder / name).string(); };
  const auto row = [](int i) {
    return std::to_string(1'700'000'000 + i) + "," + std::to_string(i * 7 % 5) + "," + (i % 3 == 0 ? "1" : "0") + "\n";
  };
  std::string forwards = "t,a,y\n", backwards = forwards;
  for (int i = 0; i < 200; ++i) {
    forwards += row(i);
    backwards += row(199 - i);
  }
  std::ofstream(at("forwards")) << forwards;
  std::ofstream(at("backwards")) << backwards;
  std::ofstream(at("mapping")) << R"({"columns": {"t": "time", "a": "categorical", "y": "label"}})";
  const auto learned = [&](const char* name, bool in_time_order) {
    TrainResponseOptions options = world(at(name));
    options.format = "csv";
    options.mapping = at("mapping");
    options.in_time_order = in_time_order;
    options.out = at("model");
    EXPECT_EQ(run(options).code, 0);
    return model::read_model(options.out).value().tensors;
  };
  EXPECT_EQ(learned("forwards", false), learned("backwards", true));
  EXPECT_NE(learned("forwards", false), learned("backwards", false));
  std::filesystem::remove_all(folder);
}

TEST(TrainResponse, BeatsTheAppAloneOnTalkingData) {
  const std::string name = "talkingdata/train_sample_nov06-08.csv.xz";
  BANDSTAND_NEEDS_SHARED_DATA(name);
  TrainResponseOptions options = world(learning::shared_data(name));
  options.format = "csv";
  options.mapping = BANDSTAND_SOURCE_DIR "/config/datasets/talkingdata-crosses.json";
  options.split = "time:2017-11-08";
  options.baseline = "app";
  options.residual = options.in_time_order = true;
  const Ran ran = run(options);
  ASSERT_EQ(ran.code, 0) << ran.err;
  const json metrics = json::parse(ran.out)["metrics"];
  EXPECT_NEAR(metrics[0]["auc"].get<double>(), 0.968, 0.0005);  // the data's README
  EXPECT_GT(metrics[1]["auc"].get<double>(), metrics[0]["auc"].get<double>());
  EXPECT_LT(metrics[1]["log_loss"].get<double>(), metrics[0]["log_loss"].get<double>());
}

TEST(TrainResponse, ShowsCalibrationByValueOfAField) {
  TrainResponseOptions options = world("linear,rows=60000");
  options.holdout = 0.3;
  options.segments = "f3";
  options.segments_top = 2;
  const Ran ran = run(options);
  ASSERT_EQ(ran.code, 0) << ran.err;
  const json segments = json::parse(ran.out)["segments"];
  ASSERT_EQ(segments.size(), 5u * 3);  // given, ftrl, Platt, isotonic, Platt by f3
  std::uint64_t rows = 0;
  for (std::size_t i = 0; i < 3; ++i) rows += segments[i]["n"].get<std::uint64_t>();
  EXPECT_EQ(rows, 12'000u);
  EXPECT_EQ(segments[0]["value"], "0");  // small numbers are oftener in this world
  EXPECT_EQ(segments[2]["value"], "others");
  EXPECT_EQ(segments[14]["predictor"], "Platt by f3");
  options.json = false;
  EXPECT_THAT(run(options).out, HasSubstr("Platt by f3  others"));
  options.segments = "site";
  EXPECT_THAT(run(options).err, HasSubstr("--segments: the data has no field 'site'"));
}

TEST(Segments, TakesTheMostFrequentValuesAndPoolsTheRest) {
  const std::vector<std::uint64_t> values{7, 7, 7, 5, 5, 9, 8};
  const Segments segments(values, 2);
  EXPECT_EQ(segments.size(), 3u);
  EXPECT_EQ(segments.of(7), 0u);
  EXPECT_EQ(segments.of(5), 1u);
  EXPECT_EQ(segments.of(9), 2u);
  EXPECT_EQ(segments.of(1), 2u);
  EXPECT_EQ(segments.name(0, {{7, "seven"}}), "seven");
  EXPECT_EQ(segments.name(1, {}), "0000000000000005");
}

TEST(Segments, IntervalOfTheRatioCoversTheTruth) {
  // Calibrated in one segment, 1.5 times too high in the other: the interval holds the ratio in 95 of 100 worlds.
  base::Rng rng(11);
  const std::vector<std::uint64_t> both{1, 2};
  const Segments segments(both, 2);
  int covered[2] = {0, 0}, excluded = 0;
  const int worlds = 400;
  for (int world = 0; world < worlds; ++world) {
    std::vector<double> p;
    std::vector<std::uint8_t> y;
    std::vector<std::uint64_t> values;
    for (int i = 0; i < 4000; ++i) {
      const double truth = 0.02 + 0.1 * rng.uniform();
      values.push_back(1 + i % 2);
      p.push_back(i % 2 == 0 ? truth : 1.5 * truth);
      y.push_back(rng.chance(truth));
    }
    for (const auto& one : segment_figures(p, y, values, segments)) {
      const double truth = one.segment == segments.of(1) ? 1 : 1.5;
      covered[one.segment] += one.calibration.low <= truth && truth <= one.calibration.high;
      excluded += one.segment == segments.of(2) && one.calibration.low > 1;
    }
  }
  for (const int count : covered) EXPECT_NEAR(count, 0.95 * worlds, 0.025 * worlds);
  EXPECT_GT(excluded, 0.95 * worlds);
}

TEST(Segments, PlattBySegmentMendsWhatOneCurveCannot) {
  base::Rng rng(12);
  std::vector<double> p;
  std::vector<std::uint8_t> y;
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 40'000; ++i) {
    values.push_back(i % 2);
    p.push_back(0.05 + 0.1 * rng.uniform());
    y.push_back(rng.chance(p.back() * (i % 2 == 0 ? 0.5 : 1.5)));
  }
  const Segments segments(values, 2);
  const SegmentPlatt curves(p, y, values, segments);
  std::vector<double> mended;
  for (std::size_t i = 0; i < p.size(); ++i) mended.push_back(curves(p[i], segments.of(values[i])));
  for (const auto& one : segment_figures(p, y, values, segments)) EXPECT_GT(std::abs(std::log(one.calibration.value)), 0.3);
  for (const auto& one : segment_figures(mended, y, values, segments)) EXPECT_NEAR(one.calibration.value, 1, 0.01);
}

TEST(TrainResponse, SaysWhatIsWrong) {
  TrainResponseOptions options = world("linear,rows=100");
  options.model = "deep";
  EXPECT_EQ(run(options).code, 2);
  options = world("linear,rows=100");
  options.split = "random:0.8";
  EXPECT_THAT(run(options).err, HasSubstr("--split 'random:0.8': expected"));
  options = world("linear,rows=100");
  options.baseline = "site";
  EXPECT_THAT(run(options).err, HasSubstr("--baseline: the data has no field 'site'"));
  options.data = "/nowhere";
  options.format = "avazu";
  EXPECT_EQ(run(options).code, 1);
  options = world("linear,rows=0");
  EXPECT_THAT(run(options).err, HasSubstr("no rows"));
}

TEST(ResponseSplit, CutsByTimeWhateverTheOrderOfRows) {
  auto split = ResponseSplit::parse("time:0.5", 0.5).value();
  learning::Row row;
  for (const std::int64_t time : {40, 10, 30, 20, 50, 60, 80, 70}) {
    row.time_s = time;
    split.survey(row);
  }
  ASSERT_TRUE(split.settle());
  row.time_s = 20;
  EXPECT_EQ(split.part_of(0, row), Part::train);
  row.time_s = 30;
  EXPECT_EQ(split.part_of(0, row), Part::holdout);
  row.time_s = 50;
  EXPECT_EQ(split.part_of(0, row), Part::test);
  EXPECT_EQ(split.rows_of(Part::train), 2u);
  EXPECT_EQ(split.rows_of(Part::holdout), 2u);
  EXPECT_EQ(split.rows_of(Part::test), 4u);
}

TEST(ResponseSplit, RefusesRowsWithoutATime) {
  auto split = ResponseSplit::parse("time:0.5", 0).value();
  split.survey({});
  EXPECT_THAT(split.settle().error(), HasSubstr("1 rows have no time"));
}

}  // namespace
}  // namespace bandstand::app
