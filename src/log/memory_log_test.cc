// memory_log_test: the memory backend against the conformance suite.
#include "log/memory_log.h"

#include "log/conformance.h"

namespace bandstand::log {
namespace {

struct MemoryBackend {
  std::unique_ptr<Log> open() { return open_memory_log(store, clock); }
  static std::string topic(std::string name) { return name; }
  static bool settle() { return false; }
  base::ManualClock clock;
  std::shared_ptr<MemoryStore> store = make_memory_store();
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, LogConformance, MemoryBackend);

}  // namespace
}  // namespace bandstand::log
