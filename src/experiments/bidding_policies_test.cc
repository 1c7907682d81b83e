// bidding_policies_test: the formulas, the optimum, and the market's rules.
#include "experiments/bidding_policies.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "experiments/bidding_replay.h"

namespace bandstand::experiments {
namespace {

class Fixed final : public Bidder {
 public:
  explicit Fixed(std::int64_t bid) : bid_(bid) {}
  std::int64_t bid(const BidSituation&) override { return bid_; }

 private:
  std::int64_t bid_;
};

TEST(Replay, StartsBudgetAndCounterAnewAndCapsTheBidAtWhatIsLeft) {
  const std::vector<RecordedAuction> auctions = {
      {0.1, 30, true}, {0.2, 30, false}, {0.3, 15, true}, {0.4, 10, false}, {0.5, 10, true}};
  Fixed bidder(30);
  const auto episodes = replay_episodes(auctions, 3, 50, Ties::win, bidder);
  ASSERT_EQ(episodes.size(), 2u);
  EXPECT_EQ(episodes[0].impressions, 2);  // 30, then the second 30 is out of reach of 20, then 15
  EXPECT_EQ(episodes[0].cost, 45);
  EXPECT_EQ(episodes[0].clicks, 2);
  EXPECT_DOUBLE_EQ(episodes[0].expected_clicks, 0.4);
  EXPECT_EQ(episodes[1].auctions, 2);
  EXPECT_EQ(episodes[1].cost, 20);
  Fixed same(30);
  EXPECT_EQ(total_of(replay_episodes(auctions, 3, 50, Ties::lose, same)).cost,
            35);  // 30 no longer wins at 30
}

TEST(Knapsack, TakesByValuePerPriceWhileItFitsAndNamesTheMultiplier) {
  const std::vector<RecordedAuction> auctions = {
      {0.5, 100, true}, {0.4, 50, false}, {0.1, 0, true}, {0.3, 40, false}, {0.05, 10, false}};
  double mu = 0;
  const EpisodeResult best = knapsack(auctions, 100, &mu);
  EXPECT_EQ(best.cost, 100);  // the free one, 50, 40, then 10; the 100 no longer fits
  EXPECT_EQ(best.impressions, 4);
  EXPECT_DOUBLE_EQ(best.expected_clicks, 0.85);
  EXPECT_DOUBLE_EQ(mu, 0.05 / 10);
}

TEST(Ortb, BidsMaximiseValueMinusCostUnderTheirWinCurve) {
  // ORTB1 and ORTB2 solve max over b of theta w(b) - lambda b w(b) (first-order condition, Zhang et al.
  // 2014).
  const double theta = 0.004;
  const double lambda = 4e-5;
  for (const double c : {20.0, 60.0}) {
    const auto surplus1 = [&](double b) { return (theta - lambda * b) * b / (c + b); };
    const auto surplus2 = [&](double b) { return (theta - lambda * b) * b * b / (c * c + b * b); };
    const double b1 = ortb1_bid(theta, c, lambda);
    const double b2 = ortb2_bid(theta, c, lambda);
    for (const double step : {-1.0, 1.0}) {
      EXPECT_GT(surplus1(b1), surplus1(b1 + step));
      EXPECT_GT(surplus2(b2), surplus2(b2 + step));
    }
  }
}

TEST(Ortb, FitsTheScaleOfAWinCurveThatHasItsForm) {
  for (const int power : {1, 2}) {
    std::vector<double> mass(kPriceMax + 1);
    double before = 0;
    for (int b = 0; b <= kPriceMax; ++b) {
      const double win = std::pow(b, power) / (std::pow(40, power) + std::pow(b, power));
      mass[static_cast<std::size_t>(b)] = win - before;
      before = win;
    }
    mass[kPriceMax] += 1 - before;
    const agents::bid::Landscape law(agents::bid::PriceGrid::linear(1, kPriceMax + 1), mass);
    EXPECT_NEAR(fit_ortb_c(law, power), 40, 0.5);
  }
}

TEST(BudgetBid, IsTheLargestThatTheBudgetAffords) {
  const agents::bid::Landscape law(agents::bid::PriceGrid::linear(1, kPriceMax + 1),
                                   std::vector<double>(kPriceMax + 1, 1.0));
  const std::int64_t bid = budget_bid(law, 10);
  EXPECT_LE(law.expected_cost(bid), 10);
  EXPECT_GT(law.expected_cost(bid + 1), 10);
  EXPECT_EQ(budget_bid(law, 0), 1);
  EXPECT_EQ(budget_bid(law, 1e9), kPriceMax);
}

TEST(Policies, AllHaveABidderAndTheSameSeedGivesTheSameBids) {
  CampaignInfo info;
  info.impressions = 301;
  info.clicks = 2;
  info.cost = 45'150;
  info.price_counts.fill(1);
  const std::vector<double> mass = info.price_law();
  const agents::bid::Landscape law(agents::bid::PriceGrid::linear(1, kPriceMax + 1), mass);
  const RlbTable table(mass, info.theta_mean(), 100, 1800);
  std::vector<RecordedAuction> auctions;
  base::Rng rng(3);
  for (int i = 0; i < 400; ++i) {
    auctions.push_back({0.01 * rng.uniform(), static_cast<std::int32_t>(rng.below(301)), rng.chance(0.01)});
  }
  const PolicySetup setup{&info, &law, 1800, 100, 50, &table, auctions, 7};
  for (const std::string& name : bidder_names()) {
    EpisodeResult results[2];
    for (EpisodeResult& result : results) {
      const auto bidder = make_bidder(name, setup);
      ASSERT_NE(bidder, nullptr) << name;
      const auto episodes = replay_episodes(auctions, 100, 1800, Ties::win, *bidder);
      for (const EpisodeResult& episode : episodes) EXPECT_LE(episode.cost, 1800) << name;
      result = total_of(episodes);
    }
    EXPECT_GT(results[0].impressions, 0) << name;
    EXPECT_EQ(results[0].cost, results[1].cost) << name;
    EXPECT_EQ(results[0].expected_clicks, results[1].expected_clicks) << name;
    EXPECT_LE(results[0].expected_clicks,
              total_of(replay_clairvoyant(auctions, 100, 1800)).expected_clicks + 0.01)
        << name;
  }
  EXPECT_EQ(make_bidder("nobody", setup), nullptr);
}

}  // namespace
}  // namespace bandstand::experiments
