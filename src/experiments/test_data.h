// test_data: where tests find the shared research data, which is not part of the repository.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace bandstand::experiments {

/// Path of a file below $BANDSTAND_DATA, or below ../shared/data beside the repository.
inline std::string test_data(const std::string& name) {
  const char* const root = std::getenv("BANDSTAND_DATA");
  return (root != nullptr ? std::string(root) : std::string(BANDSTAND_SOURCE_DIR "/../shared/data")) + "/" +
         name;
}

}  // namespace bandstand::experiments

/// Ends a test case that has no data to work on, and says so.
#define BANDSTAND_NEEDS_DATA(name)                                         \
  if (!std::filesystem::exists(::bandstand::experiments::test_data(name))) \
  GTEST_SKIP() << "no " << ::bandstand::experiments::test_data(name) << ": set BANDSTAND_DATA"
