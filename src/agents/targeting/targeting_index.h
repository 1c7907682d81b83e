// targeting_index: the catalogue turned around: for every value a request can have, the line items that accept it.
//
// 1. Built once per catalogue snapshot on the control thread; immutable; shared by all shards.
// 2. Line items stand in the order of rank_line_items(): bit p is the p-th best. A walk that stops early has
// the best.
// 3. Small closed vocabularies (country, device, size ...) have one row of bits a value. Open ones (domains,
// keywords, segments ...) have one base row, of those who do not care, and for each value two small sets:
// whom it lets in, whom it keeps out.
// 4. What changes with time (flight dates, hours of the week) is kept as changes, from which a shard keeps
// its own row.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <vector>

#include "agents/targeting/bit_rows.h"
#include "agents/targeting/circle_grid.h"
#include "agents/targeting/position_sets.h"
#include "agents/targeting/targeting_scan.h"
#include "agents/targeting/text_table.h"

namespace bandstand::agents::targeting {

/// Those of the line items for whom something holds; `all` if it holds for every one, and then the row is
/// empty.
struct Holders {
  BitRow row;
  bool all = true;
  [[nodiscard]] const BitRow* restricting() const noexcept { return all ? nullptr : &row; }
};

/// A closed vocabulary: a row for each value that some line item names, and one for all other values.
struct RowTable {
  std::vector<std::uint64_t> values;  ///< sorted
  std::vector<BitRow> rows;
  Holders others;

  /// The line items that accept this value; nullptr if that is everybody.
  [[nodiscard]] const BitRow* find(std::uint64_t value) const noexcept;
  [[nodiscard]] std::size_t bytes() const;
};

/// An open vocabulary: whom a value lets in, whom it keeps out. The base row is kept beside it, as
/// vocabularies may share one.
struct SetTable {
  TextTable texts;
  std::vector<SetId> lets_in, keeps_out;  ///< by number of the text
  [[nodiscard]] std::size_t bytes() const {
    return texts.bytes() + (lets_in.size() + keeps_out.size()) * sizeof(SetId);
  }
};

/// A set of key values that some line items demand. Every key must be met by one of its values.
struct Clause {
  std::uint64_t keys = 0;  ///< one bit a key
  SetId items = kNoSet;
};

/// A frequency cap by its key in UserState.
struct CapEntry {
  std::uint16_t impressions = 0;
  std::uint32_t window_s = 0;
  SetId items = kNoSet;  ///< out when the cap holds
  /// Caps per creative: a line item is out only when all its creatives are. Groups that lose one creative.
  std::vector<std::uint32_t> groups;
};

struct TargetingIndex {
  /// Errors of the catalogue are not looked for here: a snapshot has been checked.
  static std::shared_ptr<const TargetingIndex> build(domain::CatalogueSnapshot catalogue,
                                                     TargetingOptions options = {});

  explicit TargetingIndex(ScanTables scan_tables) : tables(std::move(scan_tables)) {}

  ScanTables tables;                    ///< catalogue, options, zones, order (position -> line item)
  std::uint32_t count = 0;              ///< line items
  std::vector<std::uint32_t> position;  ///< line item -> position
  PositionSets sets;
  BitRow everyone, nobody;

  RowTable exchanges, countries, devices, connections, oses, browsers, languages, positions;
  std::array<Holders, 16> media;         ///< by set of media types, bit (type - 1)
  RowTable sizes;                        ///< banners of exactly this size: w << 16 | h
  std::vector<std::uint16_t> widths;     ///< sorted
  std::vector<BitRow> at_least_as_wide;  ///< banners, by width
  std::array<BitRow, 4> has_media;       ///< by type - 1

  Holders any_region, any_city, any_zip, any_metro, any_place, any_segment, any_keyword, any_key, any_hour,
      any_placement, any_category, no_circle;
  SetTable regions, cities, zips, metros, domains, apps, segments, keywords, placements, categories;
  CircleGrid circles;
  std::vector<SetId> circle_items;  ///< by circle of the grid

  SetTable key_values;  ///< "key\0value"
  std::vector<Clause> clauses;
  struct ClauseKey {
    std::uint32_t clause = 0;
    std::uint64_t key = 0;
  };
  std::vector<std::vector<ClauseKey>> clause_keys;  ///< by number of the text in key_values

  Holders not_only_rewarded, interstitials;
  SetTable own_categories;  ///< lets_in: may show something of it; keeps_out: shows nothing else
  SetTable own_domains;     ///< lets_in: advertiser's domain, or one of its parents
  Holders open_auction;     ///< needs no deal
  SetTable deals;
  SetTable caps;  ///< by the four bytes of a frequency key; only the table of texts is used
  std::vector<std::vector<CapEntry>> cap_entries;
  std::vector<SetId> group_items;          ///< by group of creative caps: its line item
  std::vector<std::uint32_t> group_needs;  ///< how many creatives must be capped
  Holders not_capped_at_zero;
  Holders has_creative, advertiser_approved, has_secure;

  struct FlightChange {
    std::int64_t at_ns = 0;
    std::uint32_t position = 0;
    bool begins = false;
  };
  std::vector<FlightChange> flight_changes;  ///< by time
  struct Schedule {
    std::uint32_t zone = 0;  ///< index in tables.zones
    std::bitset<168> hours;
    SetId items = kNoSet;
  };
  std::vector<Schedule> schedules;

  [[nodiscard]] std::uint32_t blocks() const noexcept { return (count + kBlockBits - 1) / kBlockBits; }
  /// Memory of the index, without the catalogue.
  [[nodiscard]] std::size_t bytes() const;
};

}  // namespace bandstand::agents::targeting
