// range_table: which label an address has: nested and crossing ranges, flattened once, then one binary search.
//
// 1. Where ranges overlap, the narrowest wins; of two of one width, the one added later.
// 2. Label 0 is "none", and what no range covers has it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "base/check.h"

namespace bandstand::agents::fraud {

/// Immutable once built; share it between threads. `Address` is an unsigned integer.
template <class Address>
class RangeTable {
 public:
  using Label = std::uint8_t;

  class Builder {
   public:
    /// Both ends belong to the range.
    void add(Address first, Address last, Label label) {
      BANDSTAND_CHECK(first <= last);
      ranges_.push_back({first, last, label});
    }
    [[nodiscard]] std::size_t size() const { return ranges_.size(); }

    /// O(n log n): sweeps over the ends, the open ranges in a set ordered by width.
    [[nodiscard]] RangeTable build() const {
      struct End {
        Address at;
        std::uint32_t range;
        bool opens;
      };
      std::vector<End> ends;
      ends.reserve(ranges_.size() * 2);
      for (std::uint32_t i = 0; i < ranges_.size(); ++i) {
        ends.push_back({ranges_[i].first, i, true});
        if (ranges_[i].last != static_cast<Address>(~Address{0})) {
          ends.push_back({static_cast<Address>(ranges_[i].last + 1), i, false});
        }
      }
      std::sort(ends.begin(), ends.end(), [](const End& a, const End& b) { return a.at < b.at; });
      const auto narrower = [this](std::uint32_t a, std::uint32_t b) {
        const Address x = ranges_[a].last - ranges_[a].first;
        const Address y = ranges_[b].last - ranges_[b].first;
        return x != y ? x < y : a > b;
      };
      std::set<std::uint32_t, decltype(narrower)> open(narrower);
      RangeTable table;
      for (std::size_t i = 0; i < ends.size();) {
        const Address at = ends[i].at;
        for (; i < ends.size() && ends[i].at == at; ++i) {
          if (ends[i].opens) {
            open.insert(ends[i].range);
          } else {
            open.erase(ends[i].range);
          }
        }
        table.append(at, open.empty() ? Label{0} : ranges_[*open.begin()].label);
      }
      table.index();
      return table;
    }

   private:
    struct Range {
      Address first, last;
      Label label;
    };
    std::vector<Range> ranges_;
  };

  /// About 20 ns in a table of 500,000 pieces.
  [[nodiscard]] Label at(Address address) const noexcept {
    const std::size_t bucket = static_cast<std::size_t>(address >> kShift);
    if (buckets_.empty()) return 0;
    std::size_t low = buckets_[bucket];
    std::size_t count = buckets_[bucket + 1] - low;
    // The last piece that starts at or below the address: in this bucket, or the last of those before it.
    while (count > 0) {
      const std::size_t half = count / 2;
      if (starts_[low + half] <= address) {
        low += half + 1;
        count -= half + 1;
      } else {
        count = half;
      }
    }
    return low == 0 ? Label{0} : labels_[low - 1];
  }
  /// Pieces after flattening.
  [[nodiscard]] std::size_t size() const { return starts_.size(); }
  [[nodiscard]] std::size_t bytes() const {
    return starts_.size() * (sizeof(Address) + sizeof(Label)) + buckets_.size() * sizeof(std::uint32_t);
  }

 private:
  static constexpr int kBucketBits = 16;
  static constexpr int kShift = static_cast<int>(sizeof(Address)) * 8 - kBucketBits;

  void append(Address start, Label label) {
    if (!labels_.empty() ? labels_.back() == label : label == 0) return;
    starts_.push_back(start);
    labels_.push_back(label);
  }

  /// Where each bucket of the upper 16 bits begins, so that a search stays within one of them.
  void index() {
    if (starts_.empty()) return;
    buckets_.assign((std::size_t{1} << kBucketBits) + 1, 0);
    for (const Address start : starts_) ++buckets_[static_cast<std::size_t>(start >> kShift) + 1];
    for (std::size_t i = 1; i < buckets_.size(); ++i) buckets_[i] += buckets_[i - 1];
  }

  std::vector<Address> starts_;
  std::vector<Label> labels_;
  std::vector<std::uint32_t> buckets_;
};

}  // namespace bandstand::agents::fraud
