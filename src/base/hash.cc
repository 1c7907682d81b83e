// hash: thin layers over the CPU's CRC, xxHash and OpenSSL.
#include "base/hash.h"

#include <nmmintrin.h>
#define OPENSSL_SUPPRESS_DEPRECATED  // the low-level SHA-256 state is what makes a prepared key possible
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <xxhash.h>

#include <cstring>

namespace bandstand::base {

std::uint32_t crc32c(const void* data, std::size_t size, std::uint32_t seed) noexcept {
  const auto* p = static_cast<const std::uint8_t*>(data);
  std::uint64_t crc = ~seed;
  for (; size >= 8; size -= 8, p += 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    crc = _mm_crc32_u64(crc, word);
  }
  auto crc32 = static_cast<std::uint32_t>(crc);
  for (; size > 0; --size, ++p) crc32 = _mm_crc32_u8(crc32, *p);
  return ~crc32;
}

std::uint64_t hash64(std::string_view text, std::uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

Sha256 sha256(std::string_view data) noexcept {
  // SHA256() looks the algorithm up by name at each call, which costs more than a block.
  Sha256 out;
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, data.data(), data.size());
  SHA256_Final(out.data(), &context);
  return out;
}

Hmac::Hmac(std::string_view key) noexcept {
  std::array<std::uint8_t, 64> block{};
  if (key.size() > block.size()) {
    const Sha256 short_key = sha256(key);
    std::memcpy(block.data(), short_key.data(), short_key.size());
  } else {
    std::memcpy(block.data(), key.data(), key.size());
  }
  const auto prepare = [&](std::uint8_t pad, std::array<std::uint32_t, 8>& state) {
    std::array<std::uint8_t, 64> padded;
    for (std::size_t i = 0; i < block.size(); ++i) padded[i] = block[i] ^ pad;
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, padded.data(), padded.size());
    std::memcpy(state.data(), context.h, sizeof context.h);
  };
  prepare(0x36, inner_);
  prepare(0x5c, outer_);
}

Sha256 Hmac::sign(std::string_view data) const noexcept {
  const auto resume = [](const std::array<std::uint32_t, 8>& state) {
    SHA256_CTX context;
    SHA256_Init(&context);
    std::memcpy(context.h, state.data(), sizeof context.h);
    context.Nl = 512;  // one block of the key has been hashed
    return context;
  };
  Sha256 digest;
  SHA256_CTX context = resume(inner_);
  SHA256_Update(&context, data.data(), data.size());
  SHA256_Final(digest.data(), &context);
  context = resume(outer_);
  SHA256_Update(&context, digest.data(), digest.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::size_t base64url_size(std::size_t bytes) noexcept { return (bytes * 4 + 2) / 3; }

std::size_t base64url_encode(std::span<const std::uint8_t> bytes, char* out) noexcept {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  char* p = out;
  const std::uint8_t* in = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3; left -= 3, in += 3, p += 4) {
    const std::uint32_t bits = static_cast<std::uint32_t>(in[0]) << 16 | static_cast<std::uint32_t>(in[1]) << 8 | in[2];
    p[0] = kAlphabet[bits >> 18];
    p[1] = kAlphabet[bits >> 12 & 63];
    p[2] = kAlphabet[bits >> 6 & 63];
    p[3] = kAlphabet[bits & 63];
  }
  if (left > 0) {
    const std::uint32_t second = left == 2 ? static_cast<std::uint32_t>(in[1]) << 8 : 0u;
    const std::uint32_t bits = static_cast<std::uint32_t>(in[0]) << 16 | second;
    *p++ = kAlphabet[bits >> 18];
    *p++ = kAlphabet[bits >> 12 & 63];
    if (left == 2) *p++ = kAlphabet[bits >> 6 & 63];
  }
  return static_cast<std::size_t>(p - out);
}

std::size_t base64url_decode(std::string_view text, std::span<std::uint8_t> out) noexcept {
  std::size_t size = 0;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    std::uint32_t digit = 0;
    if (c >= 'A' && c <= 'Z') {
      digit = static_cast<std::uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      digit = static_cast<std::uint32_t>(c - 'a' + 26);
    } else if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint32_t>(c - '0' + 52);
    } else if (c == '-') {
      digit = 62;
    } else if (c == '_') {
      digit = 63;
    } else {
      return SIZE_MAX;
    }
    bits = (bits << 6) | digit;
    held += 6;
    if (held >= 8) {
      held -= 8;
      if (size == out.size()) return SIZE_MAX;
      out[size++] = static_cast<std::uint8_t>(bits >> held);
    }
  }
  if (held >= 6 || (bits & ((1u << held) - 1)) != 0) return SIZE_MAX;
  return size;
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

}  // namespace bandstand::base
