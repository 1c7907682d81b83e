// targeting_filters: one function a dimension; what a request's values name is looked up and noted.
#include "agents/targeting/targeting_filters.h"

#include <algorithm>

#include "domain/frequency.h"
#include "domain/hierarchy.h"

namespace bandstand::agents::targeting {
namespace {

using base::Arena;
using domain::Refusal;

template <class T>
std::string_view bytes_of(const T& value) noexcept {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

class FilterMaker {
 public:
  FilterMaker(const TargetingIndex& index, const TargetingInput& input, base::WallTime now,
              FilterScratch& scratch, Arena& arena)
      : index_(index),
        input_(input),
        auction_(input.auction),
        impression_(input.impression),
        now_(now),
        scratch_(scratch),
        arena_(arena) {}

  void make(const LiveRows& live) {
    row(number_of(Refusal::flight), &live.flying);
    row(number_of(Refusal::exchange), index_.exchanges.find(auction_.exchange));
    media();
    geo();
    row(number_of(Refusal::device), index_.devices.find(static_cast<std::uint64_t>(auction_.device.type)));
    row(number_of(Refusal::device), index_.connections.find(auction_.device.connection));
    row(number_of(Refusal::os), index_.oses.find(static_cast<std::uint64_t>(auction_.device.os)));
    row(number_of(Refusal::browser),
        index_.browsers.find(static_cast<std::uint64_t>(auction_.device.browser)));
    row(number_of(Refusal::language), index_.languages.find(auction_.device.language));
    place();
    segments();
    keywords();
    key_values();
    if (!index_.any_hour.all) row(number_of(Refusal::hour), &live.awake);
    placement();
    page_categories();
    own_categories();
    advertisers();
    deals();
    frequency();
    row(number_of(Refusal::no_lease), &live.open);
    row(number_of(Refusal::no_creative), index_.has_creative.restricting());
    row(number_of(Refusal::oversight), index_.advertiser_approved.restricting());
    if (impression_.secure) row(number_of(Refusal::secure), index_.has_secure.restricting());
  }

 private:
  static std::uint32_t size_of(const auto& list) noexcept { return static_cast<std::uint32_t>(list.size()); }

  void row(std::uint32_t reason, const BitRow* base) {
    if (base != nullptr)
      scratch_.filters.push_back(
          {.reason = reason, .base = base, .also = {}, .lets_in = {}, .guarded = {}, .keeps_out = {}});
  }

  /// A filter over what is noted from now on until close().
  Filter open(std::uint32_t reason, const BitRow* base) {
    Filter filter;
    filter.reason = reason;
    filter.base = base;
    filter.also.begin = size_of(scratch_.also);
    filter.lets_in.begin = size_of(scratch_.lets_in);
    filter.guarded.begin = size_of(scratch_.guarded);
    filter.keeps_out.begin = size_of(scratch_.keeps_out);
    return filter;
  }
  void close(Filter filter) {
    filter.also.end = size_of(scratch_.also);
    filter.lets_in.end = size_of(scratch_.lets_in);
    filter.guarded.end = size_of(scratch_.guarded);
    filter.keeps_out.end = size_of(scratch_.keeps_out);
    if (filter.base == nullptr) {  // nobody needs to be let in
      if (filter.keeps_out.empty()) return;
      filter.also = filter.lets_in = filter.guarded = {};
    }
    scratch_.filters.push_back(filter);
  }

  void push(SetId set, std::vector<PositionSets::Cursor>& to) {
    if (set != kNoSet) to.push_back(index_.sets.cursor(set));
  }
  void note(const SetTable& table, std::string_view text) { note(table, table.texts.find(text)); }
  /// Of a vocabulary in lower case.
  void note_folded(const SetTable& table, std::string_view text) {
    note(table, table.texts.find_folded(text));
  }
  void note(const SetTable& table, std::uint32_t number) {
    if (number == TextTable::kNone) return;
    push(table.lets_in[number], scratch_.lets_in);
    push(table.keeps_out[number], scratch_.keeps_out);
  }

  void media() {
    std::size_t types = 0;
    if (impression_.banner != nullptr) types |= 1;
    if (impression_.video != nullptr) types |= 2;
    if (impression_.audio != nullptr) types |= 4;
    if (impression_.native != nullptr) types |= 8;
    row(number_of(Refusal::media_type), index_.media[types].restricting());
    if (impression_.banner == nullptr || impression_.banner->sizes.empty()) return;
    const Filter filter = open(number_of(Refusal::size), &index_.nobody);
    for (std::size_t type = 1; type < 4; ++type) {
      if ((types >> type & 1) != 0) scratch_.also.push_back(&index_.has_media[type]);
    }
    for (const domain::Size size : impression_.banner->sizes) {
      const BitRow* fitting = banners_of(size);
      if (fitting == nullptr) continue;
      if (std::find(scratch_.also.begin() + filter.also.begin, scratch_.also.end(), fitting) ==
          scratch_.also.end()) {
        scratch_.also.push_back(fitting);
      }
    }
    if (scratch_.also.size() == filter.also.begin + 1) {
      row(number_of(Refusal::size), scratch_.also.back());
    } else {
      close(filter);
    }
  }

  const BitRow* banners_of(domain::Size size) const {
    if (size.h != 0) return index_.sizes.find(static_cast<std::uint64_t>(size.w) << 16 | size.h);
    const auto at = std::lower_bound(index_.widths.begin(), index_.widths.end(), size.w);
    if (at == index_.widths.end()) return nullptr;
    return &index_.at_least_as_wide[static_cast<std::size_t>(at - index_.widths.begin())];
  }

  void geo() {
    constexpr std::uint32_t kGeo = number_of(Refusal::geo);
    const domain::Geo& geo = auction_.device.geo;
    row(kGeo, index_.countries.find(geo.country));
    if (index_.regions.texts.size() > 0) {
      const Filter filter = open(kGeo, index_.any_region.restricting());
      note(index_.regions, bytes_of(region_of(geo)));
      close(filter);
    }
    one_text(kGeo, index_.any_city, index_.cities, geo.city);
    one_text(kGeo, index_.any_zip, index_.zips, geo.zip);
    one_text(kGeo, index_.any_metro, index_.metros, geo.metro);
    if (index_.no_circle.all) return;
    const Filter filter = open(kGeo, &index_.no_circle.row);
    if (geo.has_position && is_place(geo.lat, geo.lon) && input_.consent.may_locate()) {
      index_.circles.each_containing(geo.lat, geo.lon, [&](std::uint32_t circle) {
        push(index_.circle_items[circle], scratch_.lets_in);
      });
    }
    close(filter);
  }

  void one_text(std::uint32_t reason, const Holders& base, const SetTable& table, std::string_view text) {
    if (table.texts.size() == 0) return;
    const Filter filter = open(reason, base.restricting());
    note_folded(table, text);
    close(filter);
  }

  void place() {
    if (index_.domains.texts.size() == 0 && index_.apps.texts.size() == 0) return;
    const std::uint32_t reason = auction_.channel == domain::Channel::app ? number_of(Refusal::app_list)
                                                                          : number_of(Refusal::site_list);
    const Filter filter = open(reason, index_.any_place.restricting());
    std::string_view domain = auction_.domain;
    if (domain.size() <= kHostBytesMax && index_.domains.texts.size() > 0) {
      while (!domain.empty() && domain.back() == '.') domain.remove_suffix(1);
      for (std::string_view part = domain; !part.empty(); part = domain::parent_domain(part)) {
        note_folded(index_.domains, part);
      }
    }
    if (!auction_.bundle.empty()) note(index_.apps, auction_.bundle);
    close(filter);
  }

  void segments() {
    if (index_.segments.texts.size() == 0) return;
    const Filter filter = open(number_of(Refusal::segment), index_.any_segment.restricting());
    if (input_.consent.may_personalise()) {
      for (const std::uint32_t topic : input_.segments) note(index_.segments, bytes_of(topic));
    }
    close(filter);
  }

  void keywords() {
    if (index_.keywords.texts.size() == 0) return;
    const Filter filter = open(number_of(Refusal::keyword), index_.any_keyword.restricting());
    for (const std::string_view keyword : auction_.keywords) note_folded(index_.keywords, keyword);
    close(filter);
  }

  void key_values() {
    if (index_.any_key.all) return;
    const Filter filter = open(number_of(Refusal::keyword), &index_.any_key.row);
    scratch_.touched.clear();
    for (const auto& [key, value] : auction_.key_values) {
      char* text = static_cast<char*>(arena_.take(key.size() + value.size() + 1, 1));
      std::copy(key.begin(), key.end(), text);
      text[key.size()] = '\0';
      std::copy(value.begin(), value.end(), text + key.size() + 1);
      const std::uint32_t number = index_.key_values.texts.find_folded({text, key.size() + value.size() + 1});
      if (number == TextTable::kNone) continue;
      for (const auto& [clause, bit] : index_.clause_keys[number]) {
        std::uint64_t& met = scratch_.clause_met[clause];
        if (met == 0) scratch_.touched.push_back(clause);
        met |= bit;
      }
    }
    for (const std::uint32_t clause : scratch_.touched) {
      if (scratch_.clause_met[clause] == index_.clauses[clause].keys)
        push(index_.clauses[clause].items, scratch_.lets_in);
      scratch_.clause_met[clause] = 0;
    }
    close(filter);
  }

  void placement() {
    constexpr std::uint32_t kPlacement = number_of(Refusal::placement);
    if (index_.placements.texts.size() > 0) {
      const Filter filter = open(kPlacement, index_.any_placement.restricting());
      note(index_.placements, impression_.tag_id);
      close(filter);
    }
    row(kPlacement, index_.positions.find(position_of(impression_)));
    if (!impression_.rewarded) row(kPlacement, index_.not_only_rewarded.restricting());
    if (impression_.interstitial) row(kPlacement, index_.interstitials.restricting());
  }

  void page_categories() {
    if (index_.categories.texts.size() == 0) return;
    const Filter filter = open(number_of(Refusal::category_block), index_.any_category.restricting());
    for (const std::string_view seen : auction_.source_categories) {
      for (std::string_view part = seen; !part.empty(); part = domain::parent_category(part)) {
        note_folded(index_.categories, part);
      }
    }
    close(filter);
  }

  /// bcat and acat.
  void own_categories() {
    constexpr std::uint32_t kCategory = number_of(Refusal::category_block);
    for (const std::string_view blocked : auction_.blocked_categories) {
      if (auction_.cattax == 1 || domain::is_taxonomy_1(blocked)) continue;
      row(kCategory, &index_.nobody);  // cannot be compared: the page wins
      return;
    }
    if (!auction_.blocked_categories.empty()) {
      const Filter filter = open(kCategory, nullptr);
      for (const std::string_view blocked : auction_.blocked_categories)
        note_folded(index_.own_categories, blocked);
      close(filter);
    }
    if (!auction_.categories_allowed.empty()) {
      const Filter filter = open(kCategory, &index_.nobody);
      for (const std::string_view allowed : auction_.categories_allowed) {
        const std::uint32_t number = index_.own_categories.texts.find_folded(allowed);
        if (number != TextTable::kNone) push(index_.own_categories.lets_in[number], scratch_.lets_in);
      }
      close(filter);
    }
  }

  /// The line items of advertisers at or below these domains.
  void advertisers_of(domain::Texts domains, std::vector<PositionSets::Cursor>& to) {
    for (const std::string_view domain : domains) {
      const std::string_view entry = domain::listed_domain(domain);
      if (entry.empty()) continue;
      const std::uint32_t number = index_.own_domains.texts.find_folded(entry);
      if (number != TextTable::kNone) push(index_.own_domains.lets_in[number], to);
    }
  }

  void advertisers() {
    const Filter filter = open(number_of(Refusal::advertiser_block), nullptr);
    advertisers_of(auction_.blocked_domains, scratch_.keeps_out);
    close(filter);
  }

  void deals() {
    if (index_.open_auction.all && !impression_.private_auction) return;
    const Filter filter = open(number_of(Refusal::deal),
                               impression_.private_auction ? &index_.nobody : &index_.open_auction.row);
    const std::string_view seat = index_.tables.seat(auction_.exchange);
    for (const domain::Deal& deal : usable_deals(impression_)) {
      const std::uint32_t number = index_.deals.texts.find(deal.id);
      if (number == TextTable::kNone) continue;
      if (!seat.empty() && !deal.seats.empty() &&
          std::find(deal.seats.begin(), deal.seats.end(), seat) == deal.seats.end()) {
        continue;
      }
      if (deal.advertiser_domains.empty()) {
        push(index_.deals.lets_in[number], scratch_.lets_in);
        continue;
      }
      const std::uint32_t begin = size_of(scratch_.guards);
      advertisers_of(deal.advertiser_domains, scratch_.guards);
      scratch_.guarded.push_back(
          {index_.sets.cursor(index_.deals.lets_in[number]), {begin, size_of(scratch_.guards)}});
    }
    close(filter);
  }

  void frequency() {
    if (input_.user == nullptr) return;
    constexpr std::uint32_t kCap = number_of(Refusal::frequency_cap);
    row(kCap, index_.not_capped_at_zero.restricting());
    if (index_.caps.texts.size() == 0) return;
    const std::uint32_t now_s = domain::profile_seconds(now_);
    const Filter filter = open(kCap, nullptr);
    scratch_.touched.clear();
    for (std::size_t i = 0; i < input_.user->frequency.size(); ++i) {
      const domain::FrequencyCount& seen = input_.user->frequency[i];
      if (seen.key == 0) continue;
      const std::uint32_t number = index_.caps.texts.find(bytes_of(seen.key));
      if (number == TextTable::kNone || seen_before(i)) continue;
      for (const CapEntry& cap : index_.cap_entries[number]) {
        if (domain::sliding_count(seen, cap.window_s, now_s) < cap.impressions) continue;
        push(cap.items, scratch_.keeps_out);
        for (const std::uint32_t group : cap.groups) {
          if (scratch_.group_hits[group]++ == 0) scratch_.touched.push_back(group);
        }
      }
    }
    for (const std::uint32_t group : scratch_.touched) {
      if (scratch_.group_hits[group] == index_.group_needs[group])
        push(index_.group_items[group], scratch_.keeps_out);
      scratch_.group_hits[group] = 0;
    }
    close(filter);
  }

  /// A key stands in one slot only; should it stand in two, the first counts, as in frequency_count().
  [[nodiscard]] bool seen_before(std::size_t slot) const noexcept {
    for (std::size_t i = 0; i < slot; ++i) {
      if (input_.user->frequency[i].key == input_.user->frequency[slot].key) return true;
    }
    return false;
  }

  const TargetingIndex& index_;
  const TargetingInput& input_;
  const domain::Auction& auction_;
  const domain::Impression& impression_;
  base::WallTime now_;
  FilterScratch& scratch_;
  Arena& arena_;
};

}  // namespace

FilterScratch::FilterScratch(const TargetingIndex& index)
    : clause_met(index.clauses.size(), 0), group_hits(index.group_needs.size(), 0) {
  constexpr std::size_t kUsual = 64;
  filters.reserve(kUsual);
  also.reserve(kUsual);
  lets_in.reserve(kUsual);
  keeps_out.reserve(kUsual);
  guards.reserve(kUsual);
  guarded.reserve(kUsual);
  touched.reserve(kUsual);
}

void make_filters(const TargetingIndex& index, const LiveRows& live, const TargetingInput& input,
                  base::WallTime now, FilterScratch& scratch, base::Arena& arena) {
  scratch.filters.clear();
  scratch.also.clear();
  scratch.lets_in.clear();
  scratch.keeps_out.clear();
  scratch.guards.clear();
  scratch.guarded.clear();
  FilterMaker(index, input, now, scratch, arena).make(live);
}

}  // namespace bandstand::agents::targeting
