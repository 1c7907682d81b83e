// protocol_traffic: a region at a time: its hours, then each midnight the forecasts of the day that follows.
#include "experiments/protocol_traffic.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "agents/budget/traffic_shape.h"
#include "base/input.h"
#include "base/rng.h"

namespace bandstand::experiments {
namespace {

constexpr int kHours = 24;
constexpr base::WallTime kMonday{1'763'942'400'000'000'000};  // 2025-11-24 00:00 UTC
constexpr const char* kForecasters[] = {"flat", "yesterday", "last_week", "pacer", "truth"};
struct Stretch {
  const char* name;
  int from, to;  ///< days, from 0
};
constexpr Stretch kStretches[] = {{"day 2", 1, 2}, {"days 3-7", 2, 7}, {"days 8-14", 7, 14}, {"after", 14, 1 << 20}};

using Day = std::array<double, kHours>;

/// Shares that sum to 1.
Day shares(Day day) {
  double sum = 0;
  for (const double hour : day) sum += hour;
  for (double& hour : day) hour = sum > 0 ? hour / sum : 1.0 / kHours;
  return day;
}

/// Normal for large means: their noise is what counts here, not its third moment.
double poisson(double mean, base::Rng& rng) {
  if (mean > 50) return std::max(0.0, std::round(mean + std::sqrt(mean) * rng.normal()));
  double count = -1;
  for (double left = mean; left >= 0; ++count) left -= rng.exponential();
  return count;
}

base::WallTime hour_at(int hour) { return kMonday + std::chrono::hours(hour); }

/// A region's weeks, by hour since the first Monday.
std::vector<double> live(const WeekShape& shape, const TrafficProtocol& protocol, base::Rng& rng) {
  std::vector<double> out;
  for (int day = 0; day < 7 * protocol.weeks; ++day) {
    const double level = std::exp(protocol.day_noise * rng.normal());
    for (int hour = 0; hour < kHours; ++hour) {
      const double mean = shape[static_cast<std::size_t>(day % 7 * kHours + hour)] * protocol.requests_a_week;
      out.push_back(poisson(mean * level * std::exp(protocol.hour_noise * rng.normal()), rng));
    }
  }
  return out;
}

Day slice(const std::vector<double>& hours, int day) {
  Day out;
  std::copy_n(hours.begin() + day * kHours, kHours, out.begin());
  return shares(out);
}

Day forecast(std::size_t who, int day, const std::vector<double>& hours, const WeekShape& shape,
             const agents::budget::TrafficShape& learned) {
  Day out{};
  switch (who) {
    case 1: return day > 0 ? slice(hours, day - 1) : shares(out);
    case 2: return day >= 7 ? slice(hours, day - 7) : forecast(1, day, hours, shape, learned);
    case 3:
      for (int h = 0; h < kHours; ++h) {
        out[static_cast<std::size_t>(h)] = learned.expected(hour_at(day * kHours + h), hour_at(day * kHours + h + 1));
      }
      return shares(out);
    case 4: std::copy_n(shape.begin() + day % 7 * kHours, kHours, out.begin()); return shares(out);
    default: return shares(out);
  }
}

struct Error {
  double misplaced = 0, behind = 0;
};

Error error_of(const Day& foretold, const Day& came) {
  Error error;
  double cumulative = 0;
  for (std::size_t h = 0; h < came.size(); ++h) {
    error.misplaced += std::abs(foretold[h] - came[h]) / 2;
    cumulative += foretold[h] - came[h];
    error.behind = std::max(error.behind, std::abs(cumulative));
  }
  return error;
}

using Errors = std::array<std::vector<Error>, std::size(kForecasters)>;  // by forecaster and day

Errors run_region(const WeekShape& shape, const TrafficProtocol& protocol, base::Rng& rng) {
  const auto hours = live(shape, protocol, rng);
  agents::budget::TrafficShape learned;
  Errors errors;
  for (int day = 0; day < 7 * protocol.weeks; ++day) {
    // The pacer folds an hour in when the next begins: a moment of the new day ends the last hour of the old one.
    learned.observe(hour_at(day * kHours), base::Duration{1}, 0);
    const Day came = slice(hours, day);
    for (std::size_t who = 0; who < errors.size(); ++who) {
      errors[who].push_back(error_of(forecast(who, day, hours, shape, learned), came));
    }
    for (int h = 0; h < kHours; ++h) {
      const int hour = day * kHours + h;
      learned.observe(hour_at(hour) + std::chrono::minutes(30), std::chrono::hours(1), hours[static_cast<std::size_t>(hour)]);
    }
  }
  return errors;
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

/// region, dow, hour, share.
struct Row {
  std::string region;
  int dow = 0, hour = 0;
  double share = 0;
};

std::optional<Row> row_of(std::string_view line) {
  std::array<std::string_view, 4> fields;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t comma = line.find(',');
    if ((comma == std::string_view::npos) != (i == 3)) return std::nullopt;
    fields[i] = line.substr(0, comma);
    line.remove_prefix(i == 3 ? line.size() : comma + 1);
  }
  Row row{.region = std::string(fields[0])};
  const bool is_read = read_number(fields[1], row.dow) && read_number(fields[2], row.hour) && read_number(fields[3], row.share);
  if (!is_read || row.dow < 1 || row.dow > 7 || row.hour < 0 || row.hour > 23 || !(row.share >= 0 && row.share <= 1)) {
    return std::nullopt;
  }
  return row;
}

}  // namespace

base::Loaded<std::vector<WeekShape>> read_week_shapes(const std::string& path) {
  auto lines = base::LineReader::open(path);
  if (!lines) return base::problem(path + ": " + lines.error().what);
  struct Region {
    WeekShape shape{};
    int hours = 0;
  };
  std::map<std::string, Region> regions;
  std::string_view line;
  for (;;) {
    const auto more = lines->next(line);
    if (!more) return base::problem(path + ": " + more.error().what);
    if (!*more) break;
    if (lines->number() == 1 || line.empty()) continue;
    const auto row = row_of(line);
    if (!row) {
      return base::problem(path + ":" + std::to_string(lines->number()) +
                           ": expected region_id, dow 1..7, hour 0..23, traffic_share 0..1");
    }
    Region& region = regions[row->region];
    region.shape[static_cast<std::size_t>((row->dow - 1) * kHours + row->hour)] = row->share;
    ++region.hours;
  }
  std::vector<WeekShape> out;
  for (const auto& [name, region] : regions) {
    if (region.hours == 168) out.push_back(region.shape);
  }
  if (out.empty()) return base::problem(path + ": no region has all 168 hours");
  return out;
}

Table run_traffic_protocol(const std::vector<WeekShape>& shapes, const TrafficProtocol& protocol) {
  base::Rng rng(protocol.seed);
  std::vector<Errors> regions;
  for (const WeekShape& shape : shapes) regions.push_back(run_region(shape, protocol, rng));
  Table table({"days", "forecaster", "misplaced %", "behind %"});
  for (const Stretch& stretch : kStretches) {
    const int to = std::min(stretch.to, 7 * protocol.weeks);
    if (stretch.from >= to) continue;
    for (std::size_t who = 0; who < std::size(kForecasters); ++who) {
      std::vector<double> misplaced, behind;
      for (const Errors& errors : regions) {
        Error sum;
        for (int day = stretch.from; day < to; ++day) {
          sum.misplaced += errors[who][static_cast<std::size_t>(day)].misplaced;
          sum.behind += errors[who][static_cast<std::size_t>(day)].behind;
        }
        misplaced.push_back(sum.misplaced / (to - stretch.from));
        behind.push_back(sum.behind / (to - stretch.from));
      }
      table.add({cell(stretch.name), cell(kForecasters[who]), cell(mean_interval(misplaced), 100, 2),
                 cell(mean_interval(behind), 100, 2)});
    }
  }
  return table;
}

}  // namespace bandstand::experiments
