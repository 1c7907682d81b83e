// train_response_report: predictions side by side on the rows that judge them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiments/statistics.h"

namespace bandstand::app {

/// What is remembered of the rows that judge: a column of predictions a predictor.
struct JudgedRows {
  std::vector<std::uint8_t> labels;
  std::vector<std::uint64_t> values;  ///< of the field whose calibration is looked at
  std::vector<double> prices;         ///< empty if rows have none
  struct Predictor {
    std::string name;
    std::vector<double> p;
  };
  std::vector<Predictor> predictors;
};

struct ResponseFigures {
  std::string predictor, rows_of;  ///< "all", or "won": those that bidding by this predictor would win
  std::uint64_t rows = 0, positives = 0;
  experiments::Interval auc;       ///< 95 %, bootstrap over rows
  double log_loss = 0, normalised_entropy = 0, calibration = 0;
  double calibration_error = 0, field_calibration_error = 0;  ///< over the base rate
};

struct ReportOptions {
  int bootstrap = 200;
  std::uint64_t seed = 1;
  double won_at = 0;   ///< bid won_at x p / base_rate wins at or above the price; 0: nobody bids
  double base_rate = 0;
};

/// Figures of each predictor, on all rows and on those it wins.
[[nodiscard]] std::vector<ResponseFigures> response_figures(const JudgedRows& rows, const ReportOptions& options);

/// AUC of one predictor less that of another, paired over resampled rows.
[[nodiscard]] experiments::Interval auc_difference(const JudgedRows& rows, std::size_t a, std::size_t b,
                                                   const ReportOptions& options);

}  // namespace bandstand::app
