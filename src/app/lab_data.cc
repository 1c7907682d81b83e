// lab_data: one pass, sums.
#include "app/lab_data.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <ostream>

namespace bandstand::app {

int read_data(const learning::DatasetOptions& options, const base::Clock& clock, std::ostream& out, std::ostream& err) {
  const auto refuse = [&](const std::string& what) {
    err << "bandstand-lab: " << what << '\n';
    return 1;
  };
  const base::MonoTime begin = clock.mono();
  auto reader = learning::open_dataset(options);
  if (!reader) return refuse(reader.error());
  std::uint64_t positives = 0, features = 0, prices = 0, times = 0;
  std::int64_t first = std::numeric_limits<std::int64_t>::max(), last = std::numeric_limits<std::int64_t>::min();
  learning::Row row;
  for (;;) {
    const auto more = (*reader)->next(row);
    if (!more) return refuse(more.error());
    if (!*more) break;
    positives += row.label;
    features += row.features.size();
    prices += row.price.has_value();
    if (!row.time_s) continue;
    ++times;
    first = std::min(first, *row.time_s);
    last = std::max(last, *row.time_s);
  }
  const double seconds = std::max(1e-9, std::chrono::duration<double>(clock.mono() - begin).count());
  const learning::Intake& intake = (*reader)->intake();
  const auto rows = static_cast<double>(intake.rows);
  char text[400];
  std::snprintf(text, sizeof text,
                "%llu rows, %llu positive; %llu refused\n%zu fields, %.1f features a row; a price in %llu rows, a time in %llu\n"
                "hash xxh3:%016llx; %.0f rows/s\n",
                static_cast<unsigned long long>(intake.rows), static_cast<unsigned long long>(positives),
                static_cast<unsigned long long>(intake.rejected), (*reader)->fields().size(),
                intake.rows == 0 ? 0 : static_cast<double>(features) / rows, static_cast<unsigned long long>(prices),
                static_cast<unsigned long long>(times), static_cast<unsigned long long>(intake.hash), rows / seconds);
  out << text;
  if (times > 0) out << "times " << first << " to " << last << " (seconds since 1970)\n";
  out << learning::describe(intake, options.file);
  return 0;
}

}  // namespace bandstand::app
