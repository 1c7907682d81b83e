// hash: checksums of what we store, keyed hashes of what strangers send, signatures of what we hand out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bandstand::base {

/// CRC-32C (Castagnoli), as in RFC 3720; `seed` continues an earlier sum. About 10 GB/s.
std::uint32_t crc32c(const void* data, std::size_t size, std::uint32_t seed = 0) noexcept;

/// XXH3, 64 bits, seeded: for tables keyed by text from outside. Not for signatures.
std::uint64_t hash64(std::string_view text, std::uint64_t seed = 0) noexcept;

using Sha256 = std::array<std::uint8_t, 32>;
/// About 0.1 us for up to 55 bytes.
Sha256 sha256(std::string_view data) noexcept;

/// HMAC-SHA-256. The key's schedule is prepared once; a signature then costs about 0.5 us. Copyable; not thread-safe
/// (one per shard).
class Hmac {
 public:
  explicit Hmac(std::string_view key) noexcept;
  [[nodiscard]] Sha256 sign(std::string_view data) const noexcept;

 private:
  std::array<std::uint32_t, 8> inner_;  ///< SHA-256 state after the key's inner block
  std::array<std::uint32_t, 8> outer_;
};

/// False if the sizes differ.
bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) noexcept;

/// base64url without padding (RFC 4648 section 5).
std::size_t base64url_size(std::size_t bytes) noexcept;
std::size_t base64url_encode(std::span<const std::uint8_t> bytes, char* out) noexcept;
/// Strict: no padding, no white space, unused bits zero. Returns the number of bytes, or SIZE_MAX.
std::size_t base64url_decode(std::string_view text, std::span<std::uint8_t> out) noexcept;
/// Lower-case hexadecimal.
std::string to_hex(std::span<const std::uint8_t> bytes);

}  // namespace bandstand::base
