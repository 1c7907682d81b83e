// table_reader: rows of a table with separators, by a mapping.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "learning/dataset/dataset.h"
#include "learning/dataset/mapping.h"

namespace bandstand::learning {

/// Errors: the file cannot be opened; a header that lacks a column of the mapping (file, line, column).
[[nodiscard]] Loaded<std::unique_ptr<DatasetReader>> open_table(const std::string& file, Mapping mapping);
/// The same over bytes in memory, for tests and fuzzers.
[[nodiscard]] Loaded<std::unique_ptr<DatasetReader>> open_table(DatasetLines lines, Mapping mapping);

/// Seconds since 1970 of "2017-11-07 09:30:38" (or with a T, or without a time), "14102100" (YYMMDDHH) or seconds since 1970
/// (9 digits or more). None for anything else.
[[nodiscard]] std::optional<std::int64_t> parse_time(std::string_view text);

/// The bucket of a number: itself (floored) up to 2, 2 + floor(ln(x)^2) above, so that no two share one.
[[nodiscard]] std::int64_t bucket_of(double number);

}  // namespace bandstand::learning
