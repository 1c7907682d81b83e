// data_for_tests: rows from text in memory, and where the shared research data lies.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "learning/dataset/table_reader.h"

namespace bandstand::learning {

/// A reader over text, which must outlive it.
inline Loaded<std::unique_ptr<DatasetReader>> table_of(const std::string& text, Mapping mapping) {
  return open_table(DatasetLines("memory", base::LineReader(base::open_input_bytes(text).value())), std::move(mapping));
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
