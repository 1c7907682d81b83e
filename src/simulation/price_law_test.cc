// price_law_test: the carried laws lie close to the nine histograms, have their spikes, and draw what they
// promise.
#include "simulation/price_law.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace bandstand::simulation {
namespace {

std::string info_path(const std::string& campaign) {
  const char* const root = std::getenv("BANDSTAND_DATA");
  return (root != nullptr ? std::string(root) : std::string(BANDSTAND_SOURCE_DIR "/../shared/data")) +
         "/ipinyou_rlb/info/" + campaign + ".json";
}

TEST(PriceLaw, LiesWithinFivePerCentOfEachOfTheNineHistograms) {
  if (!std::filesystem::exists(info_path("2997")))
    GTEST_SKIP() << "no " << info_path("2997") << ": set BANDSTAND_DATA";
  int compared = 0;
  for (const char* campaign : {"1458", "2259", "2261", "2821", "2997", "3358", "3386", "3427", "3476"}) {
    const auto info = nlohmann::json::parse(std::ifstream(info_path(campaign)));
    const auto counts = info["price_counter_train"].get<std::vector<std::int64_t>>();
    const double mean = info["cost_train"].get<double>() / info["imp_train"].get<double>();
    const PriceLaw fitted = fit_price_law(campaign, counts);
    const PriceLaw* carried = nullptr;
    for (const PriceLaw& law : fitted_price_laws()) carried = law.name() == campaign ? &law : carried;
    ASSERT_NE(carried, nullptr) << "carry this: " << source_of(fitted);
    EXPECT_LE(carried->distance_to(counts), 0.05) << campaign << "; carry this: " << source_of(fitted);
    EXPECT_NEAR(carried->mean() / mean, 1, 0.03) << campaign;
    EXPECT_NEAR(carried->distance_to(counts), fitted.distance_to(counts), 0.001)
        << "carried is not what the fit gives";
    std::printf("%s: distance %.4f, mean %.1f of %.1f\n", campaign, carried->distance_to(counts),
                carried->mean(), mean);
    ++compared;
  }
  EXPECT_EQ(compared, 9);
}

TEST(PriceLaw, DrawsWhatItsCumulativeLawSays) {
  ASSERT_EQ(fitted_price_laws().size(), 9u);
  for (const PriceLaw& law : fitted_price_laws()) {
    base::Rng rng(5);
    std::vector<std::int64_t> counts(kLawPriceMax + 1);
    const int draws = 100'000;
    double sum = 0;
    for (int i = 0; i < draws; ++i) {
      const int price = law.draw(rng);
      ++counts[static_cast<std::size_t>(price)];
      sum += price;
    }
    EXPECT_LT(law.distance_to(counts), 0.008)
        << law.name();  // five times the scatter of a sample of this size
    EXPECT_NEAR(sum / draws / law.mean(), 1, 0.01) << law.name();
    for (const PriceSpike& spike : law.spikes()) {
      EXPECT_GT(static_cast<double>(counts[static_cast<std::size_t>(spike.price)]) / draws, 0.8 * spike.share)
          << law.name();
    }
  }
}

TEST(PriceLaw, FitRecoversSpikesAndAMixtureThatItIsGiven) {
  const PriceLaw truth("made up", {{30, 0.1}, {140, 0.05}}, {{0.5, 3, 0.4}, {0.35, 4.5, 0.3}});
  std::vector<std::int64_t> counts(kLawPriceMax + 1);
  double before = 0;
  for (int z = 0; z <= kLawPriceMax; ++z) {
    counts[static_cast<std::size_t>(z)] = std::llround(1e6 * (truth.cumulative(z) - before));
    before = truth.cumulative(z);
  }
  const PriceLaw fitted = fit_price_law("fit", counts, 10, 2);
  ASSERT_EQ(fitted.spikes().size(), 2u);
  EXPECT_EQ(fitted.spikes()[0].price, 30);
  EXPECT_NEAR(fitted.spikes()[0].share, 0.1, 0.01);
  EXPECT_EQ(fitted.spikes()[1].price, 140);
  EXPECT_NEAR(fitted.components()[0].log_mean, 3, 0.05);
  EXPECT_NEAR(fitted.components()[1].log_deviation, 0.3, 0.03);
  EXPECT_LT(fitted.distance_to(counts), 0.01);
}

}  // namespace
}  // namespace bandstand::simulation
