// train_bid_test: what the verb writes is what serving reads, and wrong options are named.
#include "app/train_bid.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "agents/bid/control_policy.h"
#include "base/rng.h"

namespace bandstand::app {
namespace {

class TrainBid : public testing::Test {
 protected:
  void SetUp() override {
    base::Rng rng(1);
    std::ofstream auctions(options_.auctions);
    std::vector<int> counts(301);
    std::int64_t cost = 0;
    for (int i = 0; i < 3000; ++i) {
      const auto price = static_cast<int>(1 + rng.below(200));
      ++counts[static_cast<std::size_t>(price)];
      cost += price;
      auctions << "0 " << price << ' ' << 0.001 * (1 + rng.uniform()) << '\n';
    }
    std::ofstream info(options_.info);
    info << R"({"imp_train":3000,"clk_train":5,"cost_train":)" << cost << R"(,"price_counter_train":[)";
    for (std::size_t i = 0; i < counts.size(); ++i) info << (i == 0 ? "" : ",") << counts[i];
    info << "]}";
  }
  int run() {
    out_.str("");
    err_.str("");
    return train_bid(options_, out_, err_);
  }
  TrainBidOptions options_{.info = testing::TempDir() + "train_bid.json",
                           .auctions = testing::TempDir() + "train_bid.txt",
                           .out = testing::TempDir() + "train_bid.safetensors",
                           .days = 3,
                           .day = 1000};
  std::ostringstream out_, err_;
};

TEST_F(TrainBid, WritesAModelThatServingReads) {
  for (const auto& [method, kind] : {std::pair{"mpc_pi_residual", "bid.residual"}, std::pair{"dqn", "bid.dqn"}}) {
    options_.method = method;
    ASSERT_EQ(run(), 0) << err_.str();
    const auto file = model::read_model(options_.out);
    ASSERT_TRUE(file);
    EXPECT_EQ(file->kind, kind);
    EXPECT_NE(file->training.find("data_xxh64"), std::string::npos);
    const auto policy = agents::bid::ControlPolicy::from(*file, kind);
    ASSERT_TRUE(policy) << policy.error().what;
    EXPECT_LE(std::abs((*policy)->step({})), 1);
  }
}

TEST_F(TrainBid, NamesWhatIsWrong) {
  options_.method = "magic";
  EXPECT_EQ(run(), 2);
  EXPECT_NE(err_.str().find("no method 'magic'"), std::string::npos);
  options_.method = "dqn";
  options_.first = 0;
  EXPECT_EQ(run(), 2);
  options_.first = 1;
  options_.auctions += ".gone";
  EXPECT_EQ(run(), 1);
}

}  // namespace
}  // namespace bandstand::app
