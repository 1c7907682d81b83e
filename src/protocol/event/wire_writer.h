// wire_writer: Protocol Buffers into memory that is known to be large enough.
//
// protozero writes into a growing string and moves each nested message once its length is known: 20 % of a decision's
// instructions went there, since a decision's record is written on the shard. Reading is protozero's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/check.h"

namespace bandstand::protocol::event {

/// Appends fields at `at`. The caller has reserved enough: a field takes at most kFieldMax bytes and its content. As proto3
/// wants it, zeros are left out, but for number_or_zero() and bytes().
class WireWriter {
 public:
  static constexpr std::size_t kFieldMax = 16;

  explicit WireWriter(char* at) : at_(at) {}
  [[nodiscard]] char* at() const { return at_; }

  void number(std::uint32_t tag, std::uint64_t value) {
    if (value != 0) number_or_zero(tag, value);
  }
  void number_or_zero(std::uint32_t tag, std::uint64_t value) {
    varint(tag << 3);
    varint(value);
  }
  /// sint64: small negative numbers stay short.
  void zigzag(std::uint32_t tag, std::int64_t value) {
    number(tag, static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  void fixed64(std::uint32_t tag, std::uint64_t value) {
    if (value != 0) fixed(tag << 3 | 1, value);
  }
  void real(std::uint32_t tag, float value) {
    if (value != 0) fixed(tag << 3 | 5, value);
  }
  void real(std::uint32_t tag, double value) {
    if (value != 0) fixed(tag << 3 | 1, value);
  }
  void bytes(std::uint32_t tag, const void* data, std::size_t size) {
    varint(tag << 3 | 2);
    varint(size);
    if (size != 0) std::memcpy(at_, data, size);
    at_ += size;
  }
  void text(std::uint32_t tag, std::string_view value) {
    if (!value.empty()) bytes(tag, value.data(), value.size());
  }

  /// A nested message: `write` fills it. One byte is kept for its length; a longer one moves, which is rare for a call or
  /// a candidate.
  template <class Write>
  void message(std::uint32_t tag, Write&& write) {
    varint(tag << 3 | 2);
    char* const length = at_;
    char* const begin = ++at_;
    write();
    const auto size = static_cast<std::size_t>(at_ - begin);
    at_ = length;
    if (size >= 128) {
      const std::size_t more = size < 1u << 14 ? 1 : size < 1u << 21 ? 2 : size < 1u << 28 ? 3 : 4;
      std::memmove(begin + more, begin, size);
    }
    varint(size);
    at_ += size;
  }

 private:
  void varint(std::uint64_t value) {
    while (value >= 0x80) {
      *at_++ = static_cast<char>(value | 0x80);
      value >>= 7;
    }
    *at_++ = static_cast<char>(value);
  }
  template <class T>
  void fixed(std::uint32_t key, T value) {
    varint(key);
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
  }

  char* at_;
};

}  // namespace bandstand::protocol::event
