// csv_test: columns find their places, and faults say where they are.
#include "learning/offpolicy/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace bandstand::learning {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class OffpolicyCsv : public ::testing::Test {
 protected:
  std::string write(const std::string& text) {
    const std::string path = ::testing::TempDir() + "offpolicy_csv_" + std::to_string(::getpid()) + "_" +
                             std::to_string(paths_.size()) + ".csv";
    std::ofstream(path) << text;
    paths_.push_back(path);
    return path;
  }
  Loaded<PolicyLog> load(const std::string& text) {
    const std::vector<std::string> one{write(text)};
    return load_policy_csv(one);
  }
  std::string fault(const std::string& text) {
    const auto loaded = load(text);
    return loaded ? "none" : loaded.error().substr(paths_.back().size());
  }
  void TearDown() override {
    for (const auto& path : paths_) std::filesystem::remove(path);
  }
  std::vector<std::string> paths_;
};

TEST_F(OffpolicyCsv, ReadsProbabilitiesOfTheLoggedAction) {
  const auto log =
      load("reward,action,propensity,target,incumbent\n1,red,.5,.25,1\n\n0,blue,1,0,.5\n-2.5,red,.1,1,0\n");
  ASSERT_TRUE(log) << log.error();
  EXPECT_EQ(log->rounds.actions, 2u);
  EXPECT_THAT(log->rounds.action, ElementsAre(0, 1, 0));
  EXPECT_THAT(log->rounds.propensity, ElementsAre(.5, 1, .1));
  EXPECT_THAT(log->rounds.reward, ElementsAre(1, 0, -2.5));
  EXPECT_THAT(log->target.logged, ElementsAre(.25, 0, 1));
  EXPECT_TRUE(log->target.distribution.empty());
  ASSERT_TRUE(log->incumbent);
  EXPECT_THAT(log->incumbent->logged, ElementsAre(1, .5, 0));
}

TEST_F(OffpolicyCsv, ReadsWholeDistributionsInAnyOrder) {
  const auto log = load(
      "action,x:age,propensity,target:a,target:b,reward,incumbent:b,incumbent:a,x:hour\n"
      "b,30,.5,.75,.25,1,.4,.6,12\n"
      "a,40,.5,1,0,0,0,1,13\n");
  ASSERT_TRUE(log) << log.error();
  EXPECT_EQ(log->rounds.features, 2u);
  EXPECT_THAT(log->rounds.context, ElementsAre(30, 12, 40, 13));
  EXPECT_THAT(log->target.distribution, ElementsAre(.75, .25, 1, 0));
  EXPECT_THAT(log->target.logged, ElementsAre(.25, 1));
  EXPECT_THAT(log->incumbent->distribution, ElementsAre(.6, .4, 1, 0));
  EXPECT_THAT(log->incumbent->logged, ElementsAre(.4, 1));
}

TEST_F(OffpolicyCsv, ReadsBids) {
  const auto log = load("action,propensity,reward,target_bid\n1.5,2.5,3,1.25\n");
  ASSERT_TRUE(log) << log.error();
  EXPECT_EQ(log->rounds.actions, 0u);
  EXPECT_THAT(log->rounds.bid, ElementsAre(1.5));
  EXPECT_THAT(log->rounds.propensity, ElementsAre(2.5));  // a density
  EXPECT_THAT(log->target.bid, ElementsAre(1.25));
}

TEST_F(OffpolicyCsv, ReadsSeveralFilesAsOneLog) {
  const std::vector<std::string> two{write("action,propensity,reward,target\na,1,1,1\n"),
                                     write("action,propensity,reward,target\nb,1,0,1\na,1,0,0\n")};
  const auto log = load_policy_csv(two);
  ASSERT_TRUE(log) << log.error();
  EXPECT_THAT(log->rounds.action, ElementsAre(0, 1, 0));
  const std::vector<std::string> unlike{two[0], write("action,reward,propensity,target\n")};
  EXPECT_THAT(load_policy_csv(unlike).error(), HasSubstr("header differs"));
}

TEST_F(OffpolicyCsv, FaultsNameLineAndColumn) {
  const std::string header = "action,propensity,reward,target\n";
  EXPECT_EQ(fault(header + "a,1,1,1\na,.5,x,1\n"), ":3: column 3 (reward): 'x' is not a number");
  EXPECT_EQ(fault(header + "a,1.5,0,1\n"), ":2: column 2 (propensity): '1.5' is not from 0 to 1");
  EXPECT_THAT(fault(header + "a,0,0,1\n"), HasSubstr(":2: column 2 (propensity): '0' is not above 0"));
  EXPECT_EQ(fault(header + "a,1,0,-.1\n"), ":2: column 4 (target): '-.1' is not from 0 to 1");
  EXPECT_EQ(fault(header + "a,1,nan,1\n"), ":2: column 3 (reward): 'nan' is not a number");
  EXPECT_EQ(fault(header + "a,1,0\n"), ":2: 3 columns, but the header has 4");
  EXPECT_EQ(fault(header), ": no rounds in it");
  EXPECT_EQ(fault(""), ": is empty");
  EXPECT_THAT(fault("action,propensity,target\na,1,1\n"), EndsWith("no column 'reward'"));
  EXPECT_THAT(fault("action,propensty,reward,target\n"), EndsWith("did you mean 'propensity'?"));
  EXPECT_THAT(fault("action,propensity,reward,target,target\n"), HasSubstr("there twice"));
  EXPECT_THAT(fault("action,propensity,reward\n"), HasSubstr("in one form"));
  EXPECT_THAT(fault("action,propensity,reward,target,incumbent_bid\n"),
              HasSubstr("in the form of the target"));
  EXPECT_THAT(fault("action,propensity,reward,target:a,incumbent:b\n"),
              HasSubstr("in the form of the target"));
  EXPECT_THAT(fault("action,propensity,reward,target:a,target:b\na,1,0,.5,.4\n"),
              HasSubstr(":2: columns 'target:a'"));
  EXPECT_THAT(fault("action,propensity,reward,target:a\nb,1,0,1\n"),
              HasSubstr(":2: column 1 (action): 'b' is not an action"));
}

TEST_F(OffpolicyCsv, ThePageOfTheFormatHoldsALogAndAFault) {
  const auto page =
      base::read_whole_file(std::string(BANDSTAND_SOURCE_DIR) + "/docs/formats/offpolicy-csv.md");
  ASSERT_TRUE(page);
  const auto begin = page->find("```\n") + 4;
  const auto log = load(page->substr(begin, page->find("```", begin) - begin));
  ASSERT_TRUE(log) << log.error();
  EXPECT_EQ(log->rounds.size(), 2u);
  EXPECT_EQ(log->rounds.actions, 2u);
  const std::string told = fault("action,propensity,reward,target\na,1,0,1\na,1.5,0,1\n");
  EXPECT_THAT(*page, HasSubstr("log.csv" + told));
}

TEST_F(OffpolicyCsv, AMissingFileIsNamed) {
  const std::vector<std::string> none{"/nowhere/log.csv"};
  EXPECT_THAT(load_policy_csv(none).error(), HasSubstr("/nowhere/log.csv: "));
}

}  // namespace
}  // namespace bandstand::learning
