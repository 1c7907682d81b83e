// win_model_test: the context model learns its market and shades well in it.
#include "agents/bid/win_model.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "base/rng.h"

namespace bandstand::agents::bid {
namespace {

TEST(WinModel, ShadesToTheRootOfTheFirstOrderCondition) {
  for (const double k : {0.5, 1.0, 3.0, 12.0}) {
    for (const double median : {1.0, 30.0, 4e6}) {
      for (const double over : {0.01, 0.3, 1.0, 5.0, 1000.0}) {
        const double value = median * over;
        const double eta = -k * std::log(median);
        const double bid = shade_log_logistic(value, eta, k);
        const double win = 1 / (1 + std::exp(-(eta + k * std::log(bid))));
        EXPECT_NEAR(bid * (1 + 1 / (k * (1 - win))) / value, 1, 1e-6) << k << " " << median << " " << over;
      }
    }
  }
  EXPECT_EQ(shade_log_logistic(0, 0, 2), 0);
  EXPECT_EQ(shade_log_logistic(-3, 0, 2), 0);
}

/// Log-logistic prices whose median depends on one binary feature.
double draw(base::Rng& rng, double median, double k) {
  const double u = rng.uniform();
  return median * std::pow((u + 1e-12) / (1 - u), 1 / k);
}

TEST(WinModel, LearnsTheMarketFromCensoredAuctionsAndBeatsTruthInIt) {
  WinModel model(2, 50, {});
  base::Rng rng(5);
  const double k = 3;
  const auto median_of = [](bool premium) { return premium ? 80.0 : 20.0; };
  for (int i = 0; i < 40'000; ++i) {
    const bool premium = rng.chance(0.3);
    const std::array<double, 2> x{1, premium ? 1.0 : 0.0};
    const double price = draw(rng, median_of(premium), k);
    const double bid = 5 + 150 * rng.uniform();
    if (bid < price) {
      model.observe_loss(x, bid);
    } else if (i % 2 == 0) {
      model.observe_win(x, bid);
    } else {
      model.observe_price(x, price);
    }
  }
  EXPECT_NEAR(model.k(), k, 0.2);
  const std::array<double, 2> plain{1, 0};
  const std::array<double, 2> premium{1, 1};
  EXPECT_NEAR(model.win_probability(plain, 20), 0.5, 0.04);
  EXPECT_NEAR(model.win_probability(premium, 80), 0.5, 0.04);
  EXPECT_EQ(model.win_probability(plain, 0), 0);

  double shaded = 0;
  double truthful = 0;
  double clairvoyant = 0;
  for (int i = 0; i < 20'000; ++i) {
    const bool is_premium = rng.chance(0.3);
    const double value = 60;
    const double price = draw(rng, median_of(is_premium), k);
    const double bid = model.best_first_price_bid(is_premium ? premium : plain, value);
    if (bid >= price) shaded += value - bid;
    if (0.98 * value >= price) truthful += 0.02 * value;
    clairvoyant += std::max(0.0, value - price);
  }
  EXPECT_GT(shaded, 5 * truthful);
  EXPECT_GT(shaded, 0.45 * clairvoyant);
}

}  // namespace
}  // namespace bandstand::agents::bid
