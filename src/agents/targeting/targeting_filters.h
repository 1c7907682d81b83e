// targeting_filters: what one request asks of the line items, as filters over the index in the order of domain::Refusal.
//
// 1. A filter that nobody could fail is not made. Several filters may have one reason.
// 2. The scratch keeps its memory from request to request: after warm-up nothing is allocated.
#pragma once

#include <cstdint>
#include <vector>

#include "agents/targeting/targeting_index.h"
#include "base/arena.h"
#include "base/clock.h"

namespace bandstand::agents::targeting {

/// The reasons that the index can give; filters and counters use their numbers here.
inline constexpr domain::Refusal kReasons[] = {domain::Refusal::flight,
                                               domain::Refusal::exchange,
                                               domain::Refusal::media_type,
                                               domain::Refusal::size,
                                               domain::Refusal::geo,
                                               domain::Refusal::device,
                                               domain::Refusal::os,
                                               domain::Refusal::browser,
                                               domain::Refusal::language,
                                               domain::Refusal::site_list,
                                               domain::Refusal::app_list,
                                               domain::Refusal::segment,
                                               domain::Refusal::keyword,
                                               domain::Refusal::hour,
                                               domain::Refusal::placement,
                                               domain::Refusal::category_block,
                                               domain::Refusal::advertiser_block,
                                               domain::Refusal::deal,
                                               domain::Refusal::frequency_cap,
                                               domain::Refusal::no_lease,
                                               domain::Refusal::no_creative,
                                               domain::Refusal::oversight,
                                               domain::Refusal::secure,
                                               domain::Refusal::outranked};
inline constexpr std::uint32_t kReasonCount = sizeof(kReasons) / sizeof(kReasons[0]);

consteval std::uint32_t number_of(domain::Refusal reason) {
  for (std::uint32_t i = 0; i < kReasonCount; ++i) {
    if (kReasons[i] == reason) return i;
  }
  throw "a reason that the index cannot give";
}

/// A part of one of the scratch's lists.
struct Range {
  std::uint32_t begin = 0, end = 0;
  [[nodiscard]] bool empty() const noexcept { return begin == end; }
};

/// Who passes: (base | also | lets_in | guarded) & ~keeps_out.
struct Filter {
  std::uint32_t reason = 0;
  const BitRow* base = nullptr;  ///< nullptr: everyone
  Range also, lets_in, guarded, keeps_out;

  [[nodiscard]] bool is_plain() const noexcept {
    return also.empty() && lets_in.empty() && guarded.empty() && keeps_out.empty();
  }
};

/// A deal whose seller names the advertisers it takes: the deal's line items, but only those of these
/// domains.
struct Guarded {
  PositionSets::Cursor items;
  Range domains;  ///< in `guards`
};

/// One per shard and index.
struct FilterScratch {
  explicit FilterScratch(const TargetingIndex& index);

  std::vector<Filter> filters;
  std::vector<const BitRow*> also;
  std::vector<PositionSets::Cursor> lets_in, keeps_out, guards;
  std::vector<Guarded> guarded;
  std::vector<std::uint64_t> clause_met;  ///< by clause: keys met by this request; all 0 between requests
  std::vector<std::uint32_t> group_hits;  ///< by group of creative caps; all 0 between requests
  std::vector<std::uint32_t> touched;

  [[nodiscard]] std::size_t bytes() const {
    return clause_met.size() * sizeof(std::uint64_t) + group_hits.size() * sizeof(std::uint32_t);
  }
};

/// Rows that change with time and money, kept by the shard.
struct LiveRows {
  const BitRow& flying;  ///< between start and end
  const BitRow& awake;   ///< by hour of the week; looked at where some line item has hours
  const BitRow& open;    ///< may spend
};

/// Fills scratch.filters. About 1 us.
void make_filters(const TargetingIndex& index, const LiveRows& live, const TargetingInput& input,
                  base::WallTime now, FilterScratch& scratch, base::Arena& arena);

}  // namespace bandstand::agents::targeting
