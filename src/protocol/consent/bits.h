// bits: reading fields of single bits from base64url text, as TCF and GPP strings are written. Internal to
// this folder.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bandstand::protocol::consent {

/// Value of a base64url character, 0xff for others.
inline constexpr std::array<std::uint8_t, 256> kBase64Url = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(0xff);
  std::uint8_t value = 0;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = value++;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = value++;
  for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = value++;
  table['-'] = value++;
  table['_'] = value;
  return table;
}();

/// A cursor over the bits of base64url text. Reading past the end gives zeros and sets bad().
class BitReader {
 public:
  explicit BitReader(std::string_view text) : text_(text) {
    while (!text_.empty() && text_.back() == '=') text_.remove_suffix(1);  // padding is not allowed, but seen
    std::uint8_t all = 0;
    for (const char c : text_) all |= kBase64Url[static_cast<unsigned char>(c)];
    bad_ = (all & 0xc0) != 0;
  }

  /// The next `count` (at most 32) bits, the first one highest.
  std::uint32_t read(std::size_t count) noexcept {
    if (bad_ || at_ + count > text_.size() * 6) {
      bad_ = true;
      return 0;
    }
    std::uint32_t value = 0;
    for (std::size_t left = count; left > 0;) {
      const std::size_t offset = at_ % 6;
      const std::size_t taken = left < 6 - offset ? left : 6 - offset;
      const std::uint32_t six = kBase64Url[static_cast<unsigned char>(text_[at_ / 6])];
      value = value << taken | (six >> (6 - offset - taken) & ((1u << taken) - 1));
      at_ += taken;
      left -= taken;
    }
    return value;
  }
  void skip(std::size_t count) noexcept {
    if (at_ + count > text_.size() * 6)
      bad_ = true;
    else
      at_ += count;
  }
  [[nodiscard]] bool bad() const { return bad_; }
  [[nodiscard]] std::size_t left() const { return text_.size() * 6 - at_; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  bool bad_ = false;
};

}  // namespace bandstand::protocol::consent
