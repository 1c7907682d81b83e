// text_table: from texts to small numbers, built once, asked often; texts are compared, not only their hashes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "domain/hierarchy.h"

namespace bandstand::agents::targeting {

/// Does not tell upper from lower case (nor a few other pairs of bytes). For tables that we fill and
/// strangers only ask: a slot may be aimed at, but probes stay as short as we made them. About 2 ns for 16
/// bytes; after wyhash (Wang Yi).
inline std::uint64_t short_hash(std::string_view text) noexcept {
  constexpr std::uint64_t kA = 0xA0761D6478BD642Full;
  constexpr std::uint64_t kB = 0xE7037ED1A0B428DBull;
  const auto load = [](const char* from, std::size_t size) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, size);
    return word | 0x2020202020202020ull;
  };
  const auto fold = [](std::uint64_t a, std::uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  };
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = kA ^ text.size();
  for (; left > 16; at += 16, left -= 16) hash = fold(load(at, 8) ^ hash, load(at + 8, 8) ^ kB);
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  if (left >= 8) {
    a = load(at, 8);
    b = load(at + left - 8, 8);
  } else if (left >= 4) {
    a = load(at, 4);
    b = load(at + left - 4, 4);
  } else if (left > 0) {
    a = 0x202020u | static_cast<unsigned char>(at[0]) |
        static_cast<std::uint64_t>(static_cast<unsigned char>(at[left / 2])) << 8 |
        static_cast<std::uint64_t>(static_cast<unsigned char>(at[left - 1])) << 16;
  }
  return fold(a ^ hash, b ^ kB) ^ fold(hash, kA);
}

/// Open addressing over 64-bit hashes. Immutable once finished.
class TextTable {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// The text's number: the next one if it is new.
  std::uint32_t add(std::string_view text) {
    const std::uint32_t known = find(text);
    if (known != kNone) return known;
    const auto slot = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back({short_hash(text), static_cast<std::uint32_t>(texts_.size()),
                        static_cast<std::uint32_t>(text.size())});
    texts_.append(text);
    if (entries_.size() * 2 > places_.size()) {
      grow();
    } else {
      place(slot);
    }
    return slot;
  }

  /// About 8 ns; 1 ns in an empty table.
  [[nodiscard]] std::uint32_t find(std::string_view text) const noexcept {
    return find(text, [](std::string_view a, std::string_view b) { return a == b; });
  }
  /// The same where ASCII case does not matter and the table's texts are lower case.
  [[nodiscard]] std::uint32_t find_folded(std::string_view text) const noexcept {
    return find(text, domain::equal_ignoring_case);
  }

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(entries_.size()); }
  [[nodiscard]] std::size_t bytes() const {
    return entries_.size() * sizeof(Entry) + places_.size() * sizeof(std::uint32_t) + texts_.size();
  }

 private:
  struct Entry {
    std::uint64_t hash = 0;
    std::uint32_t begin = 0, size = 0;
  };

  template <class Same>
  [[nodiscard]] std::uint32_t find(std::string_view text, Same same) const noexcept {
    if (entries_.empty()) return kNone;
    const std::uint64_t hash = short_hash(text);
    for (std::size_t i = hash & mask_; places_[i] != kNone; i = (i + 1) & mask_) {
      const Entry& entry = entries_[places_[i]];
      if (entry.hash == hash && same(std::string_view(texts_.data() + entry.begin, entry.size), text))
        return places_[i];
    }
    return kNone;
  }

  void place(std::uint32_t slot) {
    std::size_t i = entries_[slot].hash & mask_;
    while (places_[i] != kNone) i = (i + 1) & mask_;
    places_[i] = slot;
  }
  void grow() {
    places_.assign(places_.empty() ? 16 : places_.size() * 2, kNone);
    mask_ = places_.size() - 1;
    for (std::uint32_t slot = 0; slot < entries_.size(); ++slot) place(slot);
  }

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> places_;
  std::string texts_;
  std::size_t mask_ = 0;
};

}  // namespace bandstand::agents::targeting
