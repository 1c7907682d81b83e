// log: what all backends share: the partitioner and the checks of names and options.
#include "log/log.h"

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"

namespace bandstand::log {

using base::Code;
using base::fail;

std::uint32_t partition_of(std::string_view key, std::uint32_t partitions) noexcept {
  BANDSTAND_CHECK(partitions > 0);
  return static_cast<std::uint32_t>(base::hash64(key) % partitions);
}

bool is_valid_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 100 || name == "." || name == "..") return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

base::Result<std::monostate> check_options(const TopicOptions& options) noexcept {
  if (options.partitions < 1 || options.partitions > 1024) return fail(Code::invalid_input, "partitions: 1..1024");
  if (options.segment_bytes < (4u << 10) || options.segment_bytes > (4ull << 30)) {
    return fail(Code::invalid_input, "segment_bytes: 4 KiB..4 GiB");
  }
  if (options.record_bytes_max < 1 || options.record_bytes_max + 128ull > options.segment_bytes) {
    return fail(Code::invalid_input, "record_bytes_max: at least 1, and a segment must hold a record and 128 bytes");
  }
  return std::monostate{};
}

}  // namespace bandstand::log
