// table_reader: a line is cut into cells, and each cell is read by its column's role.
#include "learning/dataset/table_reader.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <chrono>
#include <cmath>

#include "base/hash.h"
#include "base/rng.h"
#include "base/words.h"

namespace bandstand::learning {
namespace {

using base::read_number;

/// `digits` digits from `at` on, or -1.
int digits_at(std::string_view text, std::size_t at, std::size_t digits) {
  int value = 0;
  if (text.size() < at + digits) return -1;
  for (const char c : text.substr(at, digits)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<std::int64_t> seconds_of(int year, int month, int day, int hour, int minute, int second) {
  namespace chrono = std::chrono;
  const chrono::year_month_day date{chrono::year{year}, chrono::month{static_cast<unsigned>(month)},
                                    chrono::day{static_cast<unsigned>(day)}};
  const auto in = [](int value, int limit) { return value >= 0 && value < limit; };
  if (year < 0 || month < 0 || day < 0 || !date.ok() || !in(hour, 24) || !in(minute, 60) || !in(second, 61)) return std::nullopt;
  return std::int64_t{chrono::sys_days{date}.time_since_epoch().count()} * 86400 + hour * 3600 + minute * 60 + second;
}

/// Cuts lines into cells. A cell that begins with a quote is read as RFC 4180 has it where the separator is not white space.
class Cutter {
 public:
  explicit Cutter(char separator) : separator_(separator), quotes_(separator != '\t' && separator != ' ') {}
  /// False for a quote that does not end. The cells are valid until the next call, and as long as the line.
  bool cut(std::string_view line, std::vector<std::string_view>& cells) {
    cells.clear();
    unquoted_.clear();
    unquoted_.reserve(line.size());  // so that views into it stay
    for (;;) {
      if (quotes_ && !line.empty() && line[0] == '"') {
        if (!quoted(line, cells)) return false;
      } else {
        const auto end = std::min(line.find(separator_), line.size());
        cells.push_back(line.substr(0, end));
        line.remove_prefix(end);
      }
      if (line.empty()) return true;
      line.remove_prefix(1);
    }
  }

 private:
  bool quoted(std::string_view& line, std::vector<std::string_view>& cells) {
    const std::size_t from = unquoted_.size();
    for (std::size_t i = 1; i < line.size(); ++i) {
      if (line[i] != '"') {
        unquoted_ += line[i];
      } else if (i + 1 < line.size() && line[i + 1] == '"') {
        unquoted_ += line[i++];
      } else {
        line.remove_prefix(i + 1);
        if (!line.empty() && line[0] != separator_) return false;
        cells.push_back(std::string_view(unquoted_).substr(from));
        return true;
      }
    }
    return false;
  }

  char separator_;
  bool quotes_;
  std::string unquoted_;
};

/// Whether a header's first cell is this name behind the remains of a byte order mark: conversions turn the mark into up to three
/// characters that no name begins with.
bool behind_spoilt_mark(std::string_view cell, std::string_view name) {
  if (cell.size() <= name.size() || cell.size() > name.size() + 3 || !cell.ends_with(name)) return false;
  const auto is_letter = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return std::none_of(cell.begin(), cell.end() - static_cast<std::ptrdiff_t>(name.size()), is_letter);
}

/// A column of the file: where it is, what for.
struct Place {
  std::string name;
  Role role;
  std::size_t cell;
  std::uint32_t field = 0;  ///< of features
  std::uint64_t seed = 0;
};

class TableReader final : public LineDataset {
 public:
  TableReader(DatasetLines lines, Mapping mapping)
      : LineDataset(std::move(lines)), mapping_(std::move(mapping)), cutter_(mapping_.separator) {}

  /// Reads the header, if there is one, and finds the columns.
  Loaded<bool> begin() {
    if (mapping_.header) {
      std::string_view line;
      const auto more = lines_.next(line, intake_);
      if (!more) return more;
      if (!*more) return problem(lines_.file() + ":1: no header");
      if (!cutter_.cut(line, cells_)) return problem(lines_.at("a quote in the header does not end"));
      width_ = cells_.size();
    } else {
      width_ = mapping_.columns.size();
    }
    for (std::size_t i = 0; i < mapping_.columns.size(); ++i) {
      const Column& column = mapping_.columns[i];
      std::size_t cell = i;
      if (mapping_.header) {
        cell = static_cast<std::size_t>(std::find(cells_.begin(), cells_.end(), column.name) - cells_.begin());
        if (cell == cells_.size() && behind_spoilt_mark(cells_[0], column.name)) cell = 0;
        if (cell == cells_.size() && column.role == Role::ignore) continue;
        if (cell == cells_.size()) return problem(lines_.at("the header has no column '" + column.name + "'"));
      }
      add_place(column, cell);
    }
    for (const auto& cross : mapping_.crosses) add_cross(cross);
    return true;
  }

 private:
  void add_place(const Column& column, std::size_t cell) {
    Place place{column.name, column.role, cell};
    if (column.role == Role::ignore) return;
    if (column.role == Role::categorical || column.role == Role::number) {
      place.field = static_cast<std::uint32_t>(fields_.size());
      place.seed = base::hash64(column.name);
      fields_.push_back(column.name);
    }
    places_.push_back(std::move(place));
  }

  void add_cross(const std::vector<std::string>& columns) {
    std::vector<std::uint32_t> parts;
    std::string name;
    for (const std::string& column : columns) {
      parts.push_back(static_cast<std::uint32_t>(std::find(fields_.begin(), fields_.end(), column) - fields_.begin()));
      name += (name.empty() ? "" : "*") + column;
    }
    crosses_.push_back(std::move(parts));
    fields_.push_back(name);
  }

  bool read(std::string_view line, Row& row) override {
    if (!cutter_.cut(line, cells_)) return refuse("a quote does not end");
    if (cells_.size() < width_) return refuse("too few columns");
    if (cells_.size() > width_ && !mapping_.more_columns) return refuse("too many columns");
    conversion_time_.reset();
    for (const Place& place : places_) {
      if (!read(cells_[place.cell], place, row)) return false;
    }
    if (conversion_time_ && row.time_s && row.label) row.delay_s = *conversion_time_ - *row.time_s;
    if (row.delay_s && *row.delay_s < 0) return refuse("converted before it was shown");
    for (std::size_t i = 0; i < crosses_.size(); ++i) {
      std::uint64_t hash = i + 1;
      for (const std::uint32_t field : crosses_[i]) hash = base::mix64(hash ^ std::rotl(row.features[field].hash, 17));
      row.features.push_back({hash, static_cast<std::uint32_t>(fields_.size() - crosses_.size() + i), 1});
    }
    return true;
  }

  bool read(std::string_view cell, const Place& place, Row& row) {
    double number = 0;
    switch (place.role) {
      case Role::ignore:
        return true;
      case Role::label:
        if (cell != "0" && cell != "1") return refuse("a label that is not 0 or 1", place.name);
        row.label = cell == "1";
        return true;
      case Role::categorical:
        row.features.push_back({base::hash64(cell, place.seed), place.field, 1});
        note(place.field, row.features.back().hash, cell);
        return true;
      case Role::number:
        if (cell.empty()) {
          row.features.push_back({place.seed, place.field, 1});
          return true;
        }
        if (!read_number(cell, number) || !std::isfinite(number)) return refuse("no number", place.name);
        row.features.push_back({base::mix64(place.seed ^ static_cast<std::uint64_t>(bucket_of(number))), place.field, 1});
        note(place.field, row.features.back().hash, "bucket " + std::to_string(bucket_of(number)));
        return true;
      case Role::time:
        row.time_s = parse_time(cell);
        return row.time_s || refuse("no time", place.name);
      case Role::conversion_time:
        conversion_time_ = parse_time(cell);
        return cell.empty() || conversion_time_ || refuse("no time", place.name);
      case Role::prediction:
        if (!read_number(cell, number) || !(number >= 0 && number <= 1)) return refuse("no probability", place.name);
        row.prediction = number;
        return true;
      case Role::price:
        if (!read_number(cell, number) || !(number >= 0) || !std::isfinite(number)) return refuse("no price", place.name);
        row.price = number;
        return true;
    }
    return true;
  }

  Mapping mapping_;
  Cutter cutter_;
  std::size_t width_ = 0;
  std::vector<Place> places_;
  std::vector<std::vector<std::uint32_t>> crosses_;  ///< fields
  std::vector<std::string_view> cells_;
  std::optional<std::int64_t> conversion_time_;
};

}  // namespace

std::optional<std::int64_t> parse_time(std::string_view text) {
  if (text.size() >= 10 && text[4] == '-' && text[7] == '-') {
    int clock[3] = {0, 0, 0};
    if (text.size() != 10) {
      if (text.size() != 19 || (text[10] != ' ' && text[10] != 'T') || text[13] != ':' || text[16] != ':') return std::nullopt;
      for (std::size_t i = 0; i < 3; ++i) clock[i] = digits_at(text, 11 + 3 * i, 2);
    }
    return seconds_of(digits_at(text, 0, 4), digits_at(text, 5, 2), digits_at(text, 8, 2), clock[0], clock[1], clock[2]);
  }
  if (text.size() == 8) {
    const int year = digits_at(text, 0, 2);
    if (year < 0) return std::nullopt;
    return seconds_of(2000 + year, digits_at(text, 2, 2), digits_at(text, 4, 2), digits_at(text, 6, 2), 0, 0);
  }
  std::int64_t seconds = 0;
  if (text.size() < 9 || !read_number(text, seconds)) return std::nullopt;
  return seconds;
}

std::int64_t bucket_of(double number) {
  if (number <= 2) return static_cast<std::int64_t>(std::floor(std::max(number, -1e15)));
  const double log = std::log(number);
  return 2 + static_cast<std::int64_t>(std::floor(log * log));  // ln(3)^2 = 1.2: without the 2 it would share the bucket of 1
}

Loaded<std::unique_ptr<DatasetReader>> open_table(const std::string& file, Mapping mapping) {
  auto lines = DatasetLines::open(file);
  if (!lines) return problem(lines.error());
  return open_table(std::move(*lines), std::move(mapping));
}

Loaded<std::unique_ptr<DatasetReader>> open_table(DatasetLines lines, Mapping mapping) {
  auto reader = std::make_unique<TableReader>(std::move(lines), std::move(mapping));
  const auto begun = reader->begin();
  if (!begun) return problem(begun.error());
  return std::unique_ptr<DatasetReader>(std::move(reader));
}

}  // namespace bandstand::learning
