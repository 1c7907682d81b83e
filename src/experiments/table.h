// table: rows of results as aligned text, tab-separated values or JSON.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "base/loaded.h"
#include "experiments/statistics.h"

namespace bandstand::experiments {

enum class TableFormat : std::uint8_t { aligned, tsv, json };

/// A cell is text that is already formatted; numbers stay numbers in JSON.
struct Cell {
  std::string text;
  bool is_number = false;
};
Cell cell(std::string text);
Cell cell(std::int64_t number);
/// `digits` after the point.
Cell cell(double number, int digits);
/// "1.23 [1.20, 1.26]", all times `scale`.
Cell cell(const Interval& interval, double scale, int digits);

class Table {
 public:
  explicit Table(std::vector<std::string> columns) : columns_(std::move(columns)) {}
  /// One cell a column.
  void add(std::vector<Cell> row);
  [[nodiscard]] std::size_t rows() const { return rows_.size(); }
  [[nodiscard]] const std::string& at(std::size_t row, std::size_t column) const {
    return rows_[row][column].text;
  }
  /// JSON is an array of objects.
  void print(TableFormat format, std::ostream& out) const;

 private:
  std::vector<std::string> columns_;
  std::vector<std::vector<Cell>> rows_;
};

/// The end of a verb: prints the table and gives 0, or says on `err` what is wrong with the verb's input and gives 2.
int print_or_fail(std::string_view verb, const base::Loaded<Table>& table, TableFormat format, std::ostream& out,
                  std::ostream& err);

}  // namespace bandstand::experiments
