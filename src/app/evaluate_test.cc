// evaluate_test: the verb's exit codes, its words, its JSON and its picture.
#include "app/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/evaluate_picture.h"
#include "base/input.h"

namespace bandstand::app {
namespace {

using ::testing::HasSubstr;

struct Outcome {
  int code = -1;
  std::string out = {};
  std::string err = {};
};

Outcome run(const EvaluateOptions& options) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = evaluate(options, out, err);
  return {code, out.str(), err.str()};
}

std::string temporary(const std::string& name) {
  return ::testing::TempDir() + std::to_string(::getpid()) + "_" + name;
}

/// Rounds of a fair coin: heads pays 1 in 2 of 3 rounds, tails in 1 of 3; the policy plays heads with
/// `heads`.
std::string coin_log(double heads) {
  std::ostringstream out;
  out << "action,propensity,reward,target\n";
  for (int i = 0; i < 1200; ++i) {
    const bool is_heads = i % 2 == 0;
    out << (is_heads ? "heads" : "tails") << ",0.5," << ((i / 2) % 3 < (is_heads ? 2 : 1) ? 1 : 0) << ","
        << (is_heads ? heads : 1 - heads) << "\n";
  }
  return out.str();
}

TEST(EvaluateVerb, ExitCodeIsTheVerdict) {
  const std::string path = temporary("coin.csv");
  const auto code = [&](double heads) {
    std::ofstream(path) << coin_log(heads);
    return run({.log = {path}});
  };
  const Outcome better = code(.9);
  EXPECT_EQ(better.code, 0) << better.out;
  EXPECT_THAT(better.out, HasSubstr("verdict: promote"));
  const Outcome worse = code(.1);
  EXPECT_EQ(worse.code, 1);
  EXPECT_THAT(worse.out, HasSubstr("verdict: do not promote"));
  const Outcome same = code(.5);
  EXPECT_EQ(same.code, 1);
  EXPECT_THAT(same.out, HasSubstr("covers 0"));
  std::filesystem::remove(path);
}

TEST(EvaluateVerb, WrongInputIsTwoAndSaysWhere) {
  const std::string path = temporary("wrong.csv");
  std::ofstream(path) << "action,propensity,reward,target\na,2,1,1\n";
  const Outcome wrong = run({.log = {path}});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_EQ(wrong.err, path + ":2: column 2 (propensity): '2' is not from 0 to 1\n");
  std::filesystem::remove(path);
  EXPECT_EQ(run({.log = {path}}).code, 2);
  EXPECT_EQ(run({}).code, 2);
  EXPECT_EQ(run({.format = "xml", .log = {path}}).code, 2);
  EXPECT_THAT(run({.synthetic = 100, .estimator = "ipw"}).err, HasSubstr("none of replay, dm, ips"));
  EXPECT_EQ(run({.log = {path}, .synthetic = 100}).code, 2);
  EXPECT_EQ(run({.log = {path}, .policy = "bts"}).code, 2);
  EXPECT_EQ(run({.synthetic = 100, .samples = 10, .svg = "/nowhere/picture.svg"}).code, 2);
}

TEST(EvaluateVerb, JsonHoldsTheTableAndTheVerdict) {
  const Outcome made = run({.synthetic = 5000, .samples = 100, .json = true});
  EXPECT_EQ(made.code, 0);
  const auto json = nlohmann::json::parse(made.out);
  EXPECT_EQ(json["estimates"].size(), 8u);
  EXPECT_EQ(json["verdict"], "promote");
  EXPECT_EQ(json["deciding"], "dr");
  for (const auto& row : json["estimates"]) {
    if (row["estimator"] != "dr") continue;
    EXPECT_NEAR(row["value"]["value"].get<double>(), json["truth"].get<double>(), .05);
  }
  EXPECT_EQ(run({.synthetic = 5000, .samples = 100, .json = true}).out, made.out);  // the same seed
}

TEST(EvaluateVerb, CoverageIsATable) {
  const Outcome made = run({.synthetic = 300, .coverage = 3, .samples = 50});
  EXPECT_EQ(made.code, 0);
  EXPECT_THAT(made.out, HasSubstr("covered %"));
}

TEST(Picture, HasARowAnEstimatorAndIsWellFormed) {
  learning::Evaluation evaluation;
  evaluation.deciding = learning::Estimator::ips;
  const auto add = [&](learning::Estimator which, double value, double low, double high) {
    learning::Estimate& row = evaluation.estimates.emplace_back();
    row.estimator = which;
    row.value = {.value = value, .error = .1, .low = low, .high = high};
    row.incumbent = {.value = .2, .error = .01, .low = .18, .high = .22};
  };
  add(learning::Estimator::ips, .3, .25, .35);
  add(learning::Estimator::replay, std::numeric_limits<double>::quiet_NaN(),
      std::numeric_limits<double>::quiet_NaN(), 1);
  const std::string svg = draw_evaluation(evaluation, "a <b> & \"c\"", .31);
  EXPECT_THAT(svg, HasSubstr("a &lt;b&gt; &amp; &quot;c&quot;"));
  EXPECT_THAT(svg, HasSubstr(">ips</text>"));
  EXPECT_THAT(svg, HasSubstr(">replay</text>"));
  EXPECT_THAT(svg, ::testing::Not(HasSubstr("nan")));
  EXPECT_EQ(std::count(svg.begin(), svg.end(), '<'), std::count(svg.begin(), svg.end(), '>'));
  std::size_t circles = 0;
  for (std::size_t at = svg.find("<circle"); at != std::string::npos; at = svg.find("<circle", at + 1))
    ++circles;
  EXPECT_EQ(circles, 1u);
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

TEST(Picture, IsWrittenWhereItIsAskedFor) {
  const std::string path = temporary("picture.svg");
  run({.synthetic = 500, .samples = 20, .svg = path});
  const auto text = base::read_whole_file(path);
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("red: truth"));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace bandstand::app
