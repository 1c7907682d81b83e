// file_watch: tells that files have changed and are quiet again.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace bandstand::serving {

/// Compares what stat() says, so that it works wherever files do, and sees files that are replaced by a
/// rename. A file that cannot be read is one more state, and a change to or from it counts.
class FileWatch {
 public:
  explicit FileWatch(std::vector<std::string> files)
      : files_(std::move(files)), taken_(look()), seen_(taken_) {}

  /// True if a file is no longer as it was when this was last true, and as it was at the last call: whoever
  /// writes it has finished, or rests. Call every second or so; a system call a file.
  bool changed() {
    auto now = look();
    const bool quiet = now == seen_;
    seen_ = std::move(now);
    if (!quiet || seen_ == taken_) return false;
    taken_ = seen_;
    return true;
  }

 private:
  struct State {
    bool there = false;
    ino_t inode = 0;
    off_t bytes = 0;
    std::int64_t modified_ns = 0;
    friend bool operator==(const State&, const State&) = default;
  };

  [[nodiscard]] std::vector<State> look() const {
    std::vector<State> out;
    for (const std::string& file : files_) {
      struct stat status {};
      if (::stat(file.c_str(), &status) != 0) {
        out.emplace_back();
        continue;
      }
      const std::int64_t ns = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
      out.push_back({true, status.st_ino, status.st_size, ns});
    }
    return out;
  }

  std::vector<std::string> files_;
  std::vector<State> taken_, seen_;
};

}  // namespace bandstand::serving
