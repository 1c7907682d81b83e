// tcf: the core segment, bit by bit.
#include "protocol/consent/tcf.h"

#include "protocol/consent/bits.h"

namespace bandstand::protocol::consent {
namespace {

/// Is `vendor` in a list of ranges? Reads the whole list. A range that ends before it starts is malformed.
bool in_ranges(BitReader& bits, std::uint16_t vendor, bool& malformed) noexcept {
  bool found = false;
  const std::uint32_t entries = bits.read(12);
  for (std::uint32_t i = 0; i < entries && !bits.bad(); ++i) {
    const bool range = bits.read(1) != 0;
    const std::uint32_t first = bits.read(16);
    const std::uint32_t last = range ? bits.read(16) : first;
    malformed = malformed || last < first || first == 0;
    found = found || (vendor >= first && vendor <= last);
  }
  return found && !bits.bad();
}

/// A "vendor section": bit field or ranges up to a maximal id.
bool in_vendors(BitReader& bits, std::uint16_t vendor, bool& malformed) noexcept {
  const std::uint32_t id_max = bits.read(16);
  if (bits.read(1) != 0) return in_ranges(bits, vendor, malformed) && vendor != 0;
  if (vendor == 0 || vendor > id_max) {
    bits.skip(id_max);
    return false;
  }
  bits.skip(vendor - 1u);
  const bool set = bits.read(1) != 0;
  bits.skip(id_max - vendor);
  return set;
}

/// 24 bits, purpose 1 first, to bit n-1 = purpose n.
std::uint32_t read_purposes(BitReader& bits) noexcept {
  std::uint32_t value = bits.read(24);
  std::uint32_t purposes = 0;
  for (int i = 0; i < 24; ++i) purposes |= (value >> (23 - i) & 1u) << i;
  return purposes;
}

void read_restrictions(BitReader& bits, std::uint16_t vendor, bool& malformed, Tcf& out) noexcept {
  const std::uint32_t count = bits.read(12);
  for (std::uint32_t i = 0; i < count && !bits.bad(); ++i) {
    const std::uint32_t purpose = bits.read(6);
    const std::uint32_t type = bits.read(2);
    const bool ours = in_ranges(bits, vendor, malformed) && vendor != 0;
    malformed = malformed || purpose == 0;
    if (!ours || purpose == 0 || purpose > 24) continue;
    const std::uint32_t bit = 1u << (purpose - 1);
    if (type == 0) out.forbidden |= bit;
    if (type == 1) out.consent_required |= bit;
    if (type == 2) out.interest_required |= bit;
  }
}

}  // namespace

std::uint32_t Tcf::purposes() const noexcept {
  if (!valid) return 0;
  constexpr std::uint32_t kFirst = 1u, kThreeToSix = 0b111100u;
  std::uint32_t by_consent = vendor_consent ? purpose_consents : 0;
  std::uint32_t by_interest = vendor_interest ? purpose_interests : 0;
  by_interest &= ~(policy_version >= 4 ? kFirst | kThreeToSix : kFirst);
  by_consent &= ~(forbidden | interest_required);
  by_interest &= ~(forbidden | consent_required);
  return by_consent | by_interest;
}

Tcf decode_tcf(std::string_view text, std::uint16_t vendor_id) noexcept {
  Tcf out;
  BitReader bits(text.substr(0, text.find('.')));
  if (bits.read(6) != 2) return out;
  bits.skip(36 + 36);      // created, last updated
  bits.skip(12 + 12 + 6);  // CMP, its version, screen
  bits.skip(12 + 12);      // language, vendor list version
  out.policy_version = static_cast<std::uint8_t>(bits.read(6));
  bits.skip(1 + 1 + 12);  // service specific, non-standard texts, special features
  out.purpose_consents = read_purposes(bits);
  out.purpose_interests = read_purposes(bits);
  bits.skip(1);  // purpose one treatment: not used; without purpose 1 we ask for nothing
  const std::uint32_t country = bits.read(12);
  out.publisher_country = static_cast<std::uint16_t>(('A' + (country >> 6)) << 8 | ('A' + (country & 0x3f)));
  bool malformed = (country >> 6) > 25 || (country & 0x3f) > 25;
  out.vendor_consent = in_vendors(bits, vendor_id, malformed);
  out.vendor_interest = in_vendors(bits, vendor_id, malformed);
  read_restrictions(bits, vendor_id, malformed, out);
  out.valid = !bits.bad() && !malformed;
  if (!out.valid) out.vendor_consent = out.vendor_interest = false;
  return out;
}

}  // namespace bandstand::protocol::consent
