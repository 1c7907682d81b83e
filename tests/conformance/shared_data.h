// shared_data: where the corpora lie, and their lines as JSON. For tests only.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace bandstand::conformance {

/// $BANDSTAND_DATA, else ../shared/data beside the sources.
std::filesystem::path data_root();

/// All lines of a (compressed) JSON Lines file. Fails the test if it cannot be read.
std::vector<nlohmann::json> json_lines(const std::string& relative);

/// All regular files under a folder, sorted.
std::vector<std::filesystem::path> files_under(const std::string& relative);

}  // namespace bandstand::conformance

/// Skips the test if a corpus is absent.
#define NEEDS_DATA(relative)                                                      \
  if (!std::filesystem::exists(bandstand::conformance::data_root() / (relative))) \
  GTEST_SKIP() << "corpus " << (relative) << " not found; set BANDSTAND_DATA to the folder of shared data"
