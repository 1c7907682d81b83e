// replay_bidding_test: the verb's columns, its forms of output and its complaints, on a small made-up
// campaign.
#include "experiments/replay_bidding.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/rng.h"

namespace bandstand::experiments {
namespace {

struct Answer {
  int code;
  std::string out;
  std::string err;
};

Answer ask(const ReplayBiddingOptions& options) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = replay_bidding(options, out, err);
  return {code, out.str(), err.str()};
}

/// 3,000 auctions of a made-up campaign: log-normal prices, a rate that varies by a factor of ten.
class ReplayBidding : public testing::Test {
 protected:
  void SetUp() override {
    base::Rng rng(11);
    nlohmann::json info = {
        {"imp_train", 3000}, {"clk_train", 15}, {"price_counter_train", std::vector<int>(301)}};
    std::int64_t cost = 0;
    for (int i = 0; i < 6000; ++i) {
      const auto price = std::min<std::int64_t>(300, std::llround(50 * std::exp(0.7 * rng.normal())));
      if (i % 2 == 0) {
        auto& count = info["price_counter_train"][static_cast<std::size_t>(price)];
        count = count.get<int>() + 1;
        cost += price;
      } else {
        const double theta = 0.005 * std::exp(0.8 * rng.normal());
        auctions_ += std::string(rng.chance(theta) ? "1 " : "0 ") + std::to_string(price) + " " +
                     std::to_string(theta) + "\n";
      }
    }
    info["cost_train"] = cost;
    const std::string stem =
        testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name();
    options_.info = stem + ".json";
    options_.auctions = stem + ".txt";
    std::ofstream(options_.info) << info;
    std::ofstream(options_.auctions) << auctions_;
    options_.budget = "1/8,0.25";
    options_.episode = 500;
    options_.format = TableFormat::tsv;
  }
  ReplayBiddingOptions options_;
  std::string auctions_;
};

TEST_F(ReplayBidding, PrintsARowForEachPolicyAndBudget) {
  const Answer answer = ask(options_);
  ASSERT_EQ(answer.code, 0) << answer.err;
  std::istringstream lines(answer.out);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, "policy\tbudget\tauctions\timpressions\tclicks\tcost\texpected_clicks\tratio");
  int rows = 0;
  std::string clairvoyant;
  while (std::getline(lines, line)) {
    ++rows;
    if (line.starts_with("clairvoyant\t1/8")) clairvoyant = line;
  }
  EXPECT_EQ(rows, 2 * 16);
  EXPECT_TRUE(clairvoyant.ends_with("\t1.0000")) << clairvoyant;
  EXPECT_EQ(ask(options_).out, answer.out);
}

TEST_F(ReplayBidding, AddsIntervalsAndSumsOnRequest) {
  options_.policies = "mpc,lin";
  options_.bootstrap = 200;
  options_.format = TableFormat::json;
  const Answer answer = ask(options_);
  ASSERT_EQ(answer.code, 0) << answer.err;
  const auto rows = nlohmann::json::parse(answer.out);
  ASSERT_EQ(rows.size(), 6u);  // two budgets and their sum, two policies
  EXPECT_EQ(rows[4]["budget"], "all");
  EXPECT_EQ(rows[4]["clicks"].get<int>(), rows[0]["clicks"].get<int>() + rows[2]["clicks"].get<int>());
  EXPECT_EQ(rows[5]["clicks_vs_lin"], 0);
  EXPECT_LE(rows[4]["low"].get<int>(), rows[4]["clicks_vs_lin"].get<int>());
  EXPECT_GE(rows[4]["high"].get<int>(), rows[4]["clicks_vs_lin"].get<int>());
}

TEST_F(ReplayBidding, TiesAreAParameter) {
  options_.policies = "const";
  const std::string winning = ask(options_).out;
  options_.ties = "lose";
  const std::string losing = ask(options_).out;
  EXPECT_NE(winning, losing);
}

TEST_F(ReplayBidding, RunsADayFromEveryStartInEveryCondition) {
  options_.protocol = "day";
  options_.budget = "1/4";
  options_.policies = "log_pi,mpc_pi,throttle";
  const Answer answer = ask(options_);
  ASSERT_EQ(answer.code, 0) << answer.err;
  EXPECT_EQ(std::count(answer.out.begin(), answer.out.end(), '\n'), 1 + 3 * ((9 + 1) + (3 + 1) + (3 + 1)));
}

TEST_F(ReplayBidding, EndsWithTwoAndNamesTheProblem) {
  const auto complaint = [&](auto change) {
    ReplayBiddingOptions options = options_;
    change(options);
    const Answer answer = ask(options);
    EXPECT_EQ(answer.code, 2);
    EXPECT_EQ(answer.out, "");
    return answer.err;
  };
  EXPECT_NE(complaint([](auto& o) { o.protocol = "magic"; }).find("--protocol: 'magic'"), std::string::npos);
  EXPECT_NE(complaint([](auto& o) { o.info = ""; }).find("--info is required"), std::string::npos);
  EXPECT_NE(complaint([](auto& o) { o.auctions = ""; }).find("--auctions is required"), std::string::npos);
  EXPECT_NE(complaint([](auto& o) { o.auctions = "gone.txt"; }).find("gone.txt: input: no such file"),
            std::string::npos);
  EXPECT_NE(complaint([](auto& o) { o.ties = "maybe"; }).find("--ties: 'maybe'"), std::string::npos);
  EXPECT_NE(complaint([](auto& o) { o.episode = 0; }).find("--episode"), std::string::npos);
  EXPECT_NE(complaint([](auto& o) { o.lin_b0 = o.info; }).find("no object for campaign 'EndsWithTwo"),
            std::string::npos);
  EXPECT_NE(complaint([](auto& o) { o.protocol = "sam"; }).find("--train is required"), std::string::npos);
  std::ofstream(options_.auctions, std::ios::app) << "0 7\n";
  EXPECT_NE(complaint([](auto&) {}).find(".txt:3001: field 3 (pctr)"), std::string::npos);
}

}  // namespace
}  // namespace bandstand::experiments
