// protocol_shading_test: shading earns most of what can be earned where truth earns next to nothing.
#include "experiments/protocol_shading.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <map>

#include "experiments/test_data.h"

namespace bandstand::experiments {
namespace {

TEST(ShadingProtocol, BeatsTruthfulBiddingAndComesNearTheBestConstantOfHindsight) {
  BANDSTAND_NEEDS_DATA("ipinyou_rlb/2997.test.theta.txt.xz");
  const auto info = load_campaign_info(test_data("ipinyou_rlb/info/2997.json"));
  const auto auctions = load_auctions(test_data("ipinyou_rlb/2997.test.theta.txt.xz"));
  ASSERT_TRUE(info && auctions);
  std::map<std::string, std::map<double, double>> share;
  for (const ShadingRow& row : run_shading_protocol(*info, *auctions, 1)) {
    share[row.policy][row.value_factor] = row.surplus_share;
  }
  // Reference figures: truthful .026 .014 .009 .109, best constant .656 .563 .569 .675, empirical .617 .549
  // .559 .649.
  const std::map<double, std::array<double, 3>> reference = {
      {0.5, {.026, .656, .617}}, {1, {.014, .563, .549}}, {2, {.009, .569, .559}}, {4, {.109, .675, .649}}};
  for (const auto& [value, expected] : reference) {
    EXPECT_NEAR(share["truthful"][value], expected[0], 0.003) << value;
    EXPECT_NEAR(share["best_factor"][value], expected[1], 0.003) << value;
    EXPECT_NEAR(share["empirical"][value], expected[2], 0.003) << value;
    for (const char* policy : {"empirical", "log_normal", "log_logistic", "online_notices", "online_blind"}) {
      EXPECT_GT(share[policy][value], 4 * share["truthful"][value]) << policy << " " << value;
      EXPECT_GT(share[policy][value], 0.75 * share["best_factor"][value]) << policy << " " << value;
    }
    EXPECT_GE(share["context_notices"][value], share["best_factor"][value]) << value;
    EXPECT_GT(share["context_blind"][value], 0.9 * share["best_factor"][value]) << value;
  }
}

TEST(ShadingProtocol, FeaturesEarnMoreThanTheBestConstantOfHindsight) {
  BANDSTAND_NEEDS_DATA("ipinyou_winloss/2259.test.yzx.demo.txt.xz");
  const auto data = load_featured_auctions(test_data("ipinyou_winloss/2259.test.yzx.demo.txt.xz"));
  ASSERT_TRUE(data) << data.error();
  ASSERT_EQ(data->auctions.size(), 20'000u);
  std::map<std::string, std::map<double, double>> share;
  for (const ShadingRow& row : run_shading_features(*data, 1, 2))
    share[row.policy][row.value_factor] = row.surplus_share;
  for (const double value : {0.5, 1.0, 2.0, 4.0}) {
    EXPECT_GT(share["context_notices"][value], share["best_factor"][value]) << value;
    EXPECT_GT(share["context_notices"][value], share["online_notices"][value]) << value;
  }
}

TEST(ShadingProtocol, SaysWhereFeaturesAreWrong) {
  const std::string path = testing::TempDir() + "featured.txt";
  std::ofstream(path) << "0 12 7:1 9:1\n1 301 7:1\n";
  const auto bad = load_featured_auctions(path);
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().find(":2: field 2 (price)"), std::string::npos);
  std::ofstream(path) << "0 12 7:1 9:1\n1 30 9:1 x\n";
  EXPECT_FALSE(load_featured_auctions(path));
  std::ofstream(path) << "0 12 7:1 9:1\n1 30 9:1\n";
  const auto good = load_featured_auctions(path);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->features, 2u);
  EXPECT_EQ(good->auctions[1].features, std::vector<std::uint32_t>{1});
}

}  // namespace
}  // namespace bandstand::experiments
