// data_for_tests: rows from text in memory, and where the shared research data lies.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "learning/dataset/table_reader.h"

namespace bandstand::learning {

/// A reader over text, which must outlive it.
inline Loaded<std::unique_ptr<DatasetReader>> table_of(const std::string& text, Mapping mapping) {
  return open_table(DatasetLines("memory", base::LineReader(base::open_input_bytes(text).value())), std::move(mapping));
}

/// All rows of a reader.
inline std::vector<Row> rows_of(DatasetReader& reader) {
  std::vector<Row> rows;
  Row row;
  for (;;) {
    const auto more = reader.next(row);
    EXPECT_TRUE(more) << more.error();
    if (!more || !*more) return rows;
    rows.push_back(row);
  }
}

/// A line of fields that are shown separated by |, as a file has it, separated by tabs.
inline std::string tabs(std::string line) {
  for (char& c : line) c = c == '|' ? '\t' : c;
  return line;
}

/// Path of a file below $BANDSTAND_DATA, or below ../shared/data beside the repository.
inline std::string shared_data(const std::string& name) {
  const char* const root = std::getenv("BANDSTAND_DATA");
  return (root != nullptr ? std::string(root) : std::string(BANDSTAND_SOURCE_DIR "/../shared/data")) + "/" + name;
}

}  // namespace bandstand::learning

/// Ends a test case that has no data to work on, and says so.
#define BANDSTAND_NEEDS_SHARED_DATA(name)                               \
  if (!std::filesystem::exists(::bandstand::learning::shared_data(name))) \
  GTEST_SKIP() << "no " << ::bandstand::learning::shared_data(name) << ": set BANDSTAND_DATA"
