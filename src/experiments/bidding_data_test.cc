// bidding_data_test: what is wrong with an input is told with file, line and field.
#include "experiments/bidding_data.h"

#include <gtest/gtest.h>

#include <fstream>

#include "experiments/statistics.h"
#include "experiments/test_data.h"

namespace bandstand::experiments {
namespace {

std::string file_with(const std::string& text) {
  const std::string path = testing::TempDir() +
                           testing::UnitTest::GetInstance()->current_test_info()->name() +
                           std::string(".txt");
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

std::string info_json(const std::string& counts, int impressions) {
  return "{\"imp_train\": " + std::to_string(impressions) +
         ", \"clk_train\": 2, \"cost_train\": 50,\n\"price_counter_train\": [" + counts + "]}";
}

std::string counts(int first) {
  std::string text = std::to_string(first);
  for (int i = 1; i <= kPriceMax; ++i) text += ",0";
  return text;
}

TEST(BiddingData, ReadsAuctionsWithSpacesOrTabsAndMoreColumns) {
  const auto auctions = load_auctions(file_with("0 70 0.5\r\n1\t6\t3.5e-3\t14\n"));
  ASSERT_TRUE(auctions) << auctions.error();
  ASSERT_EQ(auctions->size(), 2u);
  EXPECT_EQ((*auctions)[0].price, 70);
  EXPECT_FALSE((*auctions)[0].click);
  EXPECT_TRUE((*auctions)[1].click);
  EXPECT_DOUBLE_EQ((*auctions)[1].theta, 3.5e-3);
}

TEST(BiddingData, NamesLineAndFieldOfABadAuction) {
  const auto complaint = [](const std::string& text) {
    const std::string path = file_with(text);
    const auto auctions = load_auctions(path);
    EXPECT_FALSE(auctions);
    return auctions ? "" : auctions.error().substr(path.size());
  };
  EXPECT_EQ(complaint("0 1 0.1\n2 1 0.1\n"), ":2: field 1 (click): '2' is not 0 or 1");
  EXPECT_EQ(complaint("0 1 0.1\n1 1 0.1\n0 301 0.1\n"),
            ":3: field 2 (price): '301' is not an integer from 0 to 300");
  EXPECT_EQ(complaint("0 1.5 0.1\n"), ":1: field 2 (price): '1.5' is not an integer from 0 to 300");
  EXPECT_EQ(complaint("0 1 nan\n"), ":1: field 3 (pctr): 'nan' is not a number from 0 to 1");
  EXPECT_EQ(complaint("0 1\n"), ":1: field 3 (pctr): '' is not a number from 0 to 1");
  EXPECT_EQ(complaint(""), ": no auctions in it");
  EXPECT_EQ(load_auctions("no/such.file").error(), "no/such.file: input: no such file");
}

TEST(BiddingData, ChecksTheCampaignFileFieldByField) {
  const auto complaint = [](const std::string& text) {
    const std::string path = file_with(text);
    const auto info = load_campaign_info(path);
    EXPECT_FALSE(info);
    return info ? "" : info.error().substr(path.size());
  };
  const auto info = load_campaign_info(file_with(info_json(counts(10), 10)));
  ASSERT_TRUE(info) << info.error();
  EXPECT_DOUBLE_EQ(info->theta_mean(), 0.2);
  EXPECT_DOUBLE_EQ(info->price_law()[0], 11.0 / 311);
  EXPECT_EQ(complaint("{\n\"imp_train\": 1,\n oops"), ":3: not valid JSON");
  EXPECT_EQ(complaint("[]"), ": expected a JSON object");
  EXPECT_EQ(complaint("{}"), ": field 'imp_train' is missing");
  EXPECT_EQ(complaint("{\"imp_train\": -1}"), ": field 'imp_train': expected an integer of at least 0");
  EXPECT_EQ(complaint(info_json("1,2", 3)), ": field 'price_counter_train': expected an array of 301 counts");
  EXPECT_EQ(complaint(info_json(counts(10), 11)),
            ": field 'price_counter_train': its sum is 10, but imp_train is 11");
}

TEST(BiddingData, ReadsTheTunedBidsOfOneCampaign) {
  const std::string path =
      file_with(R"({"7": {"0.5": {"b0": 130, "best_obj": 1}, "0.03125": {"b0": 10}}, "8": {"x": {}}})");
  const auto tuned = load_lin_tuning(path, "7");
  ASSERT_TRUE(tuned) << tuned.error();
  EXPECT_EQ(tuned->at(0.5), 130);
  EXPECT_EQ(tuned->at(0.03125), 10);
  EXPECT_EQ(load_lin_tuning(path, "9").error(), path + ": no object for campaign '9'");
  EXPECT_EQ(load_lin_tuning(path, "8").error(), path + ": 8: 'x' is not a budget share");
}

TEST(BiddingData, HasThePublishedAreaUnderTheCurveOnCampaign2997) {
  BANDSTAND_NEEDS_DATA("ipinyou_rlb/2997.test.theta.txt.xz");
  const auto auctions = load_auctions(test_data("ipinyou_rlb/2997.test.theta.txt.xz"));
  ASSERT_TRUE(auctions) << auctions.error();
  std::vector<double> scores;
  std::vector<std::uint8_t> clicks;
  for (const RecordedAuction& auction : *auctions) {
    scores.push_back(auction.theta);
    clicks.push_back(auction.click ? 1 : 0);
  }
  EXPECT_EQ(auctions->size(), 156'063u);
  EXPECT_EQ(std::count(clicks.begin(), clicks.end(), 1), 530);
  EXPECT_NEAR(area_under_roc(scores, clicks), 0.6044, 0.00005);  // printed: 60.44 %
}

}  // namespace
}  // namespace bandstand::experiments
