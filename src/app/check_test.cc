// check_test: exit codes, all problems of both files, and a plan that is the orchestrator's own table.
#include "app/check.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "orchestrator/stage.h"

namespace bandstand::app {
namespace {

using testing::HasSubstr;

class Check : public testing::Test {
 protected:
  Check() {
    std::string name = (std::filesystem::temp_directory_path() / "bandstand-check-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~Check() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }
  int run(const CheckOptions& options) {
    out_.str("");
    err_.str("");
    return check(options, out_, err_);
  }

  std::string folder_;
  std::ostringstream out_, err_;
};

TEST_F(Check, TheDefaultsHold) {
  EXPECT_EQ(run({}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("token_life_s = 86400  # default"));
  EXPECT_EQ(err_.str(), "");
}

TEST_F(Check, NamesEveryProblemOfBothFilesWithItsPlace) {
  CheckOptions options;
  options.config = write("bandstand.toml", "shards = 0\nlisten = \"x\"\n");
  options.catalogue =
      write("catalogue.yaml", "advertisers: []\ncreatives: []\ncampaigns: [{id: 7}]\nline_items: []\n");
  EXPECT_EQ(run(options), 1);
  EXPECT_THAT(err_.str(), HasSubstr("bandstand.toml:1: shards: must be from 1 to 256"));
  EXPECT_THAT(err_.str(), HasSubstr("bandstand.toml:2: listen: "));
  EXPECT_THAT(err_.str(), HasSubstr("catalogue.yaml:3: campaigns[0].name: "));
}

TEST_F(Check, WhatCannotBeReadIsTwo) {
  CheckOptions options;
  options.config = folder_ + "/absent";
  EXPECT_EQ(run(options), 2);
  options.config.clear();
  options.catalogue = folder_ + "/absent";
  EXPECT_EQ(run(options), 2);
}

TEST_F(Check, ThePlanIsTheStageTableWithWhoSitsWhere) {
  CheckOptions options;
  options.config = write("bandstand.toml",
                         "[policies]\nbid_challenger = \"linear\"\nbid_challenger_mode = \"percent\"\n"
                         "bid_challenger_percent = 10\n");
  options.plan = true;
  options.json = true;
  ASSERT_EQ(run(options), 0);
  const auto plan = nlohmann::json::parse(out_.str()).at("plan");
  ASSERT_EQ(plan.size(), orchestrator::kStageTable.size());
  for (std::size_t i = 0; i < plan.size(); ++i)
    EXPECT_EQ(plan[i].at("stage"), name_of(orchestrator::kStageTable[i].stage));
  const auto& bid = plan.at(static_cast<std::size_t>(domain::Stage::bid));
  EXPECT_EQ(bid.at("policy"), "bid.shaded");
  EXPECT_EQ(bid.at("rollout"), "bid.linear 10%");
  options.json = false;
  ASSERT_EQ(run(options), 0);
  EXPECT_THAT(out_.str(), HasSubstr("bid.linear 10%"));
}

}  // namespace
}  // namespace bandstand::app
