// metrics: how good predicted rates are: order, sharpness, and whether they mean what they say.
//
// `p` are probabilities, `y` responses (0 or 1), of the same size. Of nothing, each figure is its neutral value.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace bandstand::learning {

/// P(p of a positive > p of a negative), ties half: exact. 0.5 if one class is absent. O(n log n).
[[nodiscard]] double area_under_curve(std::span<const double> p, std::span<const std::uint8_t> y);

/// AUC of `samples` resamplings of the rows with replacement. Two models over the same rows with one seed draw the same rows, so
/// differences are paired. O(n log n + samples * n).
[[nodiscard]] std::vector<double> bootstrap_auc(std::span<const double> p, std::span<const std::uint8_t> y, int samples,
                                                std::uint64_t seed);

/// Mean of -ln(probability of what happened), in nats; probabilities are kept 1e-12 away from 0 and 1.
[[nodiscard]] double log_loss(std::span<const double> p, std::span<const std::uint8_t> y);

/// Log loss over that of the constant base rate (He et al., "Practical Lessons from Predicting Clicks on Ads at Facebook", 2014):
/// below 1 is better than knowing the base rate. 1 if one class is absent.
[[nodiscard]] double normalised_entropy(std::span<const double> p, std::span<const std::uint8_t> y);

/// Sum of p over sum of y; 1 if there is no positive.
[[nodiscard]] double calibration_ratio(std::span<const double> p, std::span<const std::uint8_t> y);

/// Expected calibration error: sum over bins of share x |mean p - mean y|, bins of equal numbers of rows in order of p. Rows of
/// one p stay together, so bins may be fewer. Has a floor by chance alone: of the order of sqrt(bins x base rate / n).
[[nodiscard]] double calibration_error(std::span<const double> p, std::span<const std::uint8_t> y, std::size_t bins = 20);

/// The same over the values of a field (Pan et al., "Field-aware Calibration", 2020): `value` is each row's.
[[nodiscard]] double field_calibration_error(std::span<const double> p, std::span<const std::uint8_t> y,
                                             std::span<const std::uint64_t> value);

}  // namespace bandstand::learning
