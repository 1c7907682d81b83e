// train_response: the verb that trains a model of response rates from a file, judges it on later rows, and writes it.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "base/clock.h"

namespace bandstand::app {

struct TrainResponseOptions {
  std::string data;     ///< file; of format click_world: linear or pairs, then ,rows=N and ,seed=N
  std::string format;   ///< learning::dataset_formats(), or click_world
  std::string mapping;  ///< of format csv
  std::vector<std::string> responses;  ///< of format ipinyou: click or conversion logs
  std::string model = "ftrl";  ///< ftrl, fwfm, dcn, or none: judge the file's own predictions
  std::string test;     ///< file that judges; or
  std::string split;    ///< see ResponseSplit
  double holdout = 0;   ///< share of the training rows that fits the calibration
  std::string field;    ///< whose calibration is looked at; the first
  std::string segments; ///< field by whose values calibration is shown, before and after
  std::size_t segments_top = 10;  ///< values of it, by rows; the others together
  std::string baseline; ///< field whose smoothed response rate alone is a further predictor
  bool residual = false; ///< the model learns what the baseline leaves: its log odds are added to the model's. One epoch
  bool in_time_order = false;  ///< learn from earlier rows first, whatever the file's order; keeps the training rows in memory
  double won_at = 0;    ///< see ReportOptions
  std::string resume;   ///< model file to go on from
  std::string out;      ///< model file, written after each epoch
  std::uint64_t seed = 1;
  int epochs = 1;
  int bits = 20;
  double alpha = 0.1, beta = 1, l1 = 0, l2 = 1;  ///< of FTRL
  double rate = 0.03, decay = 1e-5;               ///< of FwFM and DCN: AdaGrad's rate, L2
  double dense_rate = 0.05;                       ///< of DCN: AdaGrad's rate of its layers
  int cross = 2, rank = 64;                       ///< of DCN: cross layers, rank of their matrices (0: full)
  int bootstrap = 200;
  bool json = false;
};

/// Progress goes to `err`, the table to `out`. Exit codes: 0 done, 1 a file could not be read or written, 2 wrong options.
int train_response(const TrainResponseOptions& options, const base::Clock& clock, std::ostream& out, std::ostream& err);

}  // namespace bandstand::app
