// metrics_test: against definitions written out, and the published figure of 2997.
#include "learning/response/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "learning/dataset/data_for_tests.h"

namespace bandstand::learning {
namespace {

using Labels = std::vector<std::uint8_t>;

TEST(Metrics, AucCountsPairsAndHalvesTies) {
  base::Rng rng(1);
  std::vector<double> p;
  Labels y;
  for (int i = 0; i < 200; ++i) {
    p.push_back(static_cast<double>(rng.below(20)) / 20);
    y.push_back(rng.chance(0.3));
  }
  double wins = 0, pairs = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    for (std::size_t j = 0; j < p.size(); ++j) {
      if (y[i] == 0 || y[j] != 0) continue;
      wins += p[i] > p[j] ? 1 : p[i] == p[j] ? 0.5 : 0;
      pairs += 1;
    }
  }
  EXPECT_DOUBLE_EQ(area_under_curve(p, y), wins / pairs);
  EXPECT_EQ(area_under_curve(std::vector<double>{1, 2}, Labels{1, 1}), 0.5);
}

TEST(Metrics, BootstrapSpreadsAsAucDoes) {
  base::Rng rng(2);
  std::vector<double> p;
  Labels y;
  for (int i = 0; i < 4000; ++i) {
    p.push_back(rng.uniform());
    y.push_back(rng.chance(0.2 * p.back()));
  }
  const auto samples = bootstrap_auc(p, y, 400, 3);
  double mean = 0, square = 0;
  for (const double one : samples) {
    mean += one / 400;
    square += one * one / 400;
  }
  const double auc = area_under_curve(p, y);
  const double positives = static_cast<double>(std::count(y.begin(), y.end(), 1));
  EXPECT_NEAR(mean, auc, 0.003);
  // Hanley and McNeil (1982): about sqrt(q1 - auc^2) / sqrt(positives) where negatives abound.
  const double expected = std::sqrt((auc / (2 - auc) - auc * auc) / positives);
  EXPECT_NEAR(std::sqrt(square - mean * mean), expected, 0.3 * expected);
  EXPECT_EQ(samples, bootstrap_auc(p, y, 400, 3));
}

TEST(Metrics, NormalisedEntropyOfTheBaseRateIsOne) {
  const std::vector<double> p(10, 0.2);
  const Labels y{1, 1, 0, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_NEAR(normalised_entropy(p, y), 1, 1e-12);
  EXPECT_NEAR(log_loss(p, y), -(0.2 * std::log(0.2) + 0.8 * std::log(0.8)), 1e-12);
  EXPECT_DOUBLE_EQ(calibration_ratio(p, y), 1);
}

TEST(Metrics, CalibrationErrorSeesWhatTheRatioHides) {
  std::vector<double> p;
  Labels y;
  for (int i = 0; i < 1000; ++i) {  // the lower half promises too little, the upper too much
    const bool upper = i >= 500;
    p.push_back(upper ? 0.5 : 0.1);
    y.push_back(i % 10 < 3);
  }
  EXPECT_NEAR(calibration_ratio(p, y), 1, 1e-9);
  EXPECT_NEAR(calibration_error(p, y), 0.2, 1e-9);
  std::vector<std::uint64_t> value(p.size());
  for (std::size_t i = 0; i < value.size(); ++i) value[i] = i >= 500;
  EXPECT_NEAR(field_calibration_error(p, y, value), 0.2, 1e-9);
  for (std::size_t i = 0; i < value.size(); ++i) value[i] = i % 2;  // this field sees nothing of it: even rows 3/5 more
  EXPECT_NEAR(field_calibration_error(p, y, value), 0.1, 1e-9);
}

TEST(Metrics, BinsHoldEqualNumbers) {
  std::vector<double> p;
  Labels y;
  for (int i = 0; i < 100; ++i) {
    p.push_back(i / 100.0);
    y.push_back(i % 2 == 1);
  }
  double expected = 0;  // four bins of 25, by hand
  for (int bin = 0; bin < 4; ++bin) {
    double sum = 0;
    for (int i = 25 * bin; i < 25 * (bin + 1); ++i) sum += p[i] - y[i];
    expected += std::abs(sum) / 100;
  }
  EXPECT_NEAR(calibration_error(p, y, 4), expected, 1e-12);
}

TEST(Metrics, AreNeutralOfNothing) {
  EXPECT_EQ(area_under_curve({}, {}), 0.5);
  EXPECT_EQ(log_loss({}, {}), 0);
  EXPECT_EQ(normalised_entropy({}, {}), 1);
  EXPECT_EQ(calibration_ratio({}, {}), 1);
  EXPECT_EQ(calibration_error({}, {}), 0);
}

TEST(Metrics, AucOfTheta2997IsAsPrinted) {
  const std::string name = "ipinyou_rlb/2997.test.theta.txt.xz";
  BANDSTAND_NEEDS_SHARED_DATA(name);
  auto reader = open_dataset({shared_data(name), "theta", ""}).value();
  std::vector<double> p;
  Labels y;
  Row row;
  while (*reader->next(row)) {
    p.push_back(*row.prediction);
    y.push_back(row.label);
  }
  EXPECT_EQ(std::round(area_under_curve(p, y) * 1e5), 60445);  // 60.44 % in print
}

}  // namespace
}  // namespace bandstand::learning
