// calibration_test: distorted rates come back, order stays, files are believed only if they make sense.
#include "learning/response/calibration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "learning/response/learner.h"
#include "learning/response/metrics.h"

namespace bandstand::learning {
namespace {

/// Rows whose model is wrong in a known way.
struct Rows {
  std::vector<double> p;
  std::vector<std::uint8_t> y;
};

template <class Distort>
Rows rows_of(std::uint64_t seed, int n, Distort distort) {
  base::Rng rng(seed);
  Rows rows;
  for (int i = 0; i < n; ++i) {
    const double truth = sigmoid(-3 + rng.normal());
    rows.p.push_back(distort(truth));
    rows.y.push_back(rng.chance(truth));
  }
  return rows;
}

double logit(double p) { return std::log(p / (1 - p)); }

template <class Calibrator>
std::vector<double> applied(const Calibrator& calibrator, const std::vector<double>& p) {
  std::vector<double> out;
  for (const double one : p) out.push_back(calibrator(one));
  return out;
}

TEST(Calibration, PlattFindsScaleAndLevel) {
  const auto distort = [](double truth) { return sigmoid(2 * logit(truth) + 1.5); };
  const Rows rows = rows_of(1, 200'000, distort);
  const Platt platt = fit_platt(rows.p, rows.y);
  EXPECT_NEAR(platt.a, 0.5, 0.01);
  EXPECT_NEAR(platt.b, -0.75, 0.03);
}

TEST(Calibration, PlattIsTheIdentityWithoutEvidence) {
  const Platt platt = fit_platt(std::vector<double>{0.1, 0.2}, std::vector<std::uint8_t>{0, 0});
  EXPECT_EQ(platt.a, 1);
  EXPECT_EQ(platt.b, 0);
}

TEST(Calibration, PlattFindsTheLevelWhereAllPredictionsAreAlike) {
  const std::vector<double> p(1000, 0.5);
  std::vector<std::uint8_t> y(1000, 0);
  for (std::size_t i = 0; i < 100; ++i) y[i] = 1;
  EXPECT_NEAR(fit_platt(p, y)(0.5), 0.1, 0.005);
}

TEST(Calibration, IsotonicMendsWhatNoScaleCan) {
  const auto distort = [](double truth) { return truth < 0.05 ? truth / 3 : std::min(0.99, 0.02 + truth * 1.7); };
  const Rows fit = rows_of(2, 300'000, distort);
  const Rows fresh = rows_of(3, 300'000, distort);
  const auto q = applied(fit_isotonic(fit.p, fit.y), fresh.p);
  const double base_rate = 0.07;
  EXPECT_GT(calibration_error(fresh.p, fresh.y), 0.3 * base_rate);
  EXPECT_LT(calibration_error(q, fresh.y), 0.05 * base_rate);
  EXPECT_NEAR(calibration_ratio(q, fresh.y), 1, 0.02);
}

TEST(Calibration, IsotonicKeepsTheOrder) {
  const Rows rows = rows_of(4, 50'000, [](double truth) { return truth * truth; });
  const Isotonic curve = fit_isotonic(rows.p, rows.y);
  double before = 0;
  for (int i = 0; i <= 1000; ++i) {
    const double q = curve(i / 1000.0);
    EXPECT_GE(q, before);
    EXPECT_LE(q, 1);
    before = q;
  }
  EXPECT_NEAR(area_under_curve(applied(curve, rows.p), rows.y), area_under_curve(rows.p, rows.y), 0.001);
  for (std::size_t i = 1; i < curve.q.size(); ++i) EXPECT_GE(curve.q[i], curve.q[i - 1]);
}

TEST(Calibration, IsotonicSumsToWhatHappened) {
  const Rows rows = rows_of(5, 20'000, [](double truth) { return truth / 2; });
  const auto q = applied(fit_isotonic(rows.p, rows.y), rows.p);
  EXPECT_NEAR(calibration_ratio(q, rows.y), 1, 1e-9);
}

TEST(Calibration, IsotonicLearnsNothingFromNoPositives) {
  const Isotonic curve = fit_isotonic(std::vector<double>{0.1, 0.2}, std::vector<std::uint8_t>{0, 0});
  EXPECT_EQ(curve(0.1), 0.1);
}

TEST(Calibration, ComesBackFromAFile) {
  const Rows rows = rows_of(6, 20'000, [](double truth) { return truth / 2; });
  const Platt platt = fit_platt(rows.p, rows.y);
  const Isotonic isotonic = fit_isotonic(rows.p, rows.y);
  model::ModelFile file;
  save(platt, isotonic, file);
  const auto bytes = model::encode_model(file).value();
  const auto read = model::decode_model(bytes).value();
  EXPECT_NEAR(load_platt(read).value()(0.05), platt(0.05), 1e-6);
  EXPECT_NEAR(load_isotonic(read).value()(0.05), isotonic(0.05), 1e-6);
}

TEST(Calibration, RefusesACurveThatFalls) {
  model::ModelFile file;
  file.tensors["isotonic"] = {{2, 2}, {0.1f, 0.2f, 0.3f, 0.2f}};
  EXPECT_EQ(load_isotonic(file).error().code, base::Code::corrupt);
  file.tensors["isotonic"] = {{4}, {0.1f, 0.2f, 0.3f, 0.4f}};
  EXPECT_EQ(load_isotonic(file).error().code, base::Code::conflict);
}

TEST(Calibration, UndoesDownsampling) {
  EXPECT_NEAR(undo_downsampling(0.1 / (0.1 + 0.9 * 0.2), 0.2), 0.1, 1e-12);
}

}  // namespace
}  // namespace bandstand::learning
