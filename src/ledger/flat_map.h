// flat_map: an open-addressing table of plain values, for the ledger's ids; no allocation per entry.
//
// Iteration order depends on history and is therefore never used to decide anything: for_each() is for sums,
// or for copying out and sorting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "base/check.h"

namespace bandstand::ledger {

/// Linear probing, load at most 5/8, deletion by shifting back. `Key{}` marks an empty slot and cannot be
/// stored. Pointers hold until the next insert or erase.
template <class Key, class Value>
class FlatMap {
 public:
  explicit FlatMap(std::size_t expected = 8) { rehash(capacity_for(expected)); }

  [[nodiscard]] std::size_t size() const { return size_; }

  [[nodiscard]] const Value* find(const Key& key) const {
    for (std::size_t i = home(key);; i = (i + 1) & mask_) {
      if (slots_[i].first == Key{}) return nullptr;  // first, so that the empty key is not found
      if (slots_[i].first == key) return &slots_[i].second;
    }
  }
  [[nodiscard]] Value* find(const Key& key) { return const_cast<Value*>(std::as_const(*this).find(key)); }

  /// The value at `key`, made if it is missing.
  Value& operator[](const Key& key) {
    BANDSTAND_CHECK(key != Key{});
    if ((size_ + 1) * 8 > slots_.size() * 5) rehash(slots_.size() * 2);
    for (std::size_t i = home(key);; i = (i + 1) & mask_) {
      if (slots_[i].first == key) return slots_[i].second;
      if (slots_[i].first == Key{}) {
        slots_[i].first = key;
        ++size_;
        return slots_[i].second;
      }
    }
  }

  bool erase(const Key& key) {
    if (key == Key{}) return false;
    std::size_t hole = home(key);
    while (slots_[hole].first != key) {
      if (slots_[hole].first == Key{}) return false;
      hole = (hole + 1) & mask_;
    }
    for (std::size_t next = (hole + 1) & mask_; slots_[next].first != Key{}; next = (next + 1) & mask_) {
      if (((next - home(slots_[next].first)) & mask_) >= ((next - hole) & mask_)) {
        slots_[hole] = std::move(slots_[next]);
        hole = next;
      }
    }
    slots_[hole] = {};
    --size_;
    return true;
  }

  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& slot : slots_) {
      if (slot.first != Key{}) visit(slot.first, slot.second);
    }
  }

  /// Keeps what `keep` says yes to.
  template <class Keep>
  void filter(Keep&& keep) {
    std::vector<std::pair<Key, Value>> old(slots_.size());
    old.swap(slots_);
    size_ = 0;
    std::size_t kept = 0;
    for (const auto& slot : old) kept += slot.first != Key{} && keep(slot.first, slot.second) ? 1 : 0;
    slots_.clear();
    rehash(capacity_for(kept));
    for (const auto& slot : old) {
      if (slot.first != Key{} && keep(slot.first, slot.second)) (*this)[slot.first] = slot.second;
    }
  }

  void clear() {
    slots_.clear();
    size_ = 0;
    rehash(capacity_for(8));
  }

 private:
  static std::size_t capacity_for(std::size_t entries) {
    std::size_t capacity = 16;
    while (capacity * 5 < entries * 8 + 8) capacity *= 2;
    return capacity;
  }
  [[nodiscard]] std::size_t home(const Key& key) const {
    const std::uint64_t h = std::hash<Key>{}(key)*0x9E3779B97F4A7C15ull;
    return static_cast<std::size_t>(h >> 20) & mask_;
  }
  void rehash(std::size_t capacity) {
    std::vector<std::pair<Key, Value>> old(capacity);
    old.swap(slots_);
    mask_ = capacity - 1;
    size_ = 0;
    for (auto& slot : old) {
      if (slot.first != Key{}) (*this)[slot.first] = std::move(slot.second);
    }
  }

  std::vector<std::pair<Key, Value>> slots_;
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

}  // namespace bandstand::ledger
