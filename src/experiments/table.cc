// table: one printer a format.
#include "experiments/table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>

#include "base/check.h"

namespace bandstand::experiments {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

Cell cell(std::string text) { return {std::move(text), false}; }
Cell cell(std::int64_t number) { return {std::to_string(number), true}; }
Cell cell(double number, int digits) {
  if (!std::isfinite(number)) return {"", false};
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return {text, true};
}

Cell cell(const Interval& interval, double scale, int digits) {
  char text[80];
  std::snprintf(text, sizeof text, "%.*f [%.*f, %.*f]", digits, interval.value * scale, digits, interval.low * scale, digits,
                interval.high * scale);
  return cell(std::string(text));
}

void Table::add(std::vector<Cell> row) {
  BANDSTAND_CHECK(row.size() == columns_.size());
  rows_.push_back(std::move(row));
}

void Table::print(TableFormat format, std::ostream& out) const {
  if (format == TableFormat::json) {
    out << "[";
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      out << (r == 0 ? "\n {" : ",\n {");
      for (std::size_t c = 0; c < columns_.size(); ++c) {
        const Cell& cell = rows_[r][c];
        out << (c == 0 ? "" : ", ") << quoted(columns_[c]) << ": "
            << (cell.is_number ? cell.text : quoted(cell.text));
      }
      out << "}";
    }
    out << "\n]\n";
    return;
  }
  std::vector<std::size_t> width(columns_.size());
  if (format == TableFormat::aligned) {
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      width[c] = columns_[c].size();
      for (const auto& row : rows_) width[c] = std::max(width[c], row[c].text.size());
    }
  }
  const auto put = [&](std::size_t c, const std::string& text, bool right) {
    if (c > 0) out << (format == TableFormat::tsv ? "\t" : "  ");
    const std::string pad(width[c] > text.size() ? width[c] - text.size() : 0, ' ');
    if (right) out << pad << text;
    if (!right) out << text << (c + 1 < columns_.size() ? pad : "");
  };
  for (std::size_t c = 0; c < columns_.size(); ++c)
    put(c, columns_[c], !rows_.empty() && rows_[0][c].is_number);
  out << '\n';
  for (const auto& row : rows_) {
    for (std::size_t c = 0; c < columns_.size(); ++c) put(c, row[c].text, row[c].is_number);
    out << '\n';
  }
}

int print_or_fail(std::string_view verb, const base::Loaded<Table>& table, TableFormat format, std::ostream& out,
                  std::ostream& err) {
  if (!table) {
    err << verb << ": " << table.error() << '\n';
    return 2;
  }
  table->print(format, out);
  return 0;
}

}  // namespace bandstand::experiments
