// csv_rows: rows of a comma-separated file with a header, every fault with its file, line and column.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/input.h"
#include "base/loaded.h"

namespace bandstand::learning {

using base::Loaded;
using base::problem;

/// Plain or compressed. Fields are what stands between commas; quotes have no meaning.
class CsvRows {
 public:
  static Loaded<CsvRows> open(const std::string& path);

  [[nodiscard]] const std::vector<std::string>& header() const { return header_; }
  /// Place of a column, if it is there.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
  /// The same for one that has to be there.
  [[nodiscard]] Loaded<std::size_t> need(std::string_view name) const;

  /// True with the next row, false at the end. As many fields as the header has; an empty line is passed
  /// over.
  Loaded<bool> next();
  [[nodiscard]] std::string_view field(std::size_t column) const { return fields_[column]; }
  /// The field as a finite number from `low` to `high`.
  [[nodiscard]] Loaded<double> number(std::size_t column, double low, double high) const;
  /// "FILE:LINE: column 3 (reward): '...' is not WHAT".
  [[nodiscard]] std::string fault(std::size_t column, const std::string& what) const;
  /// "FILE:LINE: ".
  [[nodiscard]] std::string place() const;

 private:
  CsvRows(std::string path, base::LineReader reader) : path_(std::move(path)), reader_(std::move(reader)) {}

  std::string path_;
  base::LineReader reader_;
  std::vector<std::string> header_;
  std::vector<std::string_view> fields_;
};

}  // namespace bandstand::learning
