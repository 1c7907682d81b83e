// ids: hexadecimal text of 128-bit ids.
#include "base/ids.h"

namespace bandstand::base {

void format_id(DecisionId id, char* out32) noexcept {
  static constexpr char kHex[] = "0123456789abcdef";
  for (int i = 0; i < 16; ++i) {
    out32[15 - i] = kHex[(id.hi >> (4 * i)) & 15];
    out32[31 - i] = kHex[(id.lo >> (4 * i)) & 15];
  }
}

bool parse_id(const char* text, std::size_t size, DecisionId& out) noexcept {
  if (size != 32) return false;
  std::uint64_t part[2] = {0, 0};
  for (std::size_t i = 0; i < 32; ++i) {
    const char c = text[i];
    unsigned digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<unsigned>(c - 'a' + 10);
    } else {
      return false;
    }
    part[i / 16] = (part[i / 16] << 4) | digit;
  }
  out = {part[0], part[1]};
  return true;
}

}  // namespace bandstand::base
