// oversight_snapshot: what operators have forbidden: kill switches, unsafe pages, limits of price; immutable, swapped whole.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/money.h"
#include "domain/decision.h"
#include "domain/hierarchy.h"

namespace bandstand::agents::oversight {

/// A small set, sorted once, asked often: 1 compare when empty, else a binary search.
template <class T>
class SortedSet {
 public:
  SortedSet() = default;
  explicit SortedSet(std::vector<T> items) : items_(std::move(items)) {
    std::sort(items_.begin(), items_.end());
    items_.erase(std::unique(items_.begin(), items_.end()), items_.end());
  }
  template <class Key>
  [[nodiscard]] bool contains(const Key& key) const noexcept {
    if (items_.empty()) return false;
    const auto at = std::lower_bound(items_.begin(), items_.end(), key);
    return at != items_.end() && *at == key;
  }
  [[nodiscard]] bool empty() const { return items_.empty(); }
  [[nodiscard]] const std::vector<T>& items() const { return items_; }

 private:
  std::vector<T> items_;
};

/// What is stopped, by id (a reload of the catalogue moves indexes, not ids).
struct KillSwitches {
  bool everything = false;
  SortedSet<std::uint16_t> exchanges;  ///< indexes in the settings
  SortedSet<base::AdvertiserId> advertisers;
  SortedSet<base::CampaignId> campaigns;
  SortedSet<base::LineItemId> line_items;
  SortedSet<base::CreativeId> creatives;
};

/// Pages where nothing of ours may appear. Lower case; a domain stands for its subdomains too.
struct PageSafety {
  SortedSet<std::string> domains;
  SortedSet<std::string> words;  ///< whole words of the page's keywords and address; ASCII letters and digits

  /// One entry a line; "#" begins a comment; entries are trimmed and lowered. Domains and words are told
  /// apart by the dot.
  static PageSafety parse(std::string_view text);
};

struct OversightOptions {
  base::Nanos price_max{100'000'000};   ///< per impression (100 CPM), whatever a policy says; 0 = none
  std::int64_t floor_multiple_max = 0;  ///< price <= this x the floor, where there is a floor; 0 = none
  std::int64_t usual_multiple_max = 3;  ///< price <= this x the line item's usual high price; 0 = none
  bool https_landing_only = false;      ///< else http is taken too
  std::vector<std::string> seats;       ///< our seat, by exchange index; missing or empty = none known
  domain::PolicyId policy;
  std::uint32_t version = 0;  ///< of this snapshot
};

/// Handed to every shard as a whole; a change is a new one.
struct OversightSnapshot {
  KillSwitches kill;
  PageSafety pages;
  OversightOptions options;
  /// The usual high price of line items (99th percentile of 7 days), sorted by id; those that are missing
  /// have none yet.
  std::vector<std::pair<base::LineItemId, base::Nanos>> usual_prices;

  [[nodiscard]] base::Nanos usual_price(base::LineItemId id) const noexcept {
    const auto at =
        std::lower_bound(usual_prices.begin(), usual_prices.end(), id,
                         [](const auto& entry, base::LineItemId key) { return entry.first < key; });
    return at != usual_prices.end() && at->first == id ? at->second : base::Nanos{};
  }
};

}  // namespace bandstand::agents::oversight
