// targeting_rules: a request becomes a list of filters in the order of domain::Refusal; the walk applies
// them.
#include "agents/targeting/targeting_rules.h"

#include <algorithm>
#include <cstring>

#include "domain/frequency.h"
#include "domain/hierarchy.h"

namespace bandstand::agents::targeting {

using base::Arena;
using base::ArenaList;
using domain::Refusal;
using Cursor = PositionSets::Cursor;

/// Reasons that the index can give, numbered for the counters.
constexpr Refusal kReasons[] = {Refusal::flight,
                                Refusal::exchange,
                                Refusal::media_type,
                                Refusal::size,
                                Refusal::geo,
                                Refusal::device,
                                Refusal::os,
                                Refusal::browser,
                                Refusal::language,
                                Refusal::site_list,
                                Refusal::app_list,
                                Refusal::segment,
                                Refusal::keyword,
                                Refusal::hour,
                                Refusal::placement,
                                Refusal::category_block,
                                Refusal::advertiser_block,
                                Refusal::deal,
                                Refusal::frequency_cap,
                                Refusal::no_lease,
                                Refusal::no_creative,
                                Refusal::oversight,
                                Refusal::secure,
                                Refusal::outranked};
constexpr std::uint32_t kReasonCount = std::size(kReasons);

constexpr std::uint32_t number_of(Refusal reason) noexcept {
  for (std::uint32_t i = 0; i < kReasonCount; ++i) {
    if (kReasons[i] == reason) return i;
  }
  return 0;
}
constexpr std::uint32_t kOutranked = number_of(Refusal::outranked);

/// A deal whose seller names the advertisers it takes: the deal's line items, but only those of these
/// domains.
struct Guarded {
  Cursor items;
  std::span<Cursor> domains;
};

/// Who passes: (base | also | lets_in | guarded) & ~keeps_out.
struct Filter {
  std::uint32_t reason = 0;
  const BitRow* base = nullptr;  ///< nullptr: everyone
  std::span<const BitRow*> also;
  std::span<Cursor> lets_in, keeps_out;
  std::span<Guarded> guarded;

  [[nodiscard]] bool is_plain() const noexcept {
    return also.empty() && lets_in.empty() && keeps_out.empty() && guarded.empty();
  }
};

/// Turns a request into filters. Filters that nobody could fail are not made.
class FilterMaker {
 public:
  FilterMaker(TargetingRules& rules, const TargetingInput& input, base::WallTime now, Arena& arena)
      : rules_(rules),
        index_(*rules.index_),
        input_(input),
        auction_(input.auction),
        impression_(input.impression),
        now_(now),
        arena_(arena),
        filters_(arena, 40) {}

  std::span<Filter> make() {
    row(Refusal::flight, &rules_.flying_);
    row(Refusal::exchange, index_.exchanges.find(auction_.exchange));
    media();
    geo();
    row(Refusal::device, index_.devices.find(static_cast<std::uint64_t>(auction_.device.type)));
    row(Refusal::device, index_.connections.find(auction_.device.connection));
    row(Refusal::os, index_.oses.find(static_cast<std::uint64_t>(auction_.device.os)));
    row(Refusal::browser, index_.browsers.find(static_cast<std::uint64_t>(auction_.device.browser)));
    row(Refusal::language, index_.languages.find(auction_.device.language));
    place();
    words();
    if (!index_.any_hour.all) row(Refusal::hour, &rules_.awake_);
    placement();
    categories();
    advertisers();
    deals();
    frequency();
    row(Refusal::no_lease, &rules_.open_);
    row(Refusal::no_creative, index_.has_creative.restricting());
    row(Refusal::oversight, index_.advertiser_approved.restricting());
    if (impression_.secure) row(Refusal::secure, index_.has_secure.restricting());
    return filters_.span();
  }

 private:
  /// Collects the sets that a request's values name.
  struct Found {
    explicit Found(Arena& arena) : lets_in(arena), keeps_out(arena) {}
    ArenaList<Cursor> lets_in, keeps_out;
  };

  Filter& add(Refusal reason, const BitRow* base) {
    Filter filter;
    filter.reason = number_of(reason);
    filter.base = base;
    return filters_.push(filter);
  }
  void row(Refusal reason, const BitRow* base) {
    if (base != nullptr) add(reason, base);
  }
  /// A vocabulary with its base row; nothing if nobody cares.
  void open_list(Refusal reason, const Holders& base, Found& found) {
    if (base.all && found.keeps_out.empty()) return;
    Filter& filter = add(reason, base.restricting());
    if (!base.all) filter.lets_in = found.lets_in.span();
    filter.keeps_out = found.keeps_out.span();
  }

  void note(const SetTable& table, std::string_view text, Found& found) {
    const std::uint32_t number = table.texts.find(text);
    if (number == TextTable::kNone) return;
    push(table.lets_in[number], found.lets_in);
    push(table.keeps_out[number], found.keeps_out);
  }
  void push(SetId set, ArenaList<Cursor>& list) {
    if (set != kNoSet) list.push(index_.sets.cursor(set));
  }

  std::string_view lowered(std::string_view text) {
    if (text.empty()) return text;
    char* to = static_cast<char*>(arena_.take(text.size(), 1));
    for (std::size_t i = 0; i < text.size(); ++i) to[i] = domain::to_lower(text[i]);
    return {to, text.size()};
  }

  void media() {
    std::size_t types = 0;
    if (impression_.banner != nullptr) types |= 1;
    if (impression_.video != nullptr) types |= 2;
    if (impression_.audio != nullptr) types |= 4;
    if (impression_.native != nullptr) types |= 8;
    row(Refusal::media_type, index_.media[types].restricting());
    if (impression_.banner == nullptr || impression_.banner->sizes.empty()) return;
    ArenaList<const BitRow*> fitting(arena_, impression_.banner->sizes.size() + 3);
    for (std::size_t type = 1; type < 4; ++type) {
      if ((types >> type & 1) != 0) fitting.push(&index_.has_media[type]);
    }
    for (const domain::Size size : impression_.banner->sizes) {
      const BitRow* row = nullptr;
      if (size.h == 0) {
        const auto at = std::lower_bound(index_.widths.begin(), index_.widths.end(), size.w);
        if (at != index_.widths.end())
          row = &index_.at_least_as_wide[static_cast<std::size_t>(at - index_.widths.begin())];
      } else {
        row = index_.sizes.find(static_cast<std::uint64_t>(size.w) << 16 | size.h);
      }
      if (row != nullptr && std::find(fitting.begin(), fitting.end(), row) == fitting.end())
        fitting.push(row);
    }
    if (fitting.size() == 1) {
      add(Refusal::size, fitting[0]);
    } else {
      add(Refusal::size, &index_.nobody).also = fitting.span();
    }
  }

  void geo() {
    const domain::Geo& geo = auction_.device.geo;
    row(Refusal::geo, index_.countries.find(geo.country));
    if (index_.regions.texts.size() > 0) {
      Found found(arena_);
      const RegionKey key = region_of(geo);
      note(index_.regions, {reinterpret_cast<const char*>(&key), sizeof(key)}, found);
      open_list(Refusal::geo, index_.any_region, found);
    }
    one_text(Refusal::geo, index_.any_city, index_.cities, geo.city);
    one_text(Refusal::geo, index_.any_zip, index_.zips, geo.zip);
    one_text(Refusal::geo, index_.any_metro, index_.metros, geo.metro);
    if (index_.no_circle.all) return;
    Found found(arena_);
    if (geo.has_position && is_place(geo.lat, geo.lon) && input_.consent.may_locate()) {
      index_.circles.each_containing(
          geo.lat, geo.lon, [&](std::uint32_t circle) { push(index_.circle_items[circle], found.lets_in); });
    }
    open_list(Refusal::geo, index_.no_circle, found);
  }

  void one_text(Refusal reason, const Holders& base, const SetTable& table, std::string_view text) {
    if (table.texts.size() == 0) return;
    Found found(arena_);
    note(table, lowered(text), found);
    open_list(reason, base, found);
  }

  void place() {
    if (index_.domains.texts.size() == 0 && index_.apps.texts.size() == 0) return;
    Found found(arena_);
    if (auction_.domain.size() <= kHostBytesMax)
      each_domain(auction_.domain, [&](std::string_view part) { note(index_.domains, part, found); });
    if (!auction_.bundle.empty()) note(index_.apps, auction_.bundle, found);
    open_list(auction_.channel == domain::Channel::app ? Refusal::app_list : Refusal::site_list,
              index_.any_place, found);
  }

  /// The domain and its parents.
  template <class Visit>
  void each_domain(std::string_view domain, Visit visit) {
    while (!domain.empty() && domain.back() == '.') domain.remove_suffix(1);
    for (std::string_view part = lowered(domain); !part.empty(); part = domain::parent_domain(part))
      visit(part);
  }

  void words() {
    if (index_.segments.texts.size() > 0) {
      Found found(arena_);
      if (input_.consent.may_personalise()) {
        for (const std::uint32_t topic : input_.segments) {
          note(index_.segments, {reinterpret_cast<const char*>(&topic), sizeof(topic)}, found);
        }
      }
      open_list(Refusal::segment, index_.any_segment, found);
    }
    if (index_.keywords.texts.size() > 0) {
      Found found(arena_);
      for (const std::string_view keyword : auction_.keywords) note(index_.keywords, lowered(keyword), found);
      open_list(Refusal::keyword, index_.any_keyword, found);
    }
    key_values();
  }

  void key_values() {
    if (index_.any_key.all) return;
    Found found(arena_);
    ArenaList<std::uint32_t> touched(arena_);
    for (const auto& [key, value] : auction_.key_values) {
      char* text = static_cast<char*>(arena_.take(key.size() + value.size() + 1, 1));
      for (std::size_t i = 0; i < key.size(); ++i) text[i] = domain::to_lower(key[i]);
      text[key.size()] = '\0';
      for (std::size_t i = 0; i < value.size(); ++i) text[key.size() + 1 + i] = domain::to_lower(value[i]);
      const std::uint32_t number = index_.key_values.texts.find({text, key.size() + value.size() + 1});
      if (number == TextTable::kNone) continue;
      for (const auto& [clause, bit] : index_.clause_keys[number]) {
        std::uint64_t& met = rules_.clause_met_[clause];
        if (met == 0) touched.push(clause);
        met |= bit;
      }
    }
    for (const std::uint32_t clause : touched) {
      if (rules_.clause_met_[clause] == index_.clauses[clause].keys)
        push(index_.clauses[clause].items, found.lets_in);
      rules_.clause_met_[clause] = 0;
    }
    open_list(Refusal::keyword, index_.any_key, found);
  }

  void placement() {
    if (index_.placements.texts.size() > 0) {
      Found found(arena_);
      note(index_.placements, impression_.tag_id, found);
      open_list(Refusal::placement, index_.any_placement, found);
    }
    row(Refusal::placement, index_.positions.find(position_of(impression_)));
    if (!impression_.rewarded) row(Refusal::placement, index_.not_only_rewarded.restricting());
    if (impression_.interstitial) row(Refusal::placement, index_.interstitials.restricting());
  }

  void categories() {
    if (index_.categories.texts.size() > 0) {
      Found found(arena_);
      for (const std::string_view seen : auction_.source_categories) {
        for (std::string_view part = lowered(seen); !part.empty(); part = domain::parent_category(part)) {
          note(index_.categories, part, found);
        }
      }
      open_list(Refusal::category_block, index_.any_category, found);
    }
    if (!auction_.blocked_categories.empty()) {
      Found found(arena_);
      for (const std::string_view blocked : auction_.blocked_categories) {
        if (auction_.cattax != 1 && !domain::is_taxonomy_1(blocked)) {
          add(Refusal::category_block, &index_.nobody);
          return;
        }
        note(index_.own_categories, lowered(blocked), found);
      }
      if (!found.keeps_out.empty()) add(Refusal::category_block, nullptr).keeps_out = found.keeps_out.span();
    }
    if (!auction_.categories_allowed.empty()) {
      Found found(arena_);
      for (const std::string_view allowed : auction_.categories_allowed)
        note(index_.own_categories, lowered(allowed), found);
      add(Refusal::category_block, &index_.nobody).lets_in = found.lets_in.span();
    }
  }

  /// The line items of advertisers at or below these domains.
  std::span<Cursor> advertisers_of(domain::Texts domains) {
    ArenaList<Cursor> items(arena_);
    for (const std::string_view domain : domains) {
      const std::string_view entry = domain::listed_domain(domain);
      if (entry.empty()) continue;
      const std::uint32_t number = index_.own_domains.texts.find(lowered(entry));
      if (number != TextTable::kNone) push(index_.own_domains.lets_in[number], items);
    }
    return items.span();
  }

  void advertisers() {
    const auto blocked = advertisers_of(auction_.blocked_domains);
    if (!blocked.empty()) add(Refusal::advertiser_block, nullptr).keeps_out = blocked;
  }

  void deals() {
    if (index_.open_auction.all && !impression_.private_auction) return;
    ArenaList<Cursor> open(arena_);
    ArenaList<Guarded> guarded(arena_);
    const std::string_view seat = index_.tables.seat(auction_.exchange);
    for (const domain::Deal& deal : usable_deals(impression_)) {
      const std::uint32_t number = index_.deals.texts.find(deal.id);
      if (number == TextTable::kNone) continue;
      if (!seat.empty() && !deal.seats.empty() &&
          std::find(deal.seats.begin(), deal.seats.end(), seat) == deal.seats.end()) {
        continue;
      }
      if (deal.advertiser_domains.empty()) {
        push(index_.deals.lets_in[number], open);
      } else {
        guarded.push(
            {index_.sets.cursor(index_.deals.lets_in[number]), advertisers_of(deal.advertiser_domains)});
      }
    }
    Filter& filter =
        add(Refusal::deal, impression_.private_auction ? &index_.nobody : index_.open_auction.restricting());
    filter.lets_in = open.span();
    filter.guarded = guarded.span();
  }

  void frequency() {
    if (input_.user == nullptr) return;
    row(Refusal::frequency_cap, index_.not_capped_at_zero.restricting());
    if (index_.caps.texts.size() == 0) return;
    const std::uint32_t now_s = domain::profile_seconds(now_);
    Found found(arena_);
    ArenaList<std::uint32_t> touched(arena_);
    for (std::size_t i = 0; i < input_.user->frequency.size(); ++i) {
      const domain::FrequencyCount& seen = input_.user->frequency[i];
      if (seen.key == 0) continue;
      const std::uint32_t number =
          index_.caps.texts.find({reinterpret_cast<const char*>(&seen.key), sizeof(seen.key)});
      if (number == TextTable::kNone || seen_before(i)) continue;
      for (const CapEntry& cap : index_.cap_entries[number]) {
        if (domain::sliding_count(seen, cap.window_s, now_s) < cap.impressions) continue;
        push(cap.items, found.keeps_out);
        for (const std::uint32_t group : cap.groups) {
          if (rules_.group_hits_[group]++ == 0) touched.push(group);
        }
      }
    }
    for (const std::uint32_t group : touched) {
      if (rules_.group_hits_[group] == index_.group_needs[group])
        push(index_.group_items[group], found.keeps_out);
      rules_.group_hits_[group] = 0;
    }
    if (!found.keeps_out.empty()) add(Refusal::frequency_cap, nullptr).keeps_out = found.keeps_out.span();
  }

  /// A key stands in one slot only; should it stand in two, the first counts, as in frequency_count().
  [[nodiscard]] bool seen_before(std::size_t slot) const noexcept {
    for (std::size_t i = 0; i < slot; ++i) {
      if (input_.user->frequency[i].key == input_.user->frequency[slot].key) return true;
    }
    return false;
  }

  TargetingRules& rules_;
  const TargetingIndex& index_;
  const TargetingInput& input_;
  const domain::Auction& auction_;
  const domain::Impression& impression_;
  base::WallTime now_;
  Arena& arena_;
  ArenaList<Filter> filters_;
};

namespace {

/// Who passes a filter that is more than a row, within one block.
void compose(const PositionSets& sets, Filter& filter, std::uint32_t block, std::uint32_t lanes,
             Lane* out) noexcept {
  if (filter.base == nullptr) {
    for (std::uint32_t i = 0; i < lanes; ++i) out[i] = ~Lane{};
  } else {
    const Lane* base = filter.base->block(block);
    for (std::uint32_t i = 0; i < lanes; ++i) out[i] = base[i];
  }
  for (const BitRow* row : filter.also) {
    const Lane* bits = row->block(block);
    for (std::uint32_t i = 0; i < lanes; ++i) out[i] |= bits[i];
  }
  for (Cursor& cursor : filter.lets_in) sets.add_to(cursor, block, out);
  for (Guarded& guarded : filter.guarded) {
    Lane items[kBlockLanes] = {};
    Lane allowed[kBlockLanes] = {};
    sets.add_to(guarded.items, block, items);
    for (Cursor& cursor : guarded.domains) sets.add_to(cursor, block, allowed);
    for (std::uint32_t i = 0; i < lanes; ++i) out[i] |= items[i] & allowed[i];
  }
  for (Cursor& cursor : filter.keeps_out) sets.remove_from(cursor, block, out);
}

}  // namespace

TargetingRules::TargetingRules(std::shared_ptr<const TargetingIndex> index)
    : index_(std::move(index)),
      counters_(index_->count, kReasonCount),
      open_(index_->count),
      open_seen_((index_->count + 63) / 64, 0),
      flying_(index_->count),
      awake_(index_->count),
      clause_met_(index_->clauses.size(), 0),
      group_hits_(index_->group_needs.size(), 0) {}

/// Only words that changed are carried over, one differing bit at a time; most requests see none.
void TargetingRules::follow_open(std::span<const std::uint64_t> open) {
  const std::size_t words = open_seen_.size();
  const std::size_t given = std::min(words, open.size());
  constexpr std::size_t kStep = 64;
  for (std::size_t from = 0; from < words; from += kStep) {
    const std::size_t until = std::min(words, from + kStep);
    if (until <= given &&
        std::memcmp(&open_seen_[from], &open[from], (until - from) * sizeof(std::uint64_t)) == 0)
      continue;
    for (std::size_t w = from; w < until; ++w) {
      const std::uint64_t now = w < given ? open[w] : 0;
      for (std::uint64_t changed = now ^ open_seen_[w]; changed != 0; changed &= changed - 1) {
        const auto item =
            static_cast<std::uint32_t>(w * 64) + static_cast<std::uint32_t>(__builtin_ctzll(changed));
        if (item < index_->count) open_.flip(index_->position[item]);
      }
      open_seen_[w] = now;
    }
  }
}

void TargetingRules::follow_flight(base::WallTime now) {
  const auto& changes = index_->flight_changes;
  if (flight_done_ > 0 && changes[flight_done_ - 1].at_ns > now.ns) {  // time went back
    flying_ = index_->nobody;
    flight_done_ = 0;
  }
  while (flight_done_ < changes.size() && changes[flight_done_].at_ns <= now.ns) {
    const auto& change = changes[flight_done_++];
    if (change.begins) {
      flying_.set(change.position);
    } else {
      flying_.clear(change.position);
    }
  }
}

void TargetingRules::follow_hours(base::WallTime now) {
  const std::int64_t now_s = now.seconds();
  if (index_->any_hour.all || (now_s >= awake_from_s_ && now_s < awake_until_s_)) return;
  awake_from_s_ = INT64_MIN;
  awake_until_s_ = INT64_MAX;
  awake_ = index_->any_hour.row;
  for (const TargetingIndex::Schedule& schedule : index_->schedules) {
    const domain::Zone::Span& span = index_->tables.zones[schedule.zone].at(now_s);
    const std::int64_t local_s = now_s + span.offset_s;
    const std::int64_t into_hour_s = ((local_s % 3600) + 3600) % 3600;
    awake_from_s_ = std::max({awake_from_s_, span.from_s, now_s - into_hour_s});
    awake_until_s_ = std::min({awake_until_s_, span.until_s, now_s - into_hour_s + 3600});
    if (!schedule.hours[static_cast<std::size_t>(domain::Zone::hour_of_week_local(local_s))]) continue;
    index_->sets.each(schedule.items, [&](std::uint32_t p) { awake_.set(p); });
  }
}

TargetingAnswer TargetingRules::walk(const TargetingInput& input, std::span<Filter> filters, Arena& arena) {
  const TargetingIndex& index = *index_;
  TargetingAnswer answer;
  const auto candidates = arena.array<Candidate>(input.candidates_max);
  const auto deals = usable_deals(input.impression);
  std::size_t taken = 0;
  std::uint32_t seen = 0;
  std::uint32_t passed = 0;
  for (std::uint32_t block = 0; block < index.blocks(); ++block) {
    const std::uint32_t lanes = std::min(kBlockLanes, index.everyone.lanes() - block * kBlockLanes);
    seen += std::min(kBlockBits, index.count - block * kBlockBits);
    Lane alive[kBlockLanes];
    std::memcpy(alive, index.everyone.block(block), lanes * sizeof(Lane));
    bool any_left = true;
    for (Filter& filter : filters) {
      Lane composed[kBlockLanes];
      const Lane* passes = composed;
      if (filter.is_plain()) {
        passes = filter.base->block(block);
      } else {
        compose(index.sets, filter, block, lanes, composed);
      }
      Lane refused[kBlockLanes];
      Lane some_refused{};
      Lane some_left{};
      for (std::uint32_t i = 0; i < lanes; ++i) {
        refused[i] = alive[i] & ~passes[i];
        alive[i] &= passes[i];
        some_refused |= refused[i];
        some_left |= alive[i];
      }
      if (!is_zero(some_refused)) counters_.add(filter.reason, block, refused, lanes);
      if (is_zero(some_left)) {
        any_left = false;
        break;
      }
    }
    if (!any_left) continue;
    auto* words = reinterpret_cast<std::uint64_t*>(alive);
    bool some_outranked = false;
    for (std::uint32_t w = 0; w < lanes * 4; ++w) {
      for (std::uint64_t bits = words[w]; bits != 0; bits &= bits - 1) {
        if (taken ==
            candidates.size()) {  // what is left in the word, and in the words behind it, is outranked
          answer.outranked += static_cast<std::uint32_t>(__builtin_popcountll(bits));
          passed += static_cast<std::uint32_t>(__builtin_popcountll(bits));
          words[w] = bits;
          some_outranked = true;
          break;
        }
        ++passed;
        const std::uint32_t p =
            block * kBlockBits + w * 64 + static_cast<std::uint32_t>(__builtin_ctzll(bits));
        const std::uint32_t line_item = index.tables.order[p];
        if (index.open_auction.all || index.open_auction.row.test(p)) {
          candidates[taken++] = {line_item, kOpenAuction};
          continue;
        }
        for (std::size_t d = 0; d < deals.size() && taken < candidates.size(); ++d) {
          if (may_use_deal(index.tables, input.auction, deals[d], line_item)) {
            candidates[taken++] = {line_item, static_cast<std::uint8_t>(d)};
          }
        }
      }
      if (!some_outranked) words[w] = 0;
    }
    if (some_outranked) counters_.add(kOutranked, block, alive, lanes);
    if (taken == candidates.size()) break;
  }
  answer.candidates = candidates.first(taken);
  answer.refused = seen - passed;
  return answer;
}

base::Result<domain::Decided<TargetingAnswer>> TargetingRules::decide(const TargetingInput& input,
                                                                      AgentContext& context) {
  counters_.begin();
  follow_open(input.open);
  follow_flight(context.now);
  follow_hours(context.now);
  FilterMaker maker(*this, input, context.now, context.arena);
  const TargetingAnswer answer = walk(input, maker.make(), context.arena);
  return domain::Decided<TargetingAnswer>{answer, index_->tables.options.policy,
                                          static_cast<std::uint32_t>(index_->tables.catalogue->version)};
}

Refusal TargetingRules::why_not(const TargetingInput& input, std::uint32_t line_item,
                                base::WallTime now) const {
  return refusal_of(index_->tables, input, line_item, now);
}

void TargetingRules::collect_refusals(std::span<std::uint64_t> counts) {
  counters_.collect([&](std::uint32_t position, std::uint32_t reason, std::uint32_t count) {
    const std::size_t at = std::size_t{index_->tables.order[position]} * domain::kRefusals +
                           static_cast<std::size_t>(kReasons[reason]);
    if (at < counts.size()) counts[at] += count;
  });
}

std::size_t TargetingRules::bytes() const {
  return counters_.bytes() + open_.bytes() + flying_.bytes() + awake_.bytes() +
         open_seen_.size() * sizeof(std::uint64_t) + clause_met_.size() * sizeof(std::uint64_t) +
         group_hits_.size() * sizeof(std::uint32_t);
}

}  // namespace bandstand::agents::targeting
