// shared_data: files of the corpora.
#include "shared_data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "base/input.h"

namespace bandstand::conformance {

std::filesystem::path data_root() {
  if (const char* root = std::getenv("BANDSTAND_DATA"); root != nullptr && *root != '\0') return root;
  return BANDSTAND_SOURCE_DIR "/../shared/data";
}

std::vector<nlohmann::json> json_lines(const std::string& relative) {
  std::vector<nlohmann::json> out;
  auto reader = base::LineReader::open((data_root() / relative).string());
  if (!reader) {
    ADD_FAILURE() << relative << ": " << reader.error().what;
    return out;
  }
  std::string_view line;
  for (;;) {
    const auto more = reader->next(line);
    if (!more) {
      ADD_FAILURE() << relative << ": " << more.error().what;
      return out;
    }
    if (!*more) return out;
    out.push_back(nlohmann::json::parse(line, nullptr, false));
  }
}

std::vector<std::filesystem::path> files_under(const std::string& relative) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data_root() / relative)) {
    if (entry.is_regular_file()) out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace bandstand::conformance
