// checksum: bytes that carry the CRC-32C of what is before it, as snapshots and kept states do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/hash.h"

namespace bandstand::base {

/// Appends the sum of all bytes from `begin` on.
inline void append_checksum(std::string& bytes, std::size_t begin = 0) {
  ByteWriter(bytes).put(crc32c(bytes.data() + begin, bytes.size() - begin));
}

/// The bytes before the sum; none if it does not fit them, or is not there.
[[nodiscard]] inline std::optional<std::string_view> without_checksum(std::string_view bytes) {
  if (bytes.size() < sizeof(std::uint32_t)) return std::nullopt;
  const std::string_view content = bytes.substr(0, bytes.size() - sizeof(std::uint32_t));
  const auto sum = ByteReader(bytes.substr(content.size())).get<std::uint32_t>();
  if (sum != crc32c(content.data(), content.size())) return std::nullopt;
  return content;
}

}  // namespace bandstand::base
