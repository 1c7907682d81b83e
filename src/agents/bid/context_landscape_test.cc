// context_landscape_test: the shift is found from prices, from wins and losses alone, and earns what one law leaves.
#include "agents/bid/context_landscape.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "base/rng.h"

namespace bandstand::agents::bid {
namespace {

/// Two kinds of auctions: prices log-logistic with median 40 or 90.
std::int64_t draw_price(std::uint32_t kind, base::Rng& rng) {
  const double u = rng.uniform();
  return static_cast<std::int64_t>((kind == 0 ? 40.0 : 90.0) * std::pow(u / (1 - u), 0.25));
}

PriceGrid grid() { return PriceGrid::linear(1, 301); }

/// `by_cell`: the kinds are cells; else features of one cell.
PriceContext context_of(const std::array<std::uint32_t, 1>& kind, bool by_cell) {
  return by_cell ? PriceContext{kind[0], {}} : PriceContext{0, kind};
}

ContextLandscape learned(bool prices, bool by_cell) {
  ContextLandscapeLearner learner(grid(), by_cell ? 2 : 1, 2,
                                  {.cell = {.decay = 1, .prior_weight = 5}, .learning_rate = 0.1, .l2 = 0});
  base::Rng rng(5);
  for (int i = 0; i < 40'000; ++i) {
    const std::array<std::uint32_t, 1> kind{static_cast<std::uint32_t>(rng.below(2))};
    const PriceContext x = context_of(kind, by_cell);
    const std::int64_t price = draw_price(kind[0], rng);
    const auto bid = static_cast<std::int64_t>(1 + rng.below(200));
    if (prices) {
      learner.observe_price(x, price);
    } else if (bid >= price) {
      learner.observe_win(x, bid);
    } else {
      learner.observe_loss(x, bid);
    }
    if (i % 1000 == 0) static_cast<void>(learner.publish());
  }
  return learner.publish();
}

double true_chance(std::uint32_t kind, std::int64_t bid) {
  return 1 / (1 + std::pow(static_cast<double>(bid + 1) / (kind == 0 ? 40.0 : 90.0), -4));
}

/// Largest error of a chance to win, over both kinds and several bids.
double worst_error(const ContextLandscape& law, bool by_cell) {
  double worst = 0;
  for (const std::uint32_t kind : {0u, 1u}) {
    const std::array<std::uint32_t, 1> on{kind};
    for (const std::int64_t bid : {30, 60, 90, 120}) {
      const double chance = law.win_probability(context_of(on, by_cell), bid);
      worst = std::max(worst, std::abs(chance - true_chance(kind, bid)));
    }
  }
  return worst;
}

TEST(ContextLandscape, CellsFindTheirLawsFromPricesOrFromWinsAndLosses) {
  EXPECT_LT(worst_error(learned(true, true), true), 0.03);
  EXPECT_LT(worst_error(learned(false, true), true), 0.07);
}

/// One shape for both kinds is not the truth here: the shift takes half of the error of one law for all, and no more is claimed.
TEST(ContextLandscape, AShiftHalvesTheErrorOfOneLaw) {
  double one_law = 0;
  for (const std::int64_t bid : {30, 60, 90, 120}) {
    one_law = std::max(one_law, (true_chance(0, bid) - true_chance(1, bid)) / 2);
  }
  EXPECT_LT(worst_error(learned(true, false), false), one_law / 2);
  EXPECT_LT(worst_error(learned(false, false), false), one_law / 2);
}

TEST(ContextLandscape, BidsTheArgmaxAndRespectsTheFloor) {
  const ContextLandscape law = learned(true, true);
  for (const std::uint32_t kind : {0u, 1u}) {
    const PriceContext x{kind, {}};
    const ShadedBid best = law.best_first_price_bid(x, 150);
    for (std::int64_t bid = 1; bid < 150; ++bid) {
      EXPECT_LE((150.0 - static_cast<double>(bid)) * law.win_probability(x, bid), best.surplus + 1e-9);
    }
    EXPECT_GE(law.best_first_price_bid(x, 150, 100).bid, 100);
    EXPECT_EQ(law.best_first_price_bid(x, 0.5).bid, 0);
  }
}

TEST(ContextLandscape, WithoutWeightsItIsItsBase) {
  std::vector<double> mass(301);
  for (std::size_t k = 0; k < mass.size(); ++k) mass[k] = k % 7 == 0 ? 5 : 1;
  const Landscape base(grid(), mass);
  const ContextLandscape law({base}, std::vector<float>(3));
  const std::array<std::uint32_t, 2> on{0, 2};
  const PriceContext x{0, on};
  for (const double value : {20.0, 100.0, 250.0}) {
    EXPECT_EQ(law.best_first_price_bid(x, value).bid, base.best_first_price_bid(value).bid);
    const auto bid = static_cast<std::int64_t>(value);
    EXPECT_NEAR(law.win_probability(x, bid), base.win_probability(bid), 1e-9);
  }
}

}  // namespace
}  // namespace bandstand::agents::bid
