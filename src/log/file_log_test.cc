// file_log_test: the file backend against the conformance suite, on a simulated and on a real disk, and what is its own.
#include "log/file_log.h"

#include <atomic>
#include <filesystem>
#include <thread>

#include "log/conformance.h"
#include "simulation/faulty_disk.h"

namespace bandstand::log {
namespace {

using base::Code;

struct SimulatedBackend {
  std::unique_ptr<Log> open() { return open_file_log(disk, clock); }
  static std::string topic(std::string name) { return name; }
  static bool settle() { return false; }
  base::ManualClock clock;
  simulation::FaultyDisk disk{1};
};

/// A directory of its own below the system's for temporary files, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "bandstand-log-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct RealBackend {
  std::unique_ptr<Log> open() { return open_file_log(*disk, clock); }
  static std::string topic(std::string name) { return name; }
  static bool settle() { return false; }
  base::ManualClock clock;
  TemporaryDirectory directory;
  std::unique_ptr<base::Disk> disk = std::move(*base::open_posix_disk(directory.path()));
};

INSTANTIATE_TYPED_TEST_SUITE_P(Simulated, LogConformance, SimulatedBackend);
INSTANTIATE_TYPED_TEST_SUITE_P(Real, LogConformance, RealBackend);

}  // namespace
}  // namespace bandstand::log
