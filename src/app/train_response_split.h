// train_response_split: which rows of a file are learned from, which calibrate, which judge.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "learning/dataset/dataset.h"

namespace bandstand::app {

enum class Part : std::uint8_t { train, holdout, test };

/// By position ("rows:0.8") or by time ("time:0.8", "time:2017-11-08"): what is before the boundary trains; of that the last
/// share `holdout` is kept from the model and fits the calibration. Never at random: tomorrow is not a sample of today.
class ResponseSplit {
 public:
  /// An empty text: no test rows. Errors: what is wrong with the text.
  static learning::Loaded<ResponseSplit> parse(const std::string& text, double holdout);

  /// First pass: all rows, in order.
  void survey(const learning::Row& row);
  /// After the first pass. Errors: rows without a time in a split by time.
  learning::Loaded<bool> settle();
  /// Part of the row at this position (from 0).
  [[nodiscard]] Part part_of(std::uint64_t position, const learning::Row& row) const;
  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  [[nodiscard]] std::uint64_t rows_of(Part part) const { return counts_[static_cast<std::size_t>(part)].rows; }
  [[nodiscard]] std::uint64_t positives_of(Part part) const { return counts_[static_cast<std::size_t>(part)].positives; }

 private:
  struct Counts {
    std::uint64_t rows = 0, positives = 0;
  };
  [[nodiscard]] Part part_at(std::int64_t key) const;

  bool by_time_ = false;
  double share_ = 1;                     ///< of the rows that train
  std::optional<std::int64_t> boundary_; ///< given, as a time
  double holdout_ = 0;
  std::uint64_t rows_ = 0, without_time_ = 0;
  std::vector<std::int64_t> times_;      ///< 8 bytes a row, until settled
  std::vector<bool> labels_;             ///< the same
  std::int64_t holdout_from_ = 0, test_from_ = 0;
  Counts counts_[3];
};

}  // namespace bandstand::app
