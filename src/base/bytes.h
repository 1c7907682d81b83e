// bytes: plain values into a string and back, little-endian: the form of snapshots and records that we alone read.
//
// Not a wire format: no field numbers, no optional fields. Whoever stores such bytes puts a version first.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace bandstand::base {

static_assert(std::endian::native == std::endian::little, "bytes.h copies values as they lie in memory");

/// Appends values to a string.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  /// A number or an enum, as it lies in memory. Structs are written field by field, because of their padding.
  template <class T>
  void put(T value) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  /// Length (32 bits), then the bytes.
  void put_text(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    out_.append(text);
  }
  /// Count (64 bits), then the numbers.
  template <class T>
  void put_all(std::span<const T> values) {
    static_assert(std::is_arithmetic_v<T>);
    put(static_cast<std::uint64_t>(values.size()));
    out_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  }

 private:
  std::string& out_;
};

/// Reads what a ByteWriter wrote. After the first read past the end, ok() is false and every value is zero: check once.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : left_(bytes) {}

  template <class T>
  T get() {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    T value{};
    if (take(sizeof value)) std::memcpy(&value, taken_, sizeof value);
    return value;
  }
  /// A view into the bytes given to the constructor.
  std::string_view get_text() {
    const auto size = get<std::uint32_t>();
    return take(size) ? std::string_view(taken_, size) : std::string_view{};
  }
  /// At most `count_max` numbers; more makes the reader fail, so that a bad length allocates nothing.
  template <class T>
  std::vector<T> get_all(std::uint64_t count_max) {
    static_assert(std::is_arithmetic_v<T>);
    const auto count = get<std::uint64_t>();
    if (count > count_max || !take(static_cast<std::size_t>(count) * sizeof(T))) {
      ok_ = false;
      return {};
    }
    std::vector<T> values(static_cast<std::size_t>(count));
    if (count > 0) std::memcpy(values.data(), taken_, values.size() * sizeof(T));
    return values;
  }
  [[nodiscard]] bool ok() const { return ok_; }
  /// All was read, and nothing is left over.
  [[nodiscard]] bool done() const { return ok_ && left_.empty(); }

 private:
  bool take(std::size_t size) {
    if (!ok_ || size > left_.size()) {
      ok_ = false;
      return false;
    }
    taken_ = left_.data();
    left_.remove_prefix(size);
    return true;
  }

  std::string_view left_;
  const char* taken_ = nullptr;
  bool ok_ = true;
};

}  // namespace bandstand::base
