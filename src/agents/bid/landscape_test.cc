// landscape_test: the law of market prices, its queries and its recovery from censored observations.
#include "agents/bid/landscape.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "agents/bid/landscape_estimator.h"
#include "base/rng.h"

namespace bandstand::agents::bid {
namespace {

/// A law with a spike, as exchanges with floors have: a quarter at 30, the rest exponential-like.
std::vector<double> spiky_law(int bins = 101) {
  std::vector<double> mass(static_cast<std::size_t>(bins));
  double sum = 0;
  for (std::size_t z = 1; z < mass.size(); ++z) sum += mass[z] = std::exp(-static_cast<double>(z) / 25);
  for (double& m : mass) m *= 0.75 / sum;
  mass[30] += 0.25;
  return mass;
}

std::int64_t draw(const Landscape& law, base::Rng& rng) {
  const double u = rng.uniform();
  for (int k = 0; k < law.grid().size(); ++k) {
    if (u < law.win_probability_of_bin(k)) return law.grid().upper(k);
  }
  return law.grid().upper(law.grid().size() - 1);
}

double largest_gap(const Landscape& a, const Landscape& b, int up_to) {
  double gap = 0;
  for (int k = 0; k <= up_to; ++k) {
    gap = std::max(gap, std::abs(a.win_probability_of_bin(k) - b.win_probability_of_bin(k)));
  }
  return gap;
}

TEST(PriceGrid, PutsAPriceIntoTheBinWhoseBidBeatsIt) {
  const PriceGrid grids[] = {PriceGrid::linear(1, 301), PriceGrid::linear(10, 40), PriceGrid::geometric(10, 1.05, 120)};
  for (const PriceGrid& grid : grids) {
    for (std::int64_t price = 0; price <= grid.upper(grid.size() - 1); ++price) {
      const int bin = grid.bin_of(price);
      EXPECT_GE(grid.upper(bin), price);
      if (bin > 0) {
        EXPECT_LT(grid.upper(bin - 1), price);
      }
      EXPECT_EQ(grid.beaten_by(grid.upper(bin)), bin);
    }
    EXPECT_EQ(grid.bin_of(1'000'000'000), grid.size() - 1);
    EXPECT_EQ(grid.beaten_by(1'000'000'000), grid.size() - 1);
    EXPECT_EQ(grid.beaten_by(-1), -1);
  }
}

TEST(Landscape, SumsChancesAndCostsUpToTheBid) {
  const Landscape law(PriceGrid::linear(10, 4), std::vector<double>{1, 1, 0, 2});
  EXPECT_DOUBLE_EQ(law.win_probability(0), 0.25);
  EXPECT_DOUBLE_EQ(law.win_probability(19), 0.5);
  EXPECT_DOUBLE_EQ(law.win_probability(30), 1);
  EXPECT_DOUBLE_EQ(law.win_probability(-1), 0);
  EXPECT_DOUBLE_EQ(law.expected_cost(19), 2.5);
  EXPECT_DOUBLE_EQ(law.mean_price(), 17.5);
}

TEST(Landscape, ShadingIsTheBestOfAllBidsAndBeatsTruth) {
  const Landscape law(PriceGrid::linear(1, 101), spiky_law());
  for (const double value : {5.0, 20.0, 31.0, 45.0, 90.0, 200.0}) {
    const ShadedBid best = law.best_first_price_bid(value);
    for (std::int64_t bid = 0; bid <= 100; ++bid) {
      EXPECT_GE(best.surplus, (value - static_cast<double>(bid)) * law.win_probability(bid) - 1e-12);
    }
    const auto truthful = static_cast<std::int64_t>(value);
    EXPECT_GT(best.surplus, 2 * (value - static_cast<double>(truthful)) * law.win_probability(truthful));
    EXPECT_LT(static_cast<double>(best.bid), value);
  }
}

TEST(Landscape, NeverBidsBelowTheFloorNorAtOrAboveTheValue) {
  const Landscape law(PriceGrid::geometric(10, 1.1, 50), std::vector<double>(50, 1.0));
  const ShadedBid bid = law.best_first_price_bid(500, 333);
  EXPECT_GE(bid.bid, 333);
  EXPECT_LT(bid.bid, 500);
  EXPECT_EQ(law.best_first_price_bid(333, 333).bid, 0);
  EXPECT_EQ(law.best_first_price_bid(-1).bid, 0);
  EXPECT_EQ(law.best_first_price_bid(std::nan("")).bid, 0);
}

TEST(LandscapeEstimator, RecoversAKnownLawFromCensoredSecondPriceAuctions) {
  const Landscape truth(PriceGrid::linear(1, 101), spiky_law());
  LandscapeEstimator learner(truth.grid(), {}, {.decay = 1, .prior_weight = 1});
  LandscapeEstimator naive(truth.grid(), {}, {.decay = 1, .prior_weight = 1});
  base::Rng rng(1);
  for (int i = 0; i < 60'000; ++i) {
    const std::int64_t price = draw(truth, rng);
    const auto bid = static_cast<std::int64_t>(rng.below(60));
    if (bid >= price) {
      learner.observe_price(price);
      naive.observe_price(price);
    } else {
      learner.observe_loss(bid);
    }
  }
  EXPECT_LT(largest_gap(learner.estimate(), truth, 55), 0.01);
  EXPECT_GT(largest_gap(naive.estimate(), truth, 55), 0.15);  // what ignoring the losses would believe
}

TEST(LandscapeEstimator, RecoversAKnownLawWhenWinsHideThePrice) {
  const Landscape truth(PriceGrid::linear(1, 101), spiky_law());
  LandscapeEstimator learner(truth.grid(), {}, {.decay = 1, .prior_weight = 1, .passes = 300});
  base::Rng rng(2);
  for (int i = 0; i < 200'000; ++i) {
    const std::int64_t price = draw(truth, rng);
    const auto bid = static_cast<std::int64_t>(rng.below(100));
    bid >= price ? learner.observe_win(bid) : learner.observe_loss(bid);
  }
  const Landscape estimate = learner.estimate();
  EXPECT_LT(largest_gap(estimate, truth, 28), 0.05);  // win or lose alone blurs a spike's place by a few bins
  for (const int k : {10, 20, 40, 50, 70}) {
    EXPECT_NEAR(estimate.win_probability_of_bin(k), truth.win_probability_of_bin(k), 0.03) << k;
  }
}

TEST(LandscapeEstimator, ForgetsByWindowsAndFollowsAPriceShock) {
  LandscapeEstimator learner(PriceGrid::linear(1, 101), {}, {.decay = 0.8, .prior_weight = 5});
  base::Rng rng(3);
  const auto window = [&](std::int64_t price) {
    for (int i = 0; i < 200; ++i) {
      const auto bid = static_cast<std::int64_t>(rng.below(101));
      bid >= price ? learner.observe_price(price) : learner.observe_loss(bid);
    }
    learner.decay();
  };
  for (int k = 0; k < 30; ++k) window(40);
  EXPECT_NEAR(learner.estimate().mean_price(), 40, 1);
  EXPECT_NEAR(learner.weight(), 200 * 0.8 / (1 - 0.8), 2);
  for (int k = 0; k < 5; ++k) window(64);
  const Landscape after = learner.estimate();
  EXPECT_GT(after.mean_price(), 55);
  for (int k = 0; k < 15; ++k) window(64);
  EXPECT_NEAR(learner.estimate().mean_price(), 64, 1);
}

TEST(LandscapeEstimator, StartsFromItsPriorAndLeavesItWithData) {
  std::vector<double> prior(101);
  prior[50] = 1;
  LandscapeEstimator learner(PriceGrid::linear(1, 101), prior, {.decay = 1, .prior_weight = 10});
  EXPECT_DOUBLE_EQ(learner.estimate().mean_price(), 50);
  for (int i = 0; i < 990; ++i) learner.observe_price(10);
  EXPECT_NEAR(learner.estimate().mean_price(), 10.4, 1e-9);
}

TEST(LandscapeEstimator, PutsLossesAboveAllThatWasSeenIntoTheLastBin) {
  std::vector<double> prior(101);
  prior[5] = 1;
  LandscapeEstimator learner(PriceGrid::linear(1, 101), prior, {.decay = 1, .prior_weight = 1});
  learner.observe_loss(60, 1);
  learner.observe_loss(500, 1);
  const Landscape estimate = learner.estimate();
  EXPECT_NEAR(estimate.mass(5), 1.0 / 3, 1e-12);
  EXPECT_NEAR(estimate.mass(100), 2.0 / 3, 1e-12);
}

}  // namespace
}  // namespace bandstand::agents::bid
