// population_consent: the fields in the order of the specification, most significant bit first.
#include "simulation/population_consent.h"

#include <algorithm>
#include <vector>

#include "base/hash.h"

namespace bandstand::simulation {
namespace {

class BitWriter {
 public:
  void put(std::uint64_t value, int bits) {
    for (int i = bits - 1; i >= 0; --i) {
      if (used_ % 8 == 0) bytes_.push_back(0);
      if ((value >> i & 1) != 0)
        bytes_.back() = static_cast<std::uint8_t>(bytes_.back() | 0x80u >> (used_ % 8));
      ++used_;
    }
  }
  /// `mask` holds bit n-1 for item n; the wire has item 1 first.
  void put_mask(std::uint32_t mask, int items) {
    for (int n = 0; n < items; ++n) put(mask >> n & 1, 1);
  }
  void put_letters(std::string_view two) {
    for (const char c : two) put(static_cast<std::uint64_t>(c - 'A'), 6);
  }
  [[nodiscard]] std::string base64url() const {
    std::string out(base::base64url_size(bytes_.size()), '\0');
    out.resize(base::base64url_encode(bytes_, out.data()));
    return out;
  }

 private:
  std::vector<std::uint8_t> bytes_;
  std::size_t used_ = 0;
};

void put_vendors(BitWriter& out, std::initializer_list<std::uint16_t> vendors) {
  const std::uint16_t max = vendors.size() == 0 ? 0 : std::max(vendors);
  out.put(max, 16);
  out.put(0, 1);  // a bit field, no ranges
  for (std::uint16_t id = 1; id <= max; ++id) {
    out.put(std::find(vendors.begin(), vendors.end(), id) != vendors.end() ? 1 : 0, 1);
  }
}

}  // namespace

std::string encode_tcf(const ConsentWish& wish) {
  BitWriter out;
  out.put(2, 6);
  out.put(static_cast<std::uint64_t>(wish.created_ds), 36);
  out.put(static_cast<std::uint64_t>(wish.created_ds), 36);
  out.put(31, 12);  // the consent manager: an id, its version, its screen
  out.put(1, 12);
  out.put(1, 6);
  out.put_letters(wish.language);
  out.put(60, 12);  // version of the vendor list
  out.put(4, 6);    // policy version of TCF 2.2
  out.put(1, 1);    // service specific
  out.put(0, 1);
  out.put(0, 12);  // special features
  out.put_mask(wish.purposes, 24);
  out.put_mask(wish.legitimate_interests, 24);
  out.put(0, 1);
  out.put_letters(wish.country);
  put_vendors(out, wish.vendors);
  put_vendors(out, {});
  out.put(0, 12);  // publisher restrictions
  return out.base64url();
}

}  // namespace bandstand::simulation
