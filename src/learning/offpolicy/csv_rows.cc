// csv_rows: lines, split at commas.
#include "learning/offpolicy/csv_rows.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/words.h"

namespace bandstand::learning {
namespace {

void split(std::string_view line, std::vector<std::string_view>& out) {
  out.clear();
  for (;;) {
    const auto comma = line.find(',');
    out.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return;
    line.remove_prefix(comma + 1);
  }
}

std::string shortest(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", number);
  return text;
}

}  // namespace

Loaded<CsvRows> CsvRows::open(const std::string& path) {
  auto reader = base::LineReader::open(path);
  if (!reader) return problem(path + ": " + reader.error().what);
  CsvRows out(path, std::move(*reader));
  std::string_view line;
  const auto more = out.reader_.next(line);
  if (!more) return problem(path + ":1: " + more.error().what);
  if (!*more) return problem(path + ": is empty");
  split(line, out.fields_);
  out.header_.assign(out.fields_.begin(), out.fields_.end());
  for (std::size_t i = 0; i < out.header_.size(); ++i) {
    if (std::count(out.header_.begin(), out.header_.end(), out.header_[i]) > 1) {
      return problem(out.place() + "column " + std::to_string(i + 1) + ": '" + out.header_[i] +
                     "' is there twice");
    }
  }
  return out;
}

std::optional<std::size_t> CsvRows::find(std::string_view name) const {
  const auto found = std::find(header_.begin(), header_.end(), name);
  if (found == header_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - header_.begin());
}

Loaded<std::size_t> CsvRows::need(std::string_view name) const {
  if (const auto found = find(name)) return *found;
  return problem(path_ + ":1: there is no column '" + std::string(name) + "'");
}

Loaded<bool> CsvRows::next() {
  std::string_view line;
  for (;;) {
    const auto more = reader_.next(line);
    if (!more) return problem(path_ + ":" + std::to_string(reader_.number() + 1) + ": " + more.error().what);
    if (!*more) return false;
    if (!line.empty()) break;
  }
  split(line, fields_);
  if (fields_.size() != header_.size()) {
    return problem(place() + std::to_string(fields_.size()) + " columns, but the header has " +
                   std::to_string(header_.size()));
  }
  return true;
}

Loaded<double> CsvRows::number(std::size_t column, double low, double high) const {
  const std::string_view text = fields_[column];
  double out = 0;
  if (!base::read_number(text, out) || !std::isfinite(out)) return problem(fault(column, "a number"));
  if (out < low || out > high)
    return problem(fault(column, "from " + shortest(low) + " to " + shortest(high)));
  return out;
}

std::string CsvRows::fault(std::size_t column, const std::string& what) const {
  return place() + "column " + std::to_string(column + 1) + " (" + header_[column] + "): '" +
         std::string(fields_[column].substr(0, 40)) + "' is not " + what;
}

std::string CsvRows::place() const { return path_ + ":" + std::to_string(reader_.number()) + ": "; }

}  // namespace bandstand::learning
