// gpp: header, Fibonacci numbers, sections.
#include "protocol/consent/gpp.h"

#include <array>

#include "protocol/consent/bits.h"
#include "protocol/consent/us_privacy.h"

namespace bandstand::protocol::consent {
namespace {

constexpr int kSectionsMax = 64;

/// A number in Fibonacci coding: bits for 1, 2, 3, 5, 8 ..., closed by a second 1 in a row. 0 if there is
/// none.
std::uint32_t read_fibonacci(BitReader& bits) noexcept {
  std::uint32_t value = 0, previous = 1, current = 1;
  bool last = false;
  for (int i = 0; i < 24 && !bits.bad(); ++i) {
    const bool bit = bits.read(1) != 0;
    if (bit && last) return value;
    if (bit) value += current;
    last = bit;
    const std::uint32_t next = previous + current;
    previous = current;
    current = next;
  }
  return 0;
}

/// The ids of the sections in the order of the string. Ids over 63 are kept as 63, which we do not read.
struct SectionIds {
  std::array<std::uint8_t, kSectionsMax> ids{};
  int count = 0;
  bool ok = false;
};

SectionIds read_header(std::string_view header) noexcept {
  SectionIds out;
  BitReader bits(header);
  if (bits.read(6) != 3 || bits.read(6) != 1) return out;
  const std::uint32_t entries = bits.read(12);
  std::uint32_t last = 0;
  for (std::uint32_t i = 0; i < entries; ++i) {
    const bool range = bits.read(1) != 0;
    const std::uint32_t step = read_fibonacci(bits);
    const std::uint32_t length = range ? read_fibonacci(bits) : 0;
    if (bits.bad() || step == 0 || (range && length == 0) || length > kSectionsMax) return out;
    const std::uint32_t first = last + step;
    last = first + length;
    for (std::uint32_t id = first; id <= last; ++id) {
      if (out.count == kSectionsMax) return out;
      out.ids[static_cast<std::size_t>(out.count++)] = static_cast<std::uint8_t>(id < 63 ? id : 63);
    }
  }
  out.ok = true;
  return out;
}

/// Where a US section keeps its opt-outs: `notices` two-bit fields to skip, then `opt_outs` of them.
struct UsLayout {
  std::size_t notices, opt_outs;
  bool gpc;
};

constexpr UsLayout us_layout(int section) {
  switch (section) {
    case 7: return {6, 3, true};    // usnat: sale, sharing, targeted advertising
    case 8: return {3, 2, true};    // usca: sale, sharing
    case 9: return {3, 2, false};   // usva: sale, targeted advertising
    case 10: return {3, 2, true};   // usco
    case 11: return {4, 2, false};  // usut
    default: return {3, 2, true};   // usct
  }
}

/// False if it cannot be read.
bool read_us(std::string_view text, int section, bool& opt_out) noexcept {
  const UsLayout layout = us_layout(section);
  const std::size_t dot = text.find('.');
  BitReader bits(text.substr(0, dot));
  const std::uint32_t version = bits.read(6);
  if (version != 1 && version != 2) return false;
  bits.skip(2 * layout.notices);
  for (std::size_t i = 0; i < layout.opt_outs; ++i) {
    const std::uint32_t value = bits.read(2);  // 0 does not apply, 1 opted out, 2 did not
    if (value == 3) return false;
    opt_out = opt_out || value == 1;
  }
  if (bits.bad()) return false;
  while (layout.gpc && dot != std::string_view::npos) {
    text.remove_prefix(text.find('.') + 1);
    BitReader extra(text.substr(0, text.find('.')));
    if (extra.read(2) == 1) opt_out = opt_out || extra.read(1) != 0;
    if (extra.bad()) return false;
    if (text.find('.') == std::string_view::npos) break;
  }
  return true;
}

bool applies(std::span<const std::uint16_t> applicable, int section) {
  if (applicable.empty()) return true;
  for (const std::uint16_t id : applicable) {
    if (id == section) return true;
  }
  return false;
}

bool read_section(std::string_view text, int section, std::span<const std::uint16_t> applicable,
                  std::uint16_t vendor_id, Gpp& out) noexcept {
  if (section == 2) {
    out.has_tcf = true;
    out.tcf = decode_tcf(text, vendor_id);
    return out.tcf.valid;
  }
  if (section < 6 || section > 12 || !applies(applicable, section)) return true;
  if (section == 6) {
    const UsPrivacy us = decode_us_privacy(text);
    out.us_known = out.us_known || (us.valid && us.applies);
    out.us_opt_out = out.us_opt_out || us.opt_out;
    return us.valid;
  }
  if (!read_us(text, section, out.us_opt_out)) return false;
  out.us_known = true;
  return true;
}

}  // namespace

Gpp decode_gpp(std::string_view text, std::span<const std::uint16_t> applicable,
               std::uint16_t vendor_id) noexcept {
  Gpp out;
  std::size_t end = text.find('~');
  const SectionIds header = read_header(text.substr(0, end));
  if (!header.ok) return out;
  bool readable = true;
  for (int i = 0; i < header.count; ++i) {
    if (end == std::string_view::npos) return out;  // fewer sections than promised
    text.remove_prefix(end + 1);
    end = text.find('~');
    const int section = header.ids[static_cast<std::size_t>(i)];
    out.sections |= std::uint64_t{1} << section;
    readable = read_section(text.substr(0, end), section, applicable, vendor_id, out) && readable;
  }
  out.valid = readable && end == std::string_view::npos;
  return out;
}

}  // namespace bandstand::protocol::consent
